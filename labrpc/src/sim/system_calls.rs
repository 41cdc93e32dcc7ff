//! What simulated threads ask the system for, though labrpc has its own: to sleep, to wait with a timeout, for the time, for a
//! thread.
//!
//! None of these is seen by the scheduler. A sleep on the machine's clock stops the whole simulation, and no virtual time
//! passes; a loop that waits for that clock does the same; a thread of the system stands outside. What then fails is
//! something else, as an election that does not come. So these calls are counted, and every failed run says what was
//! called and where. [`interpose`](super::interpose) is how they are seen.
//!
//! A call is no failure by itself: a time in a log line, a moment of sleep and a thread that is joined at once do no
//! harm. What only takes real time is: after [`SLEEP_MAX`], or [`LOOKS_MAX`], the run ends with the place as its cause. What was
//! asked for counts, and not the time that it took: a loop of sleeps meets the limit at the same call in each run of a seed.
//!
//! A wait with a timeout, as of std's condition variables and channels, is a sleep: nobody can end it before its time but a thread outside
//! of the simulation. One without a timeout is left alone. If another simulated thread is to end it, it stops the
//! simulation for good, and [`Cause::Stall`] says where. But a lock of std that several OS threads use is waited for like this as
//! well, standard output for one, and at which moments is up to the machine: no report may depend on that.

use std::backtrace::Backtrace;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cause::Cause;
use super::context::try_with_core;
use super::core::Core;
use super::fiber;
use super::frames;
use super::steps::is_panic_of_current;
use super::threads::NONE;

/// The sleep, with that in waits, on the machine's clock that a run may ask for, in sum. A run of a test takes some milliseconds: whoever asks for
/// more waits for virtual time, which does not pass.
const SLEEP_MAX: Duration = Duration::from_millis(250);

/// How often a thread may look at the machine's clock without a step between: a tenth of a second or so.
const LOOKS_MAX: u64 = 1_000_000;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To sleep.
    Sleep,
    /// To wait for something with a timeout.
    Wait,
    /// For the time of the machine.
    Time,
    /// For a thread of the system.
    Thread,
}

impl Asked {
    const ALL: [Self; 4] = [Self::Sleep, Self::Wait, Self::Time, Self::Thread];

    fn name(self) -> &'static str {
        match self {
            Self::Sleep => "std::thread::sleep",
            Self::Wait => {
                "a wait with a timeout (std's Condvar::wait_timeout, Receiver::recv_timeout or thread::park_timeout)"
            }
            Self::Time => "std::time::Instant::now (or SystemTime::now)",
            Self::Thread => "std::thread::spawn",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Sleep => {
                "it stops the whole simulation, and no virtual time passes; use labrpc::thread::sleep"
            }
            Self::Wait => {
                "it stops the whole simulation, and no virtual time passes; use labrpc::sync::Condvar, labrpc::sync::mpsc, \
                 labrpc::channel or labrpc::thread::park_timeout"
            }
            Self::Time => "this clock does not follow virtual time; use labrpc::time::Instant",
            Self::Thread => "that thread is outside of the simulation; use labrpc::thread::spawn",
        }
    }
}

/// One kind of call to the system that simulated threads have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// The function of `std`, as a user knows it.
    pub function: &'static str,
    /// Node and name of a thread that called it, the one at `place`.
    pub thread: String,
    /// How often it was called in the run.
    pub count: u64,
    /// The user's place in the code, of one of the calls: file and line, or the function if the executable has no lines.
    pub place: String,
    /// What that does, and what to use.
    pub advice: &'static str,
}

impl fmt::Display for SystemCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, thread, count, place, advice } = self;
        let times = match count {
            1 => String::new(),
            _ => format!(", {count} times in all"),
        };
        write!(f, "{thread} has called {function} at {place}{times}: {advice}.")
    }
}

/// The calls of one kind.
#[derive(Default)]
struct Calls {
    count: u64,
    thread: String,
    /// The stack of a call: the last one whose number is a power of two. So a loop is seen that began late, and a
    /// stack is walked seldom.
    stack: Option<Backtrace>,
}

/// The calls of one run.
#[derive(Default)]
pub(crate) struct SystemCalls {
    calls: [Calls; 4],
    slept: Duration,
    /// Looks at the clock since the step with this number.
    looks: (u64, u64),
    /// The run ends because of one of them.
    is_told: bool,
}

impl SystemCalls {
    /// Counts a call. Returns whether it is one too many.
    fn count(&mut self, asked: Asked, sleeps: Duration, steps: u64, thread: impl FnOnce() -> String) -> bool {
        let calls = &mut self.calls[asked as usize];
        calls.count += 1;
        if calls.count.is_power_of_two() {
            calls.thread = thread();
            calls.stack = Some(Backtrace::force_capture());
        }
        self.slept = self.slept.saturating_add(sleeps);
        if asked == Asked::Time {
            let looks = if self.looks.0 == steps { self.looks.1 + 1 } else { 1 };
            self.looks = (steps, looks);
        }
        match asked {
            Asked::Sleep | Asked::Wait => self.slept > SLEEP_MAX,
            Asked::Time => self.looks.1 > LOOKS_MAX,
            Asked::Thread => false,
        }
    }

    /// What a report says of them: calls of the user's, and not of a library that the user cannot change.
    pub(crate) fn report(&self) -> Vec<SystemCall> {
        let report = |(asked, calls): (Asked, &Calls)| {
            let place = calls.stack.as_ref().and_then(frames::innermost)?;
            Some(SystemCall {
                function: asked.name(),
                thread: calls.thread.clone(),
                count: calls.count,
                place,
                advice: asked.advice(),
            })
        };
        Asked::ALL.into_iter().zip(&self.calls).filter_map(report).collect()
    }
}

/// Whether the system is to be asked at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is.
    Ask,
    /// The run is about to end: to go on as if it had been is enough.
    Pretend,
    /// The thread must not go on.
    Leave,
}

/// The calling OS thread asks the system for something. Returns whether it is to be asked: always, unless a simulated thread
/// asks for what would take the run too much real time. That ends the run at the thread's next step; if it asks again before
/// that, it is left, since between it and the user's code lie frames that must not be unwound.
pub(super) fn asks(asked: Asked, sleeps: Duration) -> Answer {
    // While the core is borrowed it is labrpc itself that asks.
    let answer = try_with_core(|core| answer(core, asked, sleeps)).unwrap_or(Answer::Ask);
    if answer == Answer::Leave {
        fiber::suspend();
        unreachable!("a thread that was left is never resumed");
    }
    answer
}

fn answer(core: &mut Core, asked: Asked, sleeps: Duration) -> Answer {
    if core.current != NONE && asked == Asked::Thread {
        core.has_started_system_thread();
    }
    // In the run loop no thread runs. Once the run is over, destructors may take what time they like: somebody else
    // watches that.
    if core.current == NONE || core.is_over {
        return Answer::Ask;
    }
    let heartbeat = Arc::clone(&core.heartbeat);
    let mut kept = heartbeat.system_calls.lock();
    if kept.is_told && asked != Asked::Thread {
        core.threads.slot_mut(core.current).is_left = true;
        return Answer::Leave;
    }
    let is_too_much = kept.count(asked, sleeps, core.steps, || core.current_name());
    // A thread that unwinds must come to the end of its destructors, and its panic is what ends the run.
    let unwinds = || std::thread::panicking() && is_panic_of_current(core);
    if !is_too_much || unwinds() || core.cause.is_some() {
        return Answer::Ask;
    }
    let stack = Backtrace::force_capture();
    let message = too_much(asked, frames::innermost(&stack).as_deref().unwrap_or("an unknown place"));
    core.fail(Cause::Misuse { thread: core.current_name(), time_ns: core.now, message });
    // It is told now.
    kept.is_told = true;
    kept.calls[asked as usize] = Calls::default();
    Answer::Pretend
}

fn too_much(asked: Asked, place: &str) -> String {
    let (function, advice) = (asked.name(), asked.advice());
    match asked {
        Asked::Time => format!(
            "looks at {function} at {place}, for the {LOOKS_MAX}th time without a scheduling point between. Who waits for \
             a time like this waits for long: {advice}."
        ),
        _ => format!(
            "calls {function} at {place}, for more than {} ms in this run: {advice}.",
            SLEEP_MAX.as_millis()
        ),
    }
}
