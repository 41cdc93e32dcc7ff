//! What the hunt knows of the program whose tests it runs.

use std::fmt;

use labrpc::sim::Cause;
use serde::{Deserialize, Serialize};

use lab_runs::{Plan, TestInfo};

/// A program with tests that can be run with any seed. The hunt knows nothing else of it: not what is tested, nor how.
pub trait Target {
    /// The test of that name.
    fn find(&self, name: &str) -> Option<TestInfo>;

    /// Runs a test once.
    fn run(&self, test: &str, plan: Plan) -> RunEnd;

    /// Runs a failed seed again with a trace, and leaves a report and the trace in the seed's folder. Returns whether it
    /// failed again.
    fn report(&self, test: &str, plan: Plan) -> bool;
}

/// What came of a run.
#[derive(Clone, Debug)]
pub enum RunEnd {
    /// Nothing was wrong.
    Passed,
    /// Nothing was judged, and why: the program cannot be put to this test.
    Skipped(String),
    /// Something was wrong.
    Failed(RunFailure),
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

/// How a run can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A rule of the paper was broken.
    Rule,
    /// The scenario expected something else.
    Expectation,
    /// A thread panicked.
    Panic,
    /// All threads wait for ever.
    Deadlock,
    /// The limit of virtual time was reached.
    TimeLimit,
    /// The limit of steps was reached.
    Livelock,
    /// A thread does not come back to the scheduler.
    Stall,
    /// Something was used in a way that its world does not allow.
    Misuse,
    /// An invalid access to memory.
    Segfault,
    /// A stack has no room left.
    StackOverflow,
    /// The process aborted itself.
    Abort,
    /// The code under test ended the process.
    Exit,
    /// The process used more memory than it may.
    Memory,
    /// No answer came for too long.
    Hang,
    /// The process was killed, by the system or by somebody.
    Killed,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rule => "broken rule",
            Self::Expectation => "failed expectation",
            Self::Panic => "panic",
            Self::Deadlock => "deadlock",
            Self::TimeLimit => "limit of virtual time",
            Self::Livelock => "livelock",
            Self::Stall => "stall",
            Self::Misuse => "misuse",
            Self::Segfault => "segmentation fault",
            Self::StackOverflow => "stack overflow",
            Self::Abort => "abort",
            Self::Exit => "exit of the process",
            Self::Memory => "memory run wild",
            Self::Hang => "hang",
            Self::Killed => "killed process",
        })
    }
}

impl FailureKind {
    /// What kind of failure ends a simulation so.
    #[must_use]
    pub fn of(cause: &Cause) -> Self {
        match cause {
            Cause::Deadlock { .. } => Self::Deadlock,
            Cause::TimeLimit { .. } => Self::TimeLimit,
            Cause::StepLimit { .. } => Self::Livelock,
            Cause::Stall { .. } => Self::Stall,
            Cause::Misuse { .. } => Self::Misuse,
            _ => Self::Panic,
        }
    }
}
