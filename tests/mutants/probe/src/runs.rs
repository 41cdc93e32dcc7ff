//! The runs that a working copy's program makes and prints: a line of JSON for each, as it ends.
//!
//! It is a process of its own so that a bug which eats the processor, the stack or the memory takes nothing else with it.

use std::collections::BTreeMap;

use labrpc::search::{Candidate, Guided};
use labrpc::sim::{Policy, Tracing};
use serde::{Deserialize, Serialize};

use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::{Failure, Outcome, run_covered};
use lab_hunt::workers::processor_time;
use lab_report as report;
use lab_runs::Plan;
use lab_runs::settings::World;

/// One run of one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The test.
    pub test: String,
    /// The seed.
    pub seed: u64,
    /// Processor time, in milliseconds.
    pub cpu_ms: f64,
    /// What went wrong; `None` if it passed.
    pub failure: Option<FailureReport>,
}

/// The report of a failed run, without what only helps to replay it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureReport {
    /// How it was noticed.
    pub kind: FailureKind,
    /// In a line.
    pub headline: String,
    /// The broken rule, what was expected, what often causes it.
    pub details: Vec<String>,
}

/// How a failure was noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A rule of the paper was broken.
    Rule,
    /// A scenario expected something else.
    Expectation,
    /// The code panicked, or waited for itself.
    #[default]
    Crash,
    /// A limit of time or of steps was reached.
    Limit,
}

impl FailureReport {
    fn of(failure: &Failure) -> Self {
        let violation = failure.violation.as_ref();
        let kind = match (violation, &failure.cause) {
            // A violation counts before what ended the simulation, as it does in the report.
            (Some(violation), _) if violation.rule.is_some() => FailureKind::Rule,
            (Some(_), _) => FailureKind::Expectation,
            (None, Some(labrpc::sim::Cause::TimeLimit { .. } | labrpc::sim::Cause::StepLimit { .. })) => {
                FailureKind::Limit
            }
            (None, _) => FailureKind::Crash,
        };
        let details = violation.map_or_else(Vec::new, |violation| {
            [violation.rule, Some(violation.expected.as_str()), violation.hint]
                .into_iter()
                .flatten()
                .map(str::to_owned)
                .collect()
        });
        Self { kind, headline: report::headline(failure), details }
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<&str> =
            std::iter::once(&self.headline).chain(&self.details).map(String::as_str).collect();
        lines.join("\n")
    }
}

/// Runs every test with the first seed, then every test with the second, and so on. Each run goes to `on_run`. Ends at the first
/// failure, or leaves out a test that has failed if it should go on.
pub(crate) fn probe(
    cases: &[&TestCase],
    (seeds, policy): (u64, Policy),
    goes_on: bool,
    implementation: Implementation,
    mut on_run: impl FnMut(&Run),
) -> bool {
    let mut failed: Vec<&str> = Vec::new();
    let mut searches: BTreeMap<&str, Guided> = BTreeMap::new();
    // Seeds outside, tests inside: every test has its first seed before any has its second, so that the order
    // of the tests decides little.
    for seed in 1..=seeds {
        for case in cases {
            // With --all the question is which tests catch the mutant, and this one has answered it.
            if failed.contains(&case.name) {
                continue;
            }
            let run = match policy {
                Policy::Guided => run_guided(
                    case,
                    seed,
                    searches.entry(case.name).or_insert_with(|| Guided::new(0)),
                    implementation,
                ),
                policy => run_once(case, Candidate { seed, policy }, implementation, false).0,
            };
            let run = Run { seed, ..run };
            on_run(&run);
            if run.failure.is_some() {
                failed.push(case.name);
                if !goes_on {
                    return false;
                }
            }
        }
    }
    failed.is_empty()
}

/// Makes the run that a search chooses, and tells it what that covered.
fn run_guided(case: &TestCase, seed: u64, search: &mut Guided, implementation: Implementation) -> Run {
    let candidate = search.next(seed);
    let (run, outcome) = run_once(case, candidate, implementation, true);
    search.learn(candidate, &outcome.covered);
    run
}

fn run_once(
    case: &TestCase,
    Candidate { seed, policy }: Candidate,
    implementation: Implementation,
    covers: bool,
) -> (Run, Outcome) {
    let plan = Plan { world: World::Simulated, seed, policy, tracing: Tracing::Off };
    // Processor time of the process: nothing else runs in it, and the machine may be busy with other copies.
    let began = processor_time();
    let outcome = run_covered(case, implementation, plan, covers);
    let cpu_ms = (processor_time() - began).as_secs_f64() * 1000.0;
    let failure = outcome.failure.as_deref().map(FailureReport::of);
    (Run { test: case.name.to_owned(), seed, cpu_ms, failure }, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_survives_its_line_of_json() {
        let run = Run { test: "t".into(), seed: 3, cpu_ms: 1.5, failure: Some(FailureReport::default()) };
        let line = serde_json::to_string(&run).expect("plain data");
        assert_eq!(serde_json::from_str::<Run>(&line).expect("the same"), run);
        assert!(!line.contains('\n'));
    }
}
