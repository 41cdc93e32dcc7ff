//! The programs, on shuttle; and one series of them.

#[path = "shuttle_world.rs"]
mod world;

#[allow(dead_code, reason = "what is said of a program is read from on_labrpc")]
#[path = "../programs/mod.rs"]
mod plain;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

pub(crate) use plain::PROGRAMS;
use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId, UrwRandomScheduler,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::policy::Shuttle;
use crate::search::{Ending, STEPS_MAX};

/// Runs `program` until it fails, `cap` times at most: the number of runs, and how the last one failed.
pub(crate) fn series(program: fn(), policy: Shuttle, seed: u64, cap: u64) -> Option<(u64, Ending)> {
    match policy {
        Shuttle::Random => run(program, RandomScheduler::new_from_seed(seed, cap as usize)),
        Shuttle::Pct { depth } => run(program, PctScheduler::new_from_seed(seed, depth, cap as usize)),
        Shuttle::Urw => run(program, UrwRandomScheduler::new_from_seed(seed, cap as usize)),
    }
}

thread_local! {
    static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling OS thread runs a program on shuttle, so that a panic is none of ours.
pub(crate) fn is_running() -> bool {
    IS_RUNNING.get()
}

fn run(program: fn(), scheduler: impl Scheduler + 'static) -> Option<(u64, Ending)> {
    let runs = Rc::new(Cell::new(0));
    let scheduler = Watched { inner: scheduler, runs: Rc::clone(&runs) };
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(STEPS_MAX as usize);
    config.silence_warnings = true;
    let runner = Runner::new(scheduler, config);
    IS_RUNNING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(move || world::guarded(program))));
    IS_RUNNING.set(false);
    let ending = match (world::take_panic(), outcome) {
        (Some(message), _) => Ending::Panic(message),
        (None, Ok(_)) => return None,
        (None, Err(payload)) => match world::text(&*payload) {
            Some(message) if message.starts_with("deadlock!") => Ending::Deadlock,
            message => Ending::Other(message.unwrap_or_else(|| "a panic without words".into())),
        },
    };
    Some((runs.get(), ending))
}

/// A scheduler that ends the series once a thread has panicked, and counts runs.
struct Watched<S> {
    inner: S,
    runs: Rc<Cell<u64>>,
}

impl<S: Scheduler> Scheduler for Watched<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        if world::has_panicked() {
            return None;
        }
        let schedule = self.inner.new_execution()?;
        self.runs.set(self.runs.get() + 1);
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        if world::has_panicked() { None } else { self.inner.next_task(runnable, current, is_yielding) }
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}
