//! The messages between a program and its workers: an object a line, jobs on the worker's standard input, answers on
//! what was its standard output.
//!
//! The first line that a worker reads is the [key](super::seal) with which it seals its answers. It answers `Ready` and takes
//! its jobs one after the other. For each it sends `Started`, so that it is known what was under way if the worker crashes,
//! and then `Ended`, or `Reported`, or one after the other, as the [task](Task) says.

use serde::{Deserialize, Serialize};

use crate::target::{RunEnd, RunFacts};

/// A run that a worker is to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The number of this job, which the pool gives; answers refer to it.
    pub(crate) number: u64,
    /// How often a worker was ended from outside that was at work on it. Not for the worker.
    #[serde(skip)]
    pub(crate) interruptions: u32,
    /// What the job belongs to, for whoever gives it: a row of a table. Not for the worker.
    #[serde(skip)]
    pub row: usize,
    /// The seed of the row that it counts as, if a search has made another run of it. Not for the worker.
    #[serde(skip)]
    pub counts_as: Option<u64>,
    /// The name of the test.
    pub test: String,
    /// As it is written: `pct:3`.
    pub policy: String,
    /// `simulated` or `real`.
    pub world: String,
    /// What all chance comes from; in the real world, the number of the repetition.
    pub seed: u64,
    /// Whether it tells what the run covered.
    pub covers: bool,
    /// What is to be done.
    pub task: Task,
}

/// What a worker does with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// It makes the run: `Ended`.
    Run,
    /// It makes a run that has failed before once more, with a trace: `Reported`.
    Report,
    /// It makes the run, and explains it at once if it fails: `Ended`, and then `Reported`.
    RunAndReport,
}

impl Job {
    /// A job for a test with a seed; policy and world as they are written.
    #[must_use]
    pub fn new(row: usize, test: &str, policy: String, world: String, seed: u64, task: Task) -> Self {
        Self {
            number: 0,
            interruptions: 0,
            row,
            counts_as: None,
            test: test.to_owned(),
            policy,
            world,
            seed,
            covers: false,
            task,
        }
    }
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
    /// The run is over.
    Ended {
        number: u64,
        cost: Cost,
        end: RunEnd,
        facts: RunFacts,
        /// Whether the run has left threads or stacks behind, so that the worker should be replaced.
        is_tainted: bool,
        /// Whether `Reported` follows.
        is_report_coming: bool,
    },
    /// The run was made again, and report and trace are written; `None` if it did not fail again.
    Reported { number: u64, report: Option<String> },
}

impl Answer {
    /// The job that this is about.
    pub(crate) fn number(&self) -> Option<u64> {
        match *self {
            Self::Ready => None,
            Self::Started { number } | Self::Ended { number, .. } | Self::Reported { number, .. } => {
                Some(number)
            }
        }
    }
}

/// The longest answer, in bytes: a report has some thousand.
pub(crate) const LINE_MAX: u64 = 4 << 20;
/// The longest text in an answer, in bytes. An answer has five at most, and JSON makes six bytes of some characters.
const TEXT_MAX: usize = 128 << 10;

/// A text that fits into an answer. Code under test may panic with many megabytes.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > TEXT_MAX {
        text.truncate(text.floor_char_boundary(TEXT_MAX));
        text.push_str("\n(the rest is left out)");
    }
    text
}

/// What a worker writes to standard error when it begins with a job, so that what is written there belongs to a run.
pub(crate) fn mark(number: u64) -> String {
    format!("{MARK}{number}\n")
}

/// Begins a mark; no text for people has it ("record separator").
pub(crate) const MARK: char = '\u{1e}';
