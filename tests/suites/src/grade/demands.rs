//! What is asked of each test, and what it may cost: for whoever grades with seeds, policies and budgets of his own.

use std::time::Duration;

use lab_harness::case::TestCase;
use lab_hunt::workers::{Interrupts, Launch};
use lab_runs::Plan;

/// What is asked of a test.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The test.
    pub case: &'static TestCase,
    /// Its runs, in this order. Without any it is not graded.
    pub plans: Vec<Plan>,
    /// Whether all of them are made, also after one has failed.
    pub goes_on: bool,
}

/// What it may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The real time that a run may take.
    pub run: Duration,
    /// The memory that a worker may use, in bytes.
    pub memory: u64,
    /// The real time that all runs of a test may take together; what is not run by then is not run. `None` for no limit.
    pub test: Option<Duration>,
    /// The real time for everything; runs that are under way then are ended and count as not made. `None` for no limit.
    pub all: Option<Duration>,
}

/// How it is done.
#[derive(Clone, Debug)]
pub struct Way {
    /// How many workers there are.
    pub workers: usize,
    /// How they are started.
    pub launch: Launch,
    /// What it may cost.
    pub budget: Budget,
    /// Whether the first seed of each test is run twice, to see whether it is the same run.
    pub is_repeated: bool,
    /// Ctrl-C ends it in good order, if somebody listens to it.
    pub interrupts: Option<Interrupts>,
}

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneRun {
    /// Whether it was judged, and nothing was found wrong.
    pub is_passed: bool,
    /// Proves that another run is the same; `None` if it has none, or has ended its process.
    pub fingerprint: Option<String>,
}
