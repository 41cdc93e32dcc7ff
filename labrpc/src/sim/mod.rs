//! The simulated world: threads as coroutines on one OS thread, virtual time, and every choice from a seed.
//!
//! # How it works
//!
//! [`Sim::run`] starts an OS thread that belongs to the simulation, and runs the body as its first simulated
//! thread. Whatever the body does through the facades ([`thread`](crate::thread), [`time`](crate::time),
//! [`sync`](crate::sync), [`channel`](crate::channel), [`rand`](crate::rand), [`network`](crate::network)) goes to
//! the scheduler. Exactly one simulated thread runs at a time. At each operation that others could see it takes a
//! *step*: the clock moves on by the cost of a step, the step goes into the trace, and the
//! [policy](Policy) picks who runs next. It is not asked where the answer makes no difference: before a notification,
//! which nobody can tell from a late one, and before the first operation of a thread that has just been picked because
//! its wait was over. When no thread can run, the clock jumps to the next deadline. When there
//! is no deadline either, that is a deadlock, and the run ends.
//!
//! # What ends a run
//!
//! The return of the body; a panic that nobody joins; a deadlock; the limits of virtual time and of steps; a
//! thread that does not come back to the scheduler ([`Cause`]). Threads that are still there are then unwound:
//! what they own is dropped, without waiting for anything.
//!
//! # The rules of determinism
//!
//! A run depends on the program, the seed, the policy and the cost of a step, which [`Replay`] shows as one line,
//! and on nothing else, as long as code under test
//!
//! - starts threads, sleeps, locks, waits, sends and draws random numbers only through the facades;
//! - does not let the iteration order of a `std` `HashMap` or an address decide anything;
//! - reads no clock, file or environment variable that changes from run to run.
//!
//! Every run has a [`Fingerprint`]; [`check_replay`] runs a seed twice and shows the first event in which the two
//! runs differ, which names the culprit's place in the code.
//!
//! # What it leaves out
//!
//! Weak memory: simulated threads see one memory in one order, so a missing `Ordering::Acquire` is not found
//! (loom finds those). Preemption between facade calls: code between two of them runs in one piece.

mod context;
mod core;
mod determinism;
mod failure;
mod fiber;
mod holding;
mod machines;
mod node;
#[cfg(unix)]
mod overflow;
mod panics;
mod policy;
mod preemptions;
mod raw_mutex;
mod raw_rwlock;
mod recording;
mod report;
mod run;
mod service;
mod settings;
mod stall;
mod threads;
mod timers;
mod trace;
mod wait_list;
mod words;

use std::time::Duration;

pub use determinism::{Divergence, check_replay};
pub use failure::{Cause, Failure, PanicReport, Report, SpinReport, ThreadReport};
pub use node::{CLOCK_RATE_NORMAL_PPM, NodeHandle, NodeId};
pub use panics::keep_backtraces;
pub use policy::{ParsePolicyError, Policy};
pub use preemptions::Preemptions;
pub use raw_mutex::RawMutex;
pub use raw_rwlock::RawRwLock;
pub use settings::{ParseReplayError, Replay, parse_seed};
pub use trace::{Event, Fingerprint, Kind, Trace, Tracing};
pub use words::{Content, TracedMessage, Words};

pub(crate) use context::{
    act, annotate, call_after, current_names, fail, is_in, is_over, is_simulated, keeps_trace, now, on_crash,
    record, record_message, start_thread, step, step_aside, wait, waiter, wake, with_core,
};
pub(crate) use core::{Core, Stream, stream_seed};
pub(crate) use failure::place;
pub(crate) use fiber::forget_lifetime;
pub(crate) use panics::message as panic_message;
pub(crate) use raw_mutex::{fail_misuse, wait_real, was_taken_last};
pub(crate) use run::{is_live, panic_report, thread_main};
pub(crate) use service::Party;
pub(crate) use threads::{NONE, Name, State, Wait, Waiter, Woken};
pub(crate) use trace::Seconds;
pub(crate) use wait_list::WaitList;

/// Whether the calling thread is part of a simulation.
#[must_use]
pub fn is_active() -> bool {
    is_simulated()
}

/// Virtual time since the start of the run, on the scheduler's own clock, which no drift touches; `None` outside a
/// simulation.
#[must_use]
pub fn elapsed() -> Option<Duration> {
    is_simulated().then(|| with_core(|core| Duration::from_nanos(core.now)))
}

/// What replays the run that the caller is part of; `None` outside a simulation.
#[must_use]
pub fn current_replay() -> Option<Replay> {
    is_simulated().then(|| with_core(|core| core.settings.replay()))
}

/// How many threads a node has that have neither ended nor been crashed; 0 outside a simulation.
#[must_use]
pub fn threads_alive(node: NodeId) -> Vec<ThreadReport> {
    if !is_simulated() {
        return Vec::new();
    }
    with_core(|core| core.report_threads_of(node))
}

/// Puts a line of the program's own into the trace; it costs nothing when the trace is not kept.
pub fn note(text: impl FnOnce() -> String) {
    if is_simulated() {
        record(Kind::Note, 0, text);
    }
}

/// A simulation to be run: a seed, a policy and limits.
///
/// ```
/// use labrpc::sim::Sim;
/// use labrpc::thread;
/// use std::time::Duration;
///
/// let (answer, report) = Sim::new(7)
///     .run(|| {
///         let sleeper = thread::spawn(|| {
///             thread::sleep(Duration::from_secs(3600));
///             42
///         });
///         sleeper.join().unwrap()
///     })
///     .unwrap();
/// assert_eq!(answer, 42);
/// assert!(report.elapsed >= Duration::from_secs(3600)); // virtual; it took microseconds
/// ```
#[derive(Clone, Debug)]
pub struct Sim {
    settings: settings::Settings,
}

impl Sim {
    /// The virtual time that a step costs by default: 1 µs, in nanoseconds. A loop that polls without sleeping
    /// sees a second pass in a million steps.
    pub const STEP_COST_DEFAULT_NS: u64 = 1_000;
    /// The usable size of a simulated thread's stack by default, in bytes. Only what is touched takes memory.
    pub const STACK_BYTES_DEFAULT: usize = 256 * 1024;

    /// A simulation with this seed, the random policy, and limits that only a runaway reaches.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            settings: settings::Settings {
                seed,
                policy: Policy::Random,
                step_cost_ns: Self::STEP_COST_DEFAULT_NS,
                time_max_ns: Duration::from_secs(3600 * 24).as_nanos() as u64,
                steps_max: 100_000_000,
                stall: Duration::from_secs(10),
                stack_bytes: Self::STACK_BYTES_DEFAULT,
                tracing: Tracing::Off,
                alarm: None,
                preemptions: Preemptions::All,
            },
        }
    }

    /// The simulation that a [`Replay`] line describes.
    #[must_use]
    pub fn from_replay(replay: Replay) -> Self {
        Self::new(replay.seed).policy(replay.policy).step_cost(replay.step_cost)
    }

    /// Who runs next. Default: [`Policy::Random`].
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// The virtual time that one step takes. Default: [`Self::STEP_COST_DEFAULT_NS`].
    #[must_use]
    pub fn step_cost(mut self, cost: Duration) -> Self {
        self.settings.step_cost_ns = nanos(cost);
        self
    }

    /// The virtual time after which the run fails with [`Cause::TimeLimit`]. Default: a day.
    #[must_use]
    pub fn time_max(mut self, limit: Duration) -> Self {
        self.settings.time_max_ns = nanos(limit);
        self
    }

    /// The number of steps after which the run fails with [`Cause::StepLimit`]. Default: a hundred million, some
    /// ten seconds of real time.
    #[must_use]
    pub fn steps_max(mut self, limit: u64) -> Self {
        self.settings.steps_max = limit;
        self
    }

    /// The real time after which a thread that has not come back to the scheduler is reported as
    /// [`Cause::Stall`]. Checked about this often, so a stall is noticed after one to two times this. Default: ten
    /// seconds.
    #[must_use]
    pub fn stall(mut self, limit: Duration) -> Self {
        self.settings.stall = limit;
        self
    }

    /// The usable size of each simulated thread's stack, in bytes; a guard page below it turns an overflow into a
    /// crash of the process that says so, instead of silent damage. Default: [`Self::STACK_BYTES_DEFAULT`].
    #[must_use]
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.settings.stack_bytes = bytes;
        self
    }

    /// Which events are kept in full. Default: none. Does not change the run or its fingerprint.
    #[must_use]
    pub fn tracing(mut self, tracing: Tracing) -> Self {
        self.settings.tracing = tracing;
        self
    }

    /// Which of the policy's preemptions happen. Default: all. For finding out which of them matter.
    #[must_use]
    pub fn preemptions(mut self, preemptions: Preemptions) -> Self {
        self.settings.preemptions = preemptions;
        self
    }

    /// Calls `call` from the run loop when `step` steps have been taken, between two steps of the program: to crash or
    /// pause a node at each point of a run in turn. It must not block.
    #[must_use]
    pub fn at_step(mut self, step: u64, call: impl Fn() + Send + Sync + 'static) -> Self {
        self.settings.alarm = Some(settings::Alarm { step, call: std::sync::Arc::new(call) });
        self
    }

    /// What replays this simulation.
    #[must_use]
    pub fn replay(&self) -> Replay {
        self.settings.replay()
    }

    /// Runs `body` as the first thread, on the node `tester`, and returns what it returns with a report.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when something other than the return of the body ended the run.
    ///
    /// # Panics
    ///
    /// If the caller is itself inside a simulation, or if the machine cannot start an OS thread.
    pub fn run<T, F>(&self, body: F) -> Result<(T, Report), Box<Failure>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        run::run(self.settings.clone(), body)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
