//! What a scenario does to a cluster, one deed at a time, so that a failure can be tried again with some of them left out.
//!
//! # How it works
//!
//! Faults, commands and operations of clients pass one gate, `Lab::passes`, before they happen. In an ordinary run it is open and
//! remembers nothing. In a run with a [`Cut`] it gives each deed a name, lets through what the cut keeps, and remembers
//! what happened. A deed that is left out has no effect, and chance stays what it was: whatever the scenario draws, it
//! draws before the gate, from a stream of its own.
//!
//! # Names
//!
//! `tester crash S2 #3` is the third crash of server 2 that the tester's node asked for. A number of all deeds would shift
//! when an earlier one is left out and the run goes another way; a number for each node, kind and target seldom does.
//!
//! # What it leaves out
//!
//! Deeds that only mend (a restart, a reconnection) are left out only if the cut says so, as a scenario that is not mended cannot keep its
//! own expectations. What a scenario sets on the network by itself stays.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use labrpc::sim::{NodeHandle, Preemptions};
use labrpc::sync::Arc;
use parking_lot::Mutex;

use crate::lab::Lab;

/// What sort of thing a deed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// It makes things worse: a crash, a partition.
    Fault,
    /// It makes things better: a restart.
    Mending,
    /// A command that a leader accepted.
    Command,
    /// An operation of a client of a service.
    Operation,
}

/// Something that a scenario did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What sort of thing it is.
    pub kind: DeedKind,
    /// Its name, which is the same in every run in which the scenario does it.
    pub name: String,
    /// When: virtual time.
    pub at: Duration,
    /// What came of it, in words; empty if nothing did.
    pub words: String,
}

/// Which part of a run is run again.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    /// The names of the deeds that happen; `None`: all.
    pub kept: Option<Arc<BTreeSet<String>>>,
    /// Whether deeds that mend happen even if they are not among those.
    pub mends_always: bool,
    /// Which preemptions happen.
    pub preemptions: Preemptions,
}

/// The gate of one run with a [`Cut`].
#[derive(Debug, Default)]
pub(crate) struct Gate {
    cut: Cut,
    books: Mutex<GateBooks>,
}

#[derive(Debug, Default)]
struct GateBooks {
    /// How often a node did a thing of some kind to some target.
    counts: BTreeMap<String, u64>,
    deeds: Vec<Deed>,
}

/// A deed that passed the gate and whose effect is not known yet.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Passed(Option<usize>);

impl Gate {
    pub(crate) fn new(cut: Cut) -> Self {
        Self { cut, books: Mutex::default() }
    }

    fn enter(&self, kind: DeedKind, what: &str, at: Duration) -> Option<usize> {
        let mut books = self.books.lock();
        let stem = format!("{} {what}", NodeHandle::current().name());
        let count = books.counts.entry(stem.clone()).or_default();
        *count += 1;
        let name = format!("{stem} #{count}");
        let is_kept = (kind == DeedKind::Mending && self.cut.mends_always)
            || self.cut.kept.as_ref().is_none_or(|kept| kept.contains(&name));
        if !is_kept {
            return None;
        }
        books.deeds.push(Deed { kind, name, at, words: String::new() });
        Some(books.deeds.len() - 1)
    }

    /// What happened, with and without effect, in order.
    pub(crate) fn deeds(&self) -> Vec<Deed> {
        self.books.lock().deeds.clone()
    }
}

impl Lab {
    /// Whether a deed, such as `crash S2`, is to happen. If so, [`came_of`](Self::came_of) is to be told what came of it.
    pub(crate) fn passes(&self, kind: DeedKind, what: impl FnOnce() -> String) -> Option<Passed> {
        match self.record().gate() {
            None => Some(Passed(None)),
            Some(gate) => gate.enter(kind, &what(), self.now()).map(|place| Passed(Some(place))),
        }
    }

    /// What came of a deed that passed. A deed of which nothing is told had no effect.
    pub(crate) fn came_of(&self, passed: Passed, words: impl FnOnce() -> String) {
        if let (Passed(Some(place)), Some(gate)) = (passed, self.record().gate()) {
            gate.books.lock().deeds[place].words = words();
        }
    }

    /// Whether a deed is to happen that has an effect for sure; what it is says what comes of it.
    pub(crate) fn does(&self, kind: DeedKind, what: impl Fn() -> String) -> bool {
        let passed = self.passes(kind, &what);
        if let Some(passed) = passed {
            self.came_of(passed, &what);
        }
        passed.is_some()
    }
}
