//! Replays a test with its seed, proves that it is the same run, and leaves its files.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Outcome, run_case};
use lab_hunt::replay::{Comparison, compare, compare_stalled};
use lab_report::files::{self, Files};
use lab_report::{explain, passed_line};
use lab_runs::Plan;
use lab_runs::artifacts::{self, StoredRun};

use crate::hunted::{OneRun, compared};

/// A replay and how it compares.
#[derive(Debug)]
pub struct Replayed {
    /// The run, with its trace.
    pub outcome: Outcome,
    /// The report of a run that failed, the line of one that passed.
    pub report: String,
    /// Whether it is the run that it should be.
    pub comparison: Comparison,
}

/// Replays a simulation, and leaves its report, log and trace under `target/lab/`.
///
/// # Errors
///
/// If the files cannot be written.
pub fn replay(
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
) -> std::io::Result<Replayed> {
    let directory = artifacts::directory(case.name, plan.seed);
    // Read before the run: at its end the files of this run stand in their place.
    let stored = StoredRun::read(&directory, plan, implementation.name());
    let mut outcome = run_case(case, implementation, Plan { tracing: artifacts::TRACING, ..plan });
    // A stall is noticed by the real clock, at a moment that no seed decides: two traces of it end differently
    // and prove nothing when they are compared.
    if let Some(failure) = outcome.failure.as_ref().filter(|failure| failure.is_stall()) {
        let report = explain::untraced(case, plan, failure);
        artifacts::write_alone(&directory, &report)?;
        outcome.trace = None;
        return Ok(Replayed { outcome, report, comparison: compare_stalled(stored.as_ref()) });
    }
    let comparison =
        compare(&OneRun::new(case, implementation, plan), stored.as_ref(), &directory, &compared(&outcome));
    let report = match &outcome.failure {
        Some(failure) => explain::of_traced(case, plan, failure),
        None => passed_line(case, plan, &outcome),
    };
    files::write(&directory, &Files { case, implementation, plan, report: &report, run: &outcome })?;
    Ok(Replayed { outcome, report, comparison })
}
