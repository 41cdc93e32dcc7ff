//! The tests of the lab as the crate `lab-hunt` sees them: runs that pass or fail, whatever is tested.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Failure, Outcome, divergence, run_case, run_subset};
use lab_hunt::replay::{Repeatable, Run};
use lab_hunt::shrink::{PartialRun, Scenario, Signature, normalised};
use lab_hunt::target::{FailureKind, RunEnd, RunFailure, Target};
use lab_report::{self as report, explain};
use lab_runs::actions::{Action, Subset};
use lab_runs::{Plan, TestInfo, World};
use labrpc::sim::{Divergence, Fingerprint, Tracing};

/// All tests of the suites, for sweeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hunted {
    pub(crate) implementation: Implementation,
}

/// What the hunt needs to know of a test.
pub(crate) fn info(case: &'static TestCase) -> TestInfo {
    TestInfo { name: case.name, group: case.part.name(), about: case.about }
}

impl Hunted {
    fn outcome(self, test: &str, plan: Plan) -> (&'static TestCase, Outcome) {
        let case = lab_suites::find(test).expect("the hunt runs what it has found");
        (case, run_case(case, self.implementation, plan))
    }
}

impl Target for Hunted {
    fn find(&self, name: &str) -> Option<TestInfo> {
        lab_suites::find(name).map(info)
    }

    fn run(&self, test: &str, plan: Plan) -> RunEnd {
        let (case, outcome) = self.outcome(test, plan);
        let failure = match (outcome.failure, outcome.skipped) {
            (Some(failure), _) => failure,
            (None, Some(why)) => return RunEnd::Skipped(why),
            (None, None) => return RunEnd::Passed,
        };
        // Such a run would stall again or cannot be made again, and nothing is known of it but this.
        let is_last_word = failure.is_stall() || plan.world == World::Real;
        let last_word = is_last_word.then(|| explain::untraced(case, plan, &failure));
        let (kind, headline) = kind_and_headline(&failure);
        RunEnd::Failed(RunFailure { kind, headline, report: last_word })
    }

    fn report(&self, test: &str, plan: Plan) -> bool {
        let (case, outcome) = self.outcome(test, plan);
        // Whoever wants to read it finds it in the seed's folder.
        report::explain_failure(case, self.implementation, plan, &outcome).is_some()
    }
}

/// What sort of failure it is, and what went wrong in one line.
fn kind_and_headline(failure: &Failure) -> (FailureKind, String) {
    let headline = report::headline(failure);
    let kind = match (&failure.violation, &failure.cause) {
        (Some(violation), _) if violation.rule.is_some() => FailureKind::Rule,
        // In the real world a panic of a server is told as a violation.
        (Some(violation), _) if violation.expected == "no panic" => {
            let place = violation.place.as_deref().unwrap_or("an unknown place");
            return (FailureKind::Panic, format!("{headline} (at {place})"));
        }
        (Some(_), _) => FailureKind::Expectation,
        (None, Some(cause)) => FailureKind::of(cause),
        (None, None) if headline.starts_with("the test hangs") => FailureKind::Hang,
        (None, None) => FailureKind::Panic,
    };
    (kind, headline)
}

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
        self.0.failure.as_deref().map(signature)
    }

    fn actions(&self) -> &[Action] {
        &self.0.actions
    }

    fn preemptions(&self) -> &[u64] {
        &self.0.preemptions
    }
}

/// What a failure came of, without what changes from run to run.
#[must_use]
pub fn signature(failure: &Failure) -> Signature {
    match (&failure.violation, &failure.cause) {
        (Some(violation), _) => match violation.rule {
            // A scenario's expectation may cite a rule as well; it says where it stands.
            // A rule that an invariant found broken is the same failure wherever it breaks: a shrunk run may
            // break it in another way than the whole one.
            Some(rule) if violation.place.is_none() => Signature::of_rule(rule),
            Some(rule) => Signature::of_expectation(rule),
            None => Signature::of_expectation(normalised(&violation.headline)),
        },
        (None, Some(cause)) => Signature::of_cause(cause),
        // Numbers, servers and times differ from seed to seed. Left in, each failure would be a cause of its
        // own.
        (None, None) => Signature::of_expectation(normalised(failure.message.as_deref().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_referee::Violation;

    #[test]
    fn rule_is_the_same_whoever_breaks_it() {
        let of = |headline: &str| {
            let violation = Violation::new(headline, "", "").rule("Election Safety (Fig. 3)");
            signature(&Failure { violation: Some(violation), ..Failure::default() })
        };
        assert_eq!(of("two leaders in term 3: S0 and S1"), of("two leaders in term 1: S2 and S1"));
        assert!(of("two leaders").is_rule());
    }

    #[test]
    fn expectation_is_no_rule() {
        let violation = Violation::new("no leader", "", "");
        assert!(!signature(&Failure { violation: Some(violation), ..Failure::default() }).is_rule());
    }
}
