//! What the hunt knows of the program whose tests it runs.

use std::fmt;

use labrpc::sim::{Cause, Covered};
use serde::{Deserialize, Serialize};

use crate::shrink::Signature;
use lab_runs::{Plan, TestInfo};

/// A program with tests that can be run with any seed. The hunt knows nothing else of it: not what is tested, nor how.
pub trait Target {
    /// The test of that name.
    fn find(&self, name: &str) -> Option<TestInfo>;

    /// Runs a test once. If `covers`, it tells what the run covered.
    fn run(&self, test: &str, plan: Plan, covers: bool) -> Ran<'_>;
}

/// A run that was made.
pub struct Ran<'a> {
    /// What came of it.
    pub end: RunEnd,
    /// What else is known of it.
    pub facts: RunFacts,
    /// What it covered, if that was asked for.
    pub covered: Vec<Covered>,
    /// Runs a failed run again with a trace, leaves a report and the trace in the seed's folder, and gives the report. `None`
    /// if it did not fail, or if it cannot be run again.
    pub explain: Option<Box<dyn FnOnce() -> String + 'a>>,
}

impl fmt::Debug for Ran<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ran").field("end", &self.end).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What is known of a run, whatever came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// How many calls were made over the network.
    pub calls: u64,
    /// Proves that another run is the same; `None` in the real world.
    pub fingerprint: Option<String>,
    /// What must be known about the verdict.
    pub remark: Option<String>,
    /// The line that says all this to people; empty if the run failed.
    pub line: String,
    /// What the run covered that this worker has not seen twice before, each with its step; see
    /// [`Novelty::news`](labrpc::search::Novelty::news).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<(u64, u64)>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEnd {
    /// Nothing was wrong.
    Passed,
    /// Nothing was judged, and why: the program cannot be put to this test.
    Skipped(String),
    /// Something was wrong.
    Failed(RunFailure),
}

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// What went wrong, in one line.
    pub headline: String,
    /// What failures of the same cause have in common.
    pub signature: Signature,
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
