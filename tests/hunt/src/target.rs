//! What the hunt knows of the program whose tests it runs.

use lab_runs::{Plan, TestInfo};

pub use crate::sweep::FailureKind;

/// A program with tests that can be run with any seed. The hunt knows nothing else of it: not what is tested, nor how.
pub trait Target {
    /// The test of that name.
    fn find(&self, name: &str) -> Option<TestInfo>;

    /// Runs a test once; `None` if it passed, or was skipped.
    fn run(&self, test: &str, plan: Plan) -> Option<RunFailure>;

    /// Runs a failed seed again with a trace, and leaves a report and the trace in the seed's folder. Returns whether it
    /// failed again.
    fn report(&self, test: &str, plan: Plan) -> bool;
}

/// How a run failed.
#[derive(Clone, Debug)]
pub struct RunFailure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// What went wrong, in one line.
    pub headline: String,
    /// The report of a run that cannot be run again with a trace: of the real world, or with a thread that does not give
    /// way. The worker is replaced after it, because threads of that run may go on. `None` of all others.
    pub report: Option<String>,
}
