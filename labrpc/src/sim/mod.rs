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
//! what they own is dropped, and no destructor gets an answer that it could not have had before. One that would have to wait
//! never goes on, as at the end of a process; [`stacks_left`] counts those.
//!
//! # The rules of determinism
//!
//! A run depends on the program, the seed, the policy and the cost of a step, which [`Replay`] shows as one line,
//! and on nothing else, as long as code under test
//!
//! - starts threads, sleeps, locks, waits, sends and draws random numbers only through the facades;
//! - does not let the iteration order of a `std` `HashMap` or an address decide anything;
//! - reads no clock, file or environment variable that changes from run to run;
//! - keeps nothing in a static that outlives the run ([`sync::RunStatic`](crate::sync::RunStatic) does not), nor in
//!   `std::thread_local!`, which all threads of a run share ([`thread_local!`](crate::thread_local) is each thread's own).
//!
//! On Linux, what simulated threads ask the system for in spite of that is seen: a failed run names the calls that sleep,
//! look at the clock or start a thread, with their places ([`SystemCall`]), and a loop that does nothing else ends the run.
//!
//! Every run has a [`Fingerprint`]; [`check_replay`] runs a seed twice and shows the first event in which the two
//! runs differ, which names the culprit's place in the code.
//!
//! # What it leaves out
//!
//! Weak memory: simulated threads see one memory in one order, so a missing `Ordering::Acquire` is not found
//! (loom finds those). Preemption between facade calls: code between two of them runs in one piece.
//!
//! # The files
//!
//! A file imports from those above it in this list, never from those below, and from outside leaves only: the
//! address of a party, an instant, the tree of a message, and what a thread or a run keeps for users of its own values.
//!
//! - Plain data: `nanoseconds`, `node`, `words`, `event`, `trace`, `cause`, `runs`.
//! - Parts of the scheduler, each of which can be read alone: `threads`, `timers`, `preemptions`, `object`, `coverage`, `ready`, `stall`,
//!   `streams`, `overflow`, `abandoned`, `frames`, `fiber`.
//! - Who runs next: `policy` with `continued` and `preempted` names the policies and `portfolio` mixes them; `pct`, `weighted`, `pos` and `starve` are
//!   policies; `scheduler` asks the one that a run has. The first three import each other: a policy may go on with another.
//! - What decides a run and what it leaves behind: `settings`, `failure`.
//! - The scheduler's state: `core`. What it does is cut by subject: `choosing`, `waiting`, `lock_owners`, `node_faults`, `channels`, `report` and `recording`
//!   are more of `impl Core`. These eight are one thing and call each other's methods: a crash wakes who waits for a
//!   lock, and a deadlock names who holds one.
//! - The way to it for a running thread: `context`, which alone knows where the core is kept; `end_of_run`, what a thread
//!   does when the run is over; `steps`, what it does before. The latter two call each other.
//! - What is built on that: `wait_list`, `misuse`, `raw_lock`, `raw_mutex` with `raw_fair_mutex`, `raw_thread_id` with `raw_reentrant_mutex`, `raw_rwlock`, `panics`, `exits`, `system_calls` with `interpose`, `node_handle` with `real_power`, `current`, `heap`.
//! - The run: `run`, `simulation`, `determinism`.

#[cfg(unix)]
mod abandoned;
mod asan;
mod cause;
mod channels;
mod choosing;
mod context;
mod continued;
mod core;
mod coverage;
mod current;
mod determinism;
mod end_of_run;
mod event;
mod exits;
mod failure;
mod fiber;
mod frames;
mod heap;
mod hold;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(any(labrpc_asan, labrpc_no_interpose, target_feature = "crt-static"))
))]
mod interpose;
mod lock_owners;
mod message_times;
mod misuse;
mod nanoseconds;
mod node;
mod node_faults;
mod node_handle;
mod object;
#[cfg(unix)]
mod overflow;
mod panics;
mod pct;
mod policy;
mod portfolio;
mod pos;
mod preempted;
mod preemptions;
mod raw_fair_mutex;
mod raw_lock;
mod raw_mutex;
mod raw_reentrant_mutex;
mod raw_rwlock;
mod raw_thread_id;
mod ready;
mod real_power;
mod recording;
mod report;
mod run;
mod runs;
mod scheduler;
mod settings;
mod simulation;
mod stall;
mod starve;
mod steps;
mod streams;
mod system_calls;
mod threads;
mod timers;
mod trace;
mod wait_list;
mod waiting;
mod weighted;
mod words;

pub use cause::{Cause, PanicReport, SpinReport, ThreadReport};
pub use continued::{Continuation, Continued};
pub use coverage::{Covered, Covers, Feature};
pub use current::{
    cover, current_replay, elapsed, has_unjoined_panic, is_active, is_covered, is_traced, mark, note,
    threads_alive,
};
pub use determinism::{Divergence, check_replay};
pub use event::{Event, Kind};
pub use exits::allow_exits;
pub use failure::{Failure, Report};
pub use heap::HeapMark;
pub use node::{CLOCK_RATE_NORMAL_PPM, NodeId};
pub use node_handle::NodeHandle;
pub use panics::keep_backtraces;
pub use policy::{ParsePolicyError, Policy};
pub use preempted::{Preempted, Preemption};
pub use preemptions::Preemptions;
pub use raw_fair_mutex::RawFairMutex;
pub use raw_mutex::RawMutex;
pub use raw_rwlock::{RawRwLock, RawRwLockRecursive};
pub use settings::{ParseReplayError, Replay, parse_seed};
pub use simulation::Sim;
pub use system_calls::SystemCall;
pub use trace::{Fingerprint, Trace, Tracing};
pub use words::{Content, Mark, TracedMessage, Words};

pub(crate) use channels::ThreadKey;
pub(crate) use context::{
    annotate, call_after, current_names, is_in, is_over, is_simulated, keeps_trace, now, on_crash, record,
    record_message, start_thread, waiter, wake, with_core,
};
pub(crate) use core::Core;
pub(crate) use end_of_run::leave;
pub(crate) use fiber::forget_lifetime;
pub use fiber::{stacks_left, threads_left};
pub(crate) use hold::Hold;
pub(crate) use misuse::{fail_misuse, fail_shared};
pub(crate) use nanoseconds::{Seconds, nanos};
pub(crate) use node_handle::{real_node_label, set_real_node_label};
pub(crate) use object::{ObjectId, On};
pub(crate) use panics::message as panic_message;
pub(crate) use raw_lock::{RawLock, RawSides, Until};
pub(crate) use raw_reentrant_mutex::RawReentrantMutex;
pub(crate) use run::{drop_caught, panic_report, thread_main};
pub(crate) use runs::is_live;
pub(crate) use steps::{
    fail, is_unwinding, look_at_the_clock, step, step_aside, step_on, step_without_choice, wait,
};
pub(crate) use streams::{Stream, stream_seed};
pub(crate) use threads::{NONE, Name, Side, State, Wait, Waiter, Woken};
pub(crate) use wait_list::WaitList;
pub(crate) use words::place;
