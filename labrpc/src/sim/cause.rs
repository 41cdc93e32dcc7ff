//! What ended a run, in data and in words.

use std::fmt;
use std::time::Duration;

use super::nanoseconds::Seconds;

/// A thread at the end of a run: who it is and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadReport {
    /// Its node and name, as `S1/applier`.
    pub thread: String,
    /// What it waits for, since when and where; or that it can run and where it was last seen, is paused, or was crashed.
    pub activity: String,
    /// It waits, and no time of its own ends that: only somebody else can.
    pub waits_for_ever: bool,
    /// The locks that it holds: where each was taken.
    pub holds: Vec<String>,
    /// The thread that has what this one waits for, if that is known.
    pub waits_for: Option<String>,
}

impl fmt::Display for ThreadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.thread, self.activity)?;
        if let Some(holder) = &self.waits_for {
            write!(f, ", which {holder} holds")?;
        }
        for held in &self.holds {
            write!(f, "; holds the lock taken at {held}")?;
        }
        Ok(())
    }
}

/// A thread that was busy when the step limit was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpinReport {
    /// Its node and name.
    pub thread: String,
    /// The steps it took lately.
    pub steps: u64,
    /// The steps that all threads took in the same stretch of the run.
    pub of: u64,
}

/// A panic in a simulated thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanicReport {
    /// Node and name of the thread.
    pub thread: String,
    /// Virtual time, in nanoseconds.
    pub time_ns: u64,
    /// File, line and column; `None` when somebody else's panic hook swallowed it.
    pub location: Option<String>,
    /// What was said.
    pub message: String,
    /// The user's frames of the stack, when `RUST_BACKTRACE` asks for it; with `RUST_BACKTRACE=full` all of them.
    pub backtrace: Option<String>,
    /// The panics of threads that this one had joined, the first of them: what it says may be no more than that a join
    /// has failed.
    pub joined: Vec<PanicReport>,
}

/// What the panic hook saw of a panic.
pub(crate) struct PanicOrigin {
    /// What was said. A panic that somebody goes on with says the same.
    pub(crate) message: String,
    pub(crate) location: String,
    pub(crate) backtrace: Option<String>,
}

/// What ended a run that did not end by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A thread panicked, and nobody joined it.
    Panic(PanicReport),
    /// No thread can run and no deadline is set: nothing would ever happen again.
    Deadlock {
        /// Virtual time, in nanoseconds.
        time_ns: u64,
        /// The threads that wait for each other in a circle, each for the next; empty if there is none.
        cycle: Vec<String>,
        /// All threads, oldest first.
        threads: Vec<ThreadReport>,
    },
    /// The run took more virtual time than [`Sim::time_max`](super::Sim::time_max).
    TimeLimit {
        /// The limit, in nanoseconds of virtual time.
        limit_ns: u64,
        /// All threads, oldest first.
        threads: Vec<ThreadReport>,
    },
    /// The run took more steps than [`Sim::steps_max`](super::Sim::steps_max).
    StepLimit {
        /// The limit.
        limit: u64,
        /// The threads that took most of the last steps, busiest first.
        spinners: Vec<SpinReport>,
    },
    /// A thread did not come back to the scheduler within [`Sim::stall`](super::Sim::stall) of real time.
    Stall {
        /// The thread that ran.
        thread: String,
        /// Virtual time, in nanoseconds.
        time_ns: u64,
        /// How long nothing happened, in real time.
        stalled: Duration,
    },
    /// Something of one world was used in a way that only the other allows.
    Misuse {
        /// Node and name of the thread.
        thread: String,
        /// Virtual time, in nanoseconds.
        time_ns: u64,
        /// What was wrong and what to do.
        message: String,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(panic) => write!(f, "{panic}"),
            Self::Deadlock { time_ns, cycle, threads } => {
                writeln!(
                    f,
                    "deadlock at {}: every thread waits, and no deadline is set.",
                    Seconds(*time_ns)
                )?;
                if !cycle.is_empty() {
                    writeln!(f, "They wait in a circle: {}, {}.", cycle.join(", "), cycle[0])?;
                }
                list(f, threads)
            }
            Self::TimeLimit { limit_ns, threads } => {
                writeln!(f, "the limit of {} of virtual time was reached.", Seconds(*limit_ns))?;
                list(f, threads)
            }
            Self::StepLimit { limit, spinners } => {
                write!(
                    f,
                    "the limit of {limit} steps was reached: a livelock, or a loop that polls. Busiest lately:"
                )?;
                for SpinReport { thread, steps, of } in spinners {
                    write!(f, "\n  {thread} took {steps} of the last {of} steps")?;
                }
                Ok(())
            }
            Self::Stall { thread, time_ns, stalled } => write!(
                f,
                "stall at {}: {thread} has been running for {:.1} s of real time without reaching a scheduling \
                 point.\nIt may be in an endless loop, or wait for something real: a std::sync lock, a real \
                 channel, socket or sleep. Use labrpc's thread, sync, channel and time instead; \
                 give a long computation a yield_now() now and then, or a higher Sim::stall.",
                Seconds(*time_ns),
                stalled.as_secs_f64()
            ),
            Self::Misuse { thread, time_ns, message } => {
                write!(f, "{thread} at {}: {message}", Seconds(*time_ns))
            }
        }
    }
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked at {}", self.thread, Seconds(self.time_ns))?;
        if let Some(location) = &self.location {
            write!(f, ", {location}")?;
        }
        write!(f, ":\n{}", self.message)?;
        for joined in &self.joined {
            write!(f, "\nBefore, it had joined a thread that panicked: {joined}")?;
        }
        if let Some(backtrace) = &self.backtrace {
            write!(f, "\n{backtrace}")?;
        }
        Ok(())
    }
}

/// Threads shown in a message; a thousand waiting threads teach no more than twenty.
const SHOWN_MAX: usize = 20;

fn list(f: &mut fmt::Formatter<'_>, threads: &[ThreadReport]) -> fmt::Result {
    write!(f, "Threads:")?;
    for thread in threads.iter().take(SHOWN_MAX) {
        write!(f, "\n  {thread}")?;
    }
    if threads.len() > SHOWN_MAX {
        write!(f, "\n  and {} more", threads.len() - SHOWN_MAX)?;
    }
    Ok(())
}
