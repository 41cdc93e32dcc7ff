//! Makes a failing run smaller: fewer faults, commands and preemptions that still fail for the same cause.
//!
//! # How it works
//!
//! 1. The failing run is repeated with a [gate](crate::deeds) that writes down its deeds and its preemptions.
//! 2. Without any preemption: if it still fails alike, none is needed, and all that follows runs without.
//! 3. [Delta debugging](minimise()) over the deeds: parts of the list are run until no single one can be left out.
//! 4. If preemptions are needed, the same over them.
//!
//! # The rules
//!
//! A part counts only if it fails for the [same cause](Signature). A scenario that expects something may fail only because
//! something was left out, for example a command that it waits for. So a part that breaks an expectation counts only if the reference
//! implementation of this workspace passes it, and what mends (restarts, reconnections) is never left out there.
//!
//! The number of runs is bounded. When it is used up, the smallest part so far is the result.
//!
//! # What it leaves out
//!
//! Settings of the network that a scenario makes by itself stay, and so does the passing of time.

mod minimise;
mod signature;
mod stored;
mod story;

use std::collections::BTreeSet;

use labrpc::sim::Preemptions;
use labrpc::sync::Arc;

pub use minimise::minimise;
pub use signature::Signature;
pub use stored::{ShrunkRun, read, write};
pub use story::story;

use crate::case::TestCase;
use crate::deeds::{Cut, Deed, DeedKind};
use crate::implementation::Implementation;
use crate::run::{Outcome, Plan, run_cut};

/// How many runs a search takes at most, if nothing else is said.
pub const RUNS_DEFAULT: usize = 300;

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
    fn of(run: &Outcome) -> Self {
        let count =
            |kind| run.deeds.iter().filter(|deed| deed.kind == kind && !deed.words.is_empty()).count();
        Self {
            faults: count(DeedKind::Fault),
            commands: count(DeedKind::Command),
            operations: count(DeedKind::Operation),
            preemptions: run.preemptions.len(),
        }
    }
}

/// What a failure was shrunk to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The test.
    pub case: &'static TestCase,
    /// How it was run.
    pub plan: Plan,
    /// What is left.
    pub cut: Cut,
    /// The run of that.
    pub outcome: Outcome,
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
}

/// Why there is nothing to shrink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToShrink {
    /// The run passes.
    #[error("this seed passes: there is no failure to shrink")]
    Passes,
    /// The run fails, and fails in another way when it is written down: it is not deterministic.
    #[error(
        "this seed fails in another way when it is run again: cargo lab replay says where the two runs differ"
    )]
    NotDeterministic,
}

/// Shrinks the failure of a test and a seed in at most `runs_max` runs. `progress` hears the size of each smaller part and
/// the runs so far.
///
/// # Errors
///
/// If there is nothing to shrink.
pub fn shrink(
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    runs_max: usize,
    progress: &mut dyn FnMut(Size, usize),
) -> Result<Shrunk, NothingToShrink> {
    let whole = Cut { kept: None, mends_always: true, preemptions: Preemptions::Record };
    let first = run_cut(case, implementation, plan, &whole);
    let signature = Signature::of(first.defeat.as_ref().ok_or(NothingToShrink::Passes)?);
    let again = run_cut(case, implementation, plan, &whole);
    if again.fingerprint != first.fingerprint {
        return Err(NothingToShrink::NotDeterministic);
    }
    let before = Size::of(&first);
    let mends_always = !signature.is_rule();
    let best = Cut { mends_always, ..whole };
    let mut search = Search {
        case,
        implementation,
        plan,
        judge: None,
        signature,
        runs: 2,
        runs_max,
        best,
        outcome: first,
        progress,
    };
    search.appoint_judge();
    let is_finished = search.run();
    let Search { signature, runs, best, outcome, .. } = search;
    let after = Size::of(&outcome);
    Ok(Shrunk { case, plan, cut: best, outcome, signature, before, after, runs, is_finished })
}

struct Search<'a> {
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    /// A correct implementation, which must pass what counts; `None` where it need not or cannot.
    judge: Option<Implementation>,
    signature: Signature,
    runs: usize,
    runs_max: usize,
    /// The smallest part so far, and its run.
    best: Cut,
    outcome: Outcome,
    progress: &'a mut dyn FnMut(Size, usize),
}

impl Search<'_> {
    /// A failed expectation needs a judge who passes the whole scenario.
    fn appoint_judge(&mut self) {
        if self.signature.is_rule() {
            return;
        }
        let reference = Implementation::of_service::<crate::kv::Reference<raft::Raft>>();
        let whole = Cut { preemptions: Preemptions::All, ..Cut::default() };
        self.runs += 1;
        let passes = run_cut(self.case, reference, self.plan, &whole).defeat.is_none();
        self.judge = passes.then_some(reference);
    }

    /// Searches. Returns whether it came to its end.
    fn run(&mut self) -> bool {
        self.without_preemptions();
        self.fewer_deeds();
        if !self.outcome.preemptions.is_empty() {
            self.without_preemptions();
        }
        if !self.outcome.preemptions.is_empty() {
            self.fewer_preemptions();
            self.fewer_deeds();
        }
        self.runs < self.runs_max
    }

    fn without_preemptions(&mut self) {
        let cut = Cut { preemptions: Preemptions::Only(Vec::new().into()), ..self.best.clone() };
        self.accepts(cut);
    }

    fn fewer_deeds(&mut self) {
        let names = |deeds: &[Deed], all: bool| -> Vec<String> {
            deeds.iter().filter(|deed| all || !deed.words.is_empty()).map(|deed| deed.name.clone()).collect()
        };
        // What had no effect goes first, in one piece if that is possible.
        let with_effect = names(&self.outcome.deeds, false);
        let cut = self.keeping(&with_effect);
        self.accepts(cut);
        let all = names(&self.outcome.deeds, true);
        minimise(all, |part| {
            let cut = self.keeping(part);
            self.accepts(cut)
        });
    }

    fn fewer_preemptions(&mut self) {
        minimise(self.outcome.preemptions.clone(), |part| {
            let cut = Cut { preemptions: Preemptions::Only(part.into()), ..self.best.clone() };
            self.accepts(cut)
        });
    }

    fn keeping(&self, names: &[String]) -> Cut {
        let kept: BTreeSet<String> = names.iter().cloned().collect();
        Cut { kept: Some(Arc::new(kept)), ..self.best.clone() }
    }

    /// Runs a part. If it fails alike, it is the best so far. `None` when there are no runs left.
    fn accepts(&mut self, cut: Cut) -> Option<bool> {
        if self.runs >= self.runs_max {
            return None;
        }
        self.runs += 1;
        let outcome = run_cut(self.case, self.implementation, self.plan, &cut);
        let is_alike = outcome.defeat.as_ref().is_some_and(|defeat| Signature::of(defeat) == self.signature);
        if !is_alike || !self.is_fair(&cut) {
            return Some(false);
        }
        (self.best, self.outcome) = (cut, outcome);
        (self.progress)(Size::of(&self.outcome), self.runs);
        Some(true)
    }

    /// Whether a correct implementation passes a part of the scenario.
    fn is_fair(&mut self, cut: &Cut) -> bool {
        let Some(judge) = self.judge else { return true };
        self.runs += 1;
        // Preemptions are numbered for one program and mean nothing for another.
        let cut = Cut { preemptions: Preemptions::All, ..cut.clone() };
        run_cut(self.case, judge, self.plan, &cut).defeat.is_none()
    }
}
