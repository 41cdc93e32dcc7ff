//! The messages between a sweep and its workers: an object a line, jobs on the worker's standard input, answers on
//! what was its standard output.
//!
//! A worker that starts sends `Ready`. It takes its jobs one after the other. For each it sends `Started`, so that the
//! sweep knows what was under way if the worker crashes, and then `Passed`, `Skipped`, `Failed` or
//! `Reported`.

use serde::{Deserialize, Serialize};

use super::failed_run::FailedRun;

/// A run that a worker is to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The number of this job; answers refer to it.
    pub(crate) number: u64,
    /// The row of the table, for the sweep alone.
    #[serde(skip)]
    pub(crate) row: usize,
    /// The name of the test.
    pub(crate) test: String,
    /// As it is written: `pct:3`.
    pub(crate) policy: String,
    /// `simulated` or `real`.
    pub(crate) world: String,
    /// What all chance comes from; in the real world, the number of the repetition.
    pub(crate) seed: u64,
    /// Whether this is a failed seed that is to be run again with a trace, for its report.
    pub(crate) is_rerun: bool,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Real time, in microseconds.
    pub wall_us: u64,
    /// Processor time of all threads of the process, in microseconds.
    pub cpu_us: u64,
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It has started and waits for jobs.
    Ready,
    /// It begins with this job.
    Started { number: u64 },
    /// The run passed.
    Passed { number: u64, cost: Cost, is_tainted: bool },
    /// The run judged nothing, and why.
    Skipped { number: u64, cost: Cost, why: String, is_tainted: bool },
    /// The run failed.
    Failed {
        number: u64,
        cost: Cost,
        failed: FailedRun,
        /// What is to be read about it, if there is more than the headline and nothing will come of a trace.
        report: Option<String>,
        is_tainted: bool,
    },
    /// The failed seed was run again, and report and trace are written.
    Reported { number: u64, has_failed_again: bool },
}

impl Answer {
    /// The job that this is about.
    pub(crate) fn number(&self) -> Option<u64> {
        match *self {
            Self::Ready => None,
            Self::Started { number }
            | Self::Passed { number, .. }
            | Self::Skipped { number, .. }
            | Self::Failed { number, .. }
            | Self::Reported { number, .. } => Some(number),
        }
    }

    /// Whether the run has left threads or stacks behind, so that the worker should be replaced.
    pub(crate) fn is_tainted(&self) -> bool {
        match *self {
            Self::Passed { is_tainted, .. }
            | Self::Skipped { is_tainted, .. }
            | Self::Failed { is_tainted, .. } => is_tainted,
            Self::Ready | Self::Started { .. } | Self::Reported { .. } => false,
        }
    }
}

/// What a worker writes to standard error when it begins with a job, so that what is written there belongs to a run.
pub(crate) fn mark(number: u64) -> String {
    format!("{MARK}{number}\n")
}

/// Begins a mark; no text for people has it ("record separator").
pub(crate) const MARK: char = '\u{1e}';
