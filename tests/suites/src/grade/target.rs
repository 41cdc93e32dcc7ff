//! The tests of the suites as the crate `lab-hunt` sees them: runs that pass or fail, whatever is tested.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Failure, Outcome, RealCause, run_covered};
use lab_hunt::shrink::{Signature, normalised};
use lab_hunt::target::{FailureKind, Ran, RunEnd, RunFacts, RunFailure, Target};
use lab_report::{self as report, explain};
use lab_runs::{Plan, TestInfo, World};

/// All tests of the suites, for an implementation.
#[derive(Clone, Copy, Debug)]
pub struct Suites {
    /// What is tested.
    pub implementation: Implementation,
}

/// What the hunt needs to know of a test.
#[must_use]
pub fn info(case: &'static TestCase) -> TestInfo {
    TestInfo { name: case.name, group: case.part.name(), about: case.about }
}

impl Target for Suites {
    fn find(&self, name: &str) -> Option<TestInfo> {
        crate::find(name).map(info)
    }

    fn run(&self, test: &str, plan: Plan, covers: bool) -> Ran<'_> {
        self.run_case(crate::find(test).expect("the hunt runs what it has found"), plan, covers)
    }
}

impl Suites {
    /// Runs a test once, also one that is not in the table.
    #[must_use]
    pub fn run_case(&self, case: &'static TestCase, plan: Plan, covers: bool) -> Ran<'static> {
        let mut outcome = run_covered(case, self.implementation, plan, covers);
        let covered = std::mem::take(&mut outcome.covered);
        let facts = facts(case, plan, &outcome);
        let Some(failure) = &outcome.failure else {
            let end = outcome.skipped.map_or(RunEnd::Passed, RunEnd::Skipped);
            return Ran { end, facts, covered, explain: None };
        };
        // Such a run would stall again or cannot be made again, and nothing is known of it but this.
        let is_last_word = failure.is_stall() || plan.world == World::Real;
        let last_word = is_last_word.then(|| explain::untraced(case, plan, failure));
        let (kind, headline) = kind_and_headline(failure);
        let end =
            RunEnd::Failed(RunFailure { kind, headline, signature: signature(failure), report: last_word });
        let implementation = self.implementation;
        let explain = move || report::explain(case, implementation, plan, &outcome);
        Ran { end, facts, covered, explain: if is_last_word { None } else { Some(Box::new(explain)) } }
    }
}

fn facts(case: &TestCase, plan: Plan, outcome: &Outcome) -> RunFacts {
    RunFacts {
        calls: outcome.tally.traffic.rpcs,
        fingerprint: outcome.fingerprint.map(|fingerprint| fingerprint.to_string()),
        remark: outcome.remark.clone(),
        line: if outcome.failure.is_none() {
            report::passed_line(case, plan, outcome)
        } else {
            String::new()
        },
        news: Vec::new(),
    }
}

/// What sort of failure it is, and what went wrong in one line.
fn kind_and_headline(failure: &Failure) -> (FailureKind, String) {
    let headline = report::headline(failure);
    let kind = match (&failure.violation, &failure.cause) {
        (Some(violation), _) if violation.rule.is_some() => FailureKind::Rule,
        (Some(violation), _) if violation.is_panic => {
            let place = violation.place.as_deref().unwrap_or("an unknown place");
            return (FailureKind::Panic, format!("{headline} (at {place})"));
        }
        (Some(_), _) => FailureKind::Expectation,
        (None, Some(cause)) => FailureKind::of(cause),
        (None, None) => match failure.real_cause {
            Some(RealCause::Hang(_)) => FailureKind::Hang,
            Some(RealCause::Panic(_)) | None => FailureKind::Panic,
        },
    };
    (kind, headline)
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
        (None, None) => Signature::of_expectation(normalised(
            &failure.real_cause.as_ref().map(RealCause::to_string).unwrap_or_default(),
        )),
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
        let expected = Violation::new("no leader", "", "");
        let place = Some("scenario.rs:1".to_owned());
        let that_cites_a_rule = Violation { place, ..expected.clone().rule("a leader is elected (§5.2)") };
        for violation in [expected, that_cites_a_rule] {
            assert!(!signature(&Failure { violation: Some(violation), ..Failure::default() }).is_rule());
        }
    }
}
