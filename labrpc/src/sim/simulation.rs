//! A simulation before it runs: what decides it, and what ends it.

use std::sync::Arc;
use std::time::Duration;

use super::failure::{Failure, Report};
use super::nanoseconds::nanos;
use super::policy::Policy;
use super::preemptions::Preemptions;
use super::run;
use super::settings::{self, Alarm, Replay, Settings};
use super::trace::Tracing;

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
    settings: Settings,
}

impl Sim {
    /// The virtual time that a step costs by default: 1 µs, in nanoseconds. A loop that polls without sleeping
    /// sees a second pass in a million steps.
    pub const STEP_COST_DEFAULT_NS: u64 = settings::STEP_COST_DEFAULT_NS;
    /// The least virtual time that [`Policy::Portfolio`] draws for a step by default: 100 ns, in nanoseconds.
    pub const STEP_COST_MIN_NS: u64 = 100;
    /// The most: a millisecond, in nanoseconds. What a thread does between two waits then takes as long as a slow machine,
    /// a page fault or a busy processor make it.
    pub const STEP_COST_MAX_NS: u64 = 1_000_000;
    /// The usable size of a simulated thread's stack by default, in bytes. Only what is touched takes memory.
    pub const STACK_BYTES_DEFAULT: usize = 256 * 1024;

    /// A simulation with this seed, the random policy, and limits that only a runaway reaches.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            settings: Settings {
                seed,
                policy: Policy::Random,
                step_cost_ns: Self::STEP_COST_DEFAULT_NS,
                step_costs_ns: (Self::STEP_COST_MIN_NS, Self::STEP_COST_MAX_NS),
                time_max_ns: Duration::from_secs(3600 * 24).as_nanos() as u64,
                steps_max: 100_000_000,
                stall: Duration::from_secs(10),
                stack_bytes: Self::STACK_BYTES_DEFAULT,
                tracing: Tracing::Off,
                alarm: None,
                preemptions: Preemptions::All,
                covers: false,
            },
        }
    }

    /// The simulation that a [`Replay`] line describes.
    #[must_use]
    pub fn from_replay(replay: Replay) -> Self {
        Self::new(replay.seed).policy(replay.policy).step_cost(replay.step_cost)
    }

    /// The same simulation with another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Who runs next. Default: [`Policy::Random`].
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// The virtual time that one step takes. Default: [`Self::STEP_COST_DEFAULT_NS`], or what a seed of
    /// [`Policy::Portfolio`] draws.
    #[must_use]
    pub fn step_cost(mut self, cost: Duration) -> Self {
        self.settings.step_cost_ns = nanos(cost);
        self.settings.step_costs_ns = (self.settings.step_cost_ns, self.settings.step_cost_ns);
        self
    }

    /// From where to where [`Policy::Portfolio`] draws the virtual time that one step takes, log-uniformly. Default:
    /// [`Self::STEP_COST_MIN_NS`] to [`Self::STEP_COST_MAX_NS`]. A program that promises something in a second of its clock
    /// cannot keep it where a step takes a millisecond: say less then.
    ///
    /// # Panics
    ///
    /// If it is from nothing, or to less than from.
    #[must_use]
    pub fn step_costs(mut self, costs: std::ops::RangeInclusive<Duration>) -> Self {
        let (min, max) = (nanos(*costs.start()), nanos(*costs.end()));
        assert!(0 < min && min <= max, "a step costs from a nanosecond on, and the bounds ascend: {costs:?}");
        self.settings.step_costs_ns = (min, max);
        self
    }

    /// The virtual time after which the run fails with [`Cause::TimeLimit`](super::Cause::TimeLimit). Default: a day.
    #[must_use]
    pub fn time_max(mut self, limit: Duration) -> Self {
        self.settings.time_max_ns = nanos(limit);
        self
    }

    /// The number of steps after which the run fails with [`Cause::StepLimit`](super::Cause::StepLimit). Default: a
    /// hundred million, some ten seconds of real time.
    #[must_use]
    pub fn steps_max(mut self, limit: u64) -> Self {
        self.settings.steps_max = limit;
        self
    }

    /// The real time after which a thread that has not come back to the scheduler is reported as
    /// [`Cause::Stall`](super::Cause::Stall). Checked about this often, so a stall is noticed after one to two times
    /// this. Default: ten seconds.
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

    /// Whether the report tells what the run [covered](super::Covered). Costs a tenth of its time or so, and changes nothing
    /// else. Default: no.
    #[must_use]
    pub fn coverage(mut self, is_wanted: bool) -> Self {
        self.settings.covers = is_wanted;
        self
    }

    /// Calls `call` from the run loop when `step` steps have been taken, between two steps of the program: to crash or
    /// pause a node at each point of a run in turn. It must not block.
    #[must_use]
    pub fn at_step(mut self, step: u64, call: impl Fn() + Send + Sync + 'static) -> Self {
        self.settings.alarm = Some(Alarm { step, call: Arc::new(call) });
        self
    }

    /// What replays this simulation.
    #[must_use]
    pub fn replay(&self) -> Replay {
        self.settings.resolved().replay()
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
        run::run(self.settings.resolved(), body)
    }
}
