//! What a scenario does to the system under test, one action at a time, so that a failure can be tried again with some of
//! them left out.
//!
//! # How it works
//!
//! Faults, repairs, commands and operations of clients pass the run's [`ActionLog`] before they happen. An ordinary run has none:
//! everything happens and nobody remembers it. In a run of a [`Subset`] the log gives each action a name, lets through what the
//! subset keeps, and remembers what happened. An action that is left out has no effect, and chance stays what it was: whatever
//! the scenario draws, it draws before it asks the log, from a stream of its own.
//!
//! # Names
//!
//! `tester crash S2 #3` is the third crash of server 2 that the tester's node asked for. A number of all actions would shift
//! when an earlier one is left out and the run goes another way; a number for each node, kind and target seldom does.
//!
//! # What it leaves out
//!
//! Repairs (a restart, a reconnection) are left out only if the subset says so, as a scenario that is not repaired cannot keep its
//! own expectations. What a scenario sets on the network by itself stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use labrpc::sim::{NodeHandle, Preemptions};
use labrpc::sync::Arc;
use parking_lot::Mutex;

/// What sort of thing an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// It makes things worse: a crash, a partition.
    Fault,
    /// It makes things better: a restart.
    Repair,
    /// A command that a leader accepted.
    Command,
    /// An operation of a client of a service.
    Operation,
}

/// Something that a scenario did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What sort of thing it is.
    pub kind: ActionKind,
    /// Its name, which is the same in every run in which the scenario does it.
    pub name: String,
    /// When: virtual time.
    pub at: Duration,
    /// What came of it, in words; empty if nothing did.
    pub words: String,
}

/// Which part of a run is run again.
#[derive(Clone, Debug, Default)]
pub struct Subset {
    /// The names of the actions that happen; `None`: all.
    pub kept: Option<Arc<BTreeSet<String>>>,
    /// Whether actions that mend happen even if they are not among those.
    pub repairs_always: bool,
    /// Which preemptions happen.
    pub preemptions: Preemptions,
}

/// What passes in one run of a [`Subset`], and what has passed.
#[derive(Debug, Default)]
pub struct ActionLog {
    subset: Subset,
    state: Mutex<LogState>,
}

#[derive(Debug, Default)]
struct LogState {
    /// How often a node did a thing of some kind to some target.
    counts: BTreeMap<String, u64>,
    actions: Vec<Action>,
}

/// An action that happens, and whose effect is not known yet.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Passed(Option<usize>);

impl Passed {
    /// An action of a run without a log.
    pub const UNLOGGED: Self = Self(None);
}

impl ActionLog {
    /// The log of a run of this subset.
    #[must_use]
    pub fn new(subset: Subset) -> Self {
        Self { subset, state: Mutex::default() }
    }

    /// Whether an action, such as `crash S2`, is to happen; `None` if it is left out. `at` is virtual time.
    pub fn enter(&self, kind: ActionKind, what: &str, at: Duration) -> Option<Passed> {
        let mut state = self.state.lock();
        // The node that asks is part of the name: two clients that do the same thing at the same time may
        // change their order when something else is left out, and must not change names with it.
        let stem = format!("{} {what}", NodeHandle::current().name());
        let count = state.counts.entry(stem.clone()).or_default();
        // Counted also when it is left out, or the next one would take its name.
        *count += 1;
        let name = format!("{stem} #{count}");
        // Repairs of a scenario whose expectations count happen in any case, and still pass here for their
        // names.
        let is_kept = (kind == ActionKind::Repair && self.subset.repairs_always)
            || self.subset.kept.as_ref().is_none_or(|kept| kept.contains(&name));
        // It leaves no trace in the list either: what did not happen is no action.
        if !is_kept {
            return None;
        }
        state.actions.push(Action { kind, name, at, words: String::new() });
        Some(Passed(Some(state.actions.len() - 1)))
    }

    /// What came of an action that passed. One of which nothing is told had no effect.
    pub fn came_of(&self, passed: Passed, words: String) {
        if let Passed(Some(place)) = passed {
            self.state.lock().actions[place].words = words;
        }
    }

    /// What happened, with and without effect, in order.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        self.state.lock().actions.clone()
    }
}
