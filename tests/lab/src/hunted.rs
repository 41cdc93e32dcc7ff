//! One run of a test as the crate `lab-hunt` sees it: to replay it, and to make it smaller.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Failure, Outcome, divergence, run_case, run_subset};
use lab_hunt::replay::{Repeatable, Run};
use lab_hunt::shrink::{PartialRun, Scenario, Signature};
use lab_runs::Plan;
use lab_runs::actions::{Action, Subset};
use lab_suites::signature;
use labrpc::sim::{Divergence, Fingerprint, Tracing};

/// One test with one seed: for replays and for shrinking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneRun {
    pub(crate) case: &'static TestCase,
    pub(crate) implementation: Implementation,
    /// What is known to be right.
    pub(crate) reference: Option<Implementation>,
    pub(crate) plan: Plan,
}

impl OneRun {
    pub(crate) fn new(case: &'static TestCase, implementation: Implementation, plan: Plan) -> Self {
        Self { case, implementation, reference: None, plan }
    }
}

/// What a replay compares of a run.
pub(crate) fn compared(outcome: &Outcome) -> Run {
    Run {
        fingerprint: outcome.fingerprint.unwrap_or_default(),
        trace: outcome.trace.clone().unwrap_or_default(),
        is_passed: outcome.failure.is_none(),
    }
}

impl Repeatable for OneRun {
    fn run(&self, tracing: Tracing) -> Run {
        compared(&run_case(self.case, self.implementation, Plan { tracing, ..self.plan }))
    }

    fn divergence(&self) -> Option<Box<Divergence>> {
        // Blocks of events are compared by their hashes first; a trace would keep both runs whole in memory.
        divergence(self.case, self.implementation, Plan { tracing: Tracing::Off, ..self.plan })
    }
}

/// A run of a part of a test.
#[derive(Clone, Debug)]
pub struct Part(pub Outcome);

impl Scenario for OneRun {
    type Run = Part;

    fn run(&self, subset: &Subset) -> Part {
        Part(run_subset(self.case, self.implementation, self.plan, subset))
    }

    fn is_fair(&self, subset: &Subset) -> Option<bool> {
        let reference = self.reference?;
        Some(run_subset(self.case, reference, self.plan, subset).failure.is_none())
    }
}

impl PartialRun for Part {
    fn fingerprint(&self) -> Option<Fingerprint> {
        self.0.fingerprint
    }

    fn signature(&self) -> Option<Signature> {
        // With the place: a scenario that expects a leader here and there fails in the same words at another place if
        // something was left out, and that is another failure.
        let place =
            |failure: &Failure| failure.violation.as_ref().and_then(|violation| violation.place.clone());
        self.0.failure.as_deref().map(|failure| signature(failure).at(place(failure).as_deref()))
    }

    fn actions(&self) -> &[Action] {
        &self.0.actions
    }

    fn preemptions(&self) -> &[u64] {
        &self.0.preemptions
    }
}
