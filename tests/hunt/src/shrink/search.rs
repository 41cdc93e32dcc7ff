//! The search: which parts are tried, in which order, and which of them count.

use std::collections::BTreeSet;

use labrpc::sim::{Fingerprint, Preemptions};
use labrpc::sync::Arc;

use super::minimise::minimise;
use super::signature::Signature;
use lab_runs::actions::{Action, ActionKind, Subset};

/// How many runs a search takes at most, by default.
pub const RUNS_DEFAULT: usize = 300;

/// A failing test with its seed, which can be run in parts.
pub trait Scenario {
    /// What a run gives.
    type Run: PartialRun;

    /// Runs a part of it.
    fn run(&self, subset: &Subset) -> Self::Run;

    /// Whether a correct program passes a part of it; `None` if there is no correct program that could tell.
    fn is_fair(&self, subset: &Subset) -> Option<bool>;
}

/// A run of a part of a scenario.
pub trait PartialRun {
    /// Proves that two runs are the same.
    fn fingerprint(&self) -> Option<Fingerprint>;

    /// Why it failed; `None` if it passed.
    fn signature(&self) -> Option<Signature>;

    /// What the scenario did.
    fn actions(&self) -> &[Action];

    /// The preemptions that happened.
    fn preemptions(&self) -> &[u64];
}

/// How much a run consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Faults.
    pub faults: usize,
    /// Commands that leaders accepted.
    pub commands: usize,
    /// Operations of clients.
    pub operations: usize,
    /// Preemptions.
    pub preemptions: usize,
}

impl Size {
    fn of(run: &impl PartialRun) -> Self {
        let has_effect = |action: &&Action| !action.words.is_empty();
        let count =
            |kind| run.actions().iter().filter(has_effect).filter(|action| action.kind == kind).count();
        Self {
            faults: count(ActionKind::Fault),
            commands: count(ActionKind::Command),
            operations: count(ActionKind::Operation),
            preemptions: run.preemptions().len(),
        }
    }
}

/// What a failure was shrunk to.
#[derive(Clone, Debug)]
pub struct Shrunk<R> {
    /// What is left.
    pub subset: Subset,
    /// The run of that.
    pub run: R,
    /// Why it fails.
    pub signature: Signature,
    /// The size of the whole.
    pub before: Size,
    /// The size of what is left.
    pub after: Size,
    /// How many runs it took.
    pub runs: usize,
    /// Whether the search came to its end.
    pub is_finished: bool,
    /// Whether all actions were kept, because there is no correct program that could tell which part is fair.
    pub keeps_actions: bool,
}

/// Why there is nothing to shrink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToShrink {
    /// The run passes.
    #[error("this seed passes: there is no failure to shrink")]
    Passes,
    /// The run fails, and fails in another way when it is written down: it is not deterministic.
    #[error("this seed fails in another way when it is run again: a replay says where the two runs differ")]
    NotDeterministic,
}

/// Shrinks a failure in at most `runs_max` runs. `progress` hears the size of each smaller part and the runs so far.
///
/// # Errors
///
/// If there is nothing to shrink.
pub fn shrink<S: Scenario>(
    scenario: &S,
    runs_max: usize,
    progress: &mut dyn FnMut(Size, usize),
) -> Result<Shrunk<S::Run>, NothingToShrink> {
    // Recorded, though nothing is left out: a run with a log is the same run as one without, and its log has
    // the names of all actions and the numbers of all preemptions that there are to choose from.
    let whole = Subset { kept: None, repairs_always: true, preemptions: Preemptions::Record };
    let first = scenario.run(&whole);
    let signature = first.signature().ok_or(NothingToShrink::Passes)?;
    // Twice. If the program does not depend on the seed alone, a part that passes has shown nothing, and the
    // search would throw away what is needed. Two runs that are the same prove little of a third; two that
    // differ prove all.
    let again = scenario.run(&whole);
    if again.fingerprint() != first.fingerprint() {
        return Err(NothingToShrink::NotDeterministic);
    }
    let before = Size::of(&first);
    // A broken rule stays broken however badly the scenario is treated. An expectation is of a cluster that
    // was repaired, so repairs are not for choice.
    let best = Subset { repairs_always: !signature.is_rule(), ..whole };
    let mut search = Search {
        scenario,
        fairness: Fairness::NoMatter,
        signature,
        runs: 2,
        runs_max,
        best,
        run: first,
        progress,
    };
    search.ask_for_fairness();
    let is_finished = search.search();
    let Search { signature, runs, best: subset, run, fairness, .. } = search;
    let after = Size::of(&run);
    let keeps_actions = fairness == Fairness::Unknown && !run.actions().is_empty();
    Ok(Shrunk { subset, run, signature, before, after, runs, is_finished, keeps_actions })
}

/// Whether a correct program must pass what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fairness {
    /// A rule is broken, which a correct program breaks in no part.
    NoMatter,
    /// There is a correct program, and it is asked.
    Judged,
    /// There is none, or it does not even pass the whole.
    Unknown,
}

struct Search<'a, S: Scenario> {
    scenario: &'a S,
    fairness: Fairness,
    signature: Signature,
    runs: usize,
    runs_max: usize,
    /// The smallest part so far, and its run.
    best: Subset,
    run: S::Run,
    progress: &'a mut dyn FnMut(Size, usize),
}

impl<S: Scenario> Search<'_, S> {
    /// A failed expectation needs a correct program that passes the whole scenario. A part that no correct program passes says
    /// nothing about the one that failed, and a story of it would lead astray.
    fn ask_for_fairness(&mut self) {
        if self.signature.is_rule() {
            return;
        }
        self.runs += 1;
        // If not even the whole scenario is passed by the correct program, fairness would refuse every part.
        let is_passed = self.is_passed_by_a_correct_program(&Subset::default()).unwrap_or(false);
        self.fairness = if is_passed { Fairness::Judged } else { Fairness::Unknown };
    }

    fn is_passed_by_a_correct_program(&self, subset: &Subset) -> Option<bool> {
        // Preemptions are numbered for one program and mean nothing for another.
        self.scenario.is_fair(&Subset { preemptions: Preemptions::All, ..subset.clone() })
    }

    /// Searches. Returns whether it came to its end.
    fn search(&mut self) -> bool {
        self.without_preemptions();
        self.fewer_actions();
        if !self.run.preemptions().is_empty() {
            // Fewer actions may have made them needless.
            self.without_preemptions();
        }
        if !self.run.preemptions().is_empty() {
            self.fewer_preemptions();
            self.fewer_actions();
        }
        // The last run that was allowed may have been the end of the search as well. That it looks unfinished
        // then costs the reader a second call at most.
        self.runs < self.runs_max
    }

    fn without_preemptions(&mut self) {
        let subset = Subset { preemptions: Preemptions::Only(Vec::new().into()), ..self.best.clone() };
        self.accepts(subset);
    }

    fn fewer_actions(&mut self) {
        // A scenario counts on its own faults, too: a leader that was to be cut off has no successor if it was not.
        if self.fairness == Fairness::Unknown {
            return;
        }
        let names = |actions: &[Action], all: bool| -> Vec<String> {
            let counts = |action: &&Action| all || !action.words.is_empty();
            actions.iter().filter(counts).map(|action| action.name.clone()).collect()
        };
        // What had no effect goes first, in one piece if that is possible.
        // Such as a restart of a server that runs: nothing that the failure could need.
        let with_effect = names(self.run.actions(), false);
        let subset = self.keeping(&with_effect);
        self.accepts(subset);
        // Those of the run that is left. If the guess above failed, those without effect are among them, too.
        let all = names(self.run.actions(), true);
        minimise(all, |part| {
            let subset = self.keeping(part);
            self.accepts(subset)
        });
    }

    fn fewer_preemptions(&mut self) {
        minimise(self.run.preemptions().to_vec(), |part| {
            let subset = Subset { preemptions: Preemptions::Only(part.into()), ..self.best.clone() };
            self.accepts(subset)
        });
    }

    fn keeping(&self, names: &[String]) -> Subset {
        let kept: BTreeSet<String> = names.iter().cloned().collect();
        Subset { kept: Some(Arc::new(kept)), ..self.best.clone() }
    }

    /// Runs a part. If it fails alike, it is the best so far. `None` when there are no runs left.
    fn accepts(&mut self, subset: Subset) -> Option<bool> {
        if self.runs >= self.runs_max {
            return None;
        }
        self.runs += 1;
        let run = self.scenario.run(&subset);
        // Another failure would be a smaller run of another bug: shrinking must not change the subject.
        let is_alike = run.signature().is_some_and(|signature| signature == self.signature);
        if !is_alike || !self.is_fair(&subset) {
            return Some(false);
        }
        // The run that counts is kept with its subset: its trace is the one that the story tells, and its
        // fingerprint the one that a replay must have.
        (self.best, self.run) = (subset, run);
        (self.progress)(Size::of(&self.run), self.runs);
        Some(true)
    }

    fn is_fair(&mut self, subset: &Subset) -> bool {
        if self.fairness != Fairness::Judged {
            return true;
        }
        self.runs += 1;
        self.is_passed_by_a_correct_program(subset).unwrap_or(true)
    }
}
