//! Misuse that ends a run, with what was wrong and what to do instead.

use std::panic::Location;

use super::cause::Cause;
use super::context::with_core;
use super::end_of_run;
use super::event::Kind;
use super::steps;
use super::words::place;

/// The calling thread locks what it has locked itself.
pub(crate) fn fail_self_deadlock(taken_at: &Location<'_>, location: &'static Location<'static>) {
    fail_misuse(format!(
        "locks at {} what it has itself locked at {}: it would wait for itself for ever. Drop the first guard \
         before, or pass it on.",
        place(location),
        place(taken_at)
    ));
}

/// A lock is held by nobody of this simulation.
pub(crate) fn fail_foreign(location: &'static Location<'static>) {
    fail_misuse(format!(
        "the lock wanted at {} is held by a thread outside this simulation, or by a guard that was forgotten. \
         Threads of a simulation may share locks only with each other: use labrpc::thread::spawn.",
        place(location)
    ));
}

/// A guard is to be upgraded, and another thread took it.
#[cold]
pub(crate) fn fail_not_owned(location: &'static Location<'static>) -> ! {
    fail_misuse(format!(
        "the guard that is to be upgraded at {} was taken by another thread: a guard stays with its thread.",
        place(location)
    ));
    // The run is over, or this thread unwinds. It cannot have the lock, so it never goes on.
    end_of_run::leave();
}

/// What is waited for is in use in another simulation.
#[cold]
pub(crate) fn fail_shared(location: &'static Location<'static>) {
    fail_misuse(format!(
        "what it waits for at {} belongs to another simulation that goes on in this process: it is a static that two \
         runs share. Give each run its own with labrpc::sync::RunStatic.",
        place(location)
    ));
}

/// A thread of one node does something to another one.
#[cold]
pub(super) fn fail_reach(kind: Kind, own: &str, other: &str) {
    fail_misuse(format!(
        "a thread of {own} reaches for {other} ({kind:?}): only the tester's threads make faults of other nodes, and start \
         threads there."
    ));
}

/// Ends the run. Returns where [`steps::fail`] does.
pub(crate) fn fail_misuse(message: String) {
    let cause = with_core(|core| Cause::Misuse { thread: core.current_name(), time_ns: core.now, message });
    steps::fail(cause);
}
