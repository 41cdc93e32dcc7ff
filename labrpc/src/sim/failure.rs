//! What a run leaves behind, and how it says that it failed.

use std::fmt;
use std::time::Duration;

use super::cause::{Cause, ThreadReport};
use super::coverage::Covered;
use super::settings::Replay;
use super::system_calls::SystemCall;
use super::trace::Trace;

/// A failed run: what ended it, and what is left of it.
///
/// Its `Debug` form is its report, as its `Display` form is: so `Sim::run(body).unwrap()` says what happened.
#[derive(Clone)]
pub struct Failure {
    /// What ended the run.
    pub cause: Cause,
    /// Virtual time, steps and trace up to the end.
    pub report: Report,
    /// What simulated threads asked the system for, which may be why it failed: by kind, none if nothing was seen.
    pub system_calls: Vec<SystemCall>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", crate::printable(&self.cause.to_string()))?;
        for call in &self.system_calls {
            writeln!(f, "note: {}", crate::printable(&call.to_string()))?;
        }
        write!(f, "replay: {}", self.report.replay)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}

/// What a run, failed or not, leaves behind.
#[derive(Clone, Debug)]
pub struct Report {
    /// What replays this run.
    pub replay: Replay,
    /// Virtual time from the start to the end of the run.
    pub elapsed: Duration,
    /// How many steps were taken.
    pub steps: u64,
    /// How many threads were started, the body among them.
    pub threads_started: u64,
    /// The threads that were still there when the run ended, but for crashed ones and the body, oldest first.
    pub threads_left: Vec<ThreadReport>,
    /// The threads that then waited for each other in a circle, each for the next; empty if there was none.
    pub cycle: Vec<String>,
    /// The preemptions of the run, by their numbers, if [`Preemptions::Record`](super::Preemptions::Record) or
    /// [`Only`](super::Preemptions::Only) asked for them.
    pub preemptions: Vec<u64>,
    /// How many threads could run at each choice among several, in first-in-first-out order; see
    /// [`Preempted`](super::Preempted). Empty under other policies.
    pub choices: Vec<u32>,
    /// What the run covered, each feature once, if [`Sim::coverage`](super::Sim::coverage) asked for it.
    pub covered: Vec<Covered>,
    /// The fingerprint, and the events that [`Tracing`](super::Tracing) asked for.
    pub trace: Trace,
}
