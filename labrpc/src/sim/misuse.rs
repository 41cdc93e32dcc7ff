//! Misuse that ends a run, with what was wrong and what to do instead.

use std::panic::Location;

use super::cause::Cause;
use super::context::{self, with_core};
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

/// At the end of a run a thread locks what it has itself locked: nobody will ever give that back, and to let it in would
/// make two guards of one lock. So it is left as it is.
///
/// # Aborts
///
/// If the thread unwinds: then it cannot be left.
#[cold]
pub(crate) fn leave_self_deadlock(taken_at: &Location<'_>, location: &'static Location<'static>) -> ! {
    if !context::is_unwinding() {
        with_core(|core| {
            let current = core.current;
            core.threads.slot_mut(current).is_left = true;
        });
        // Nobody resumes it again.
        context::give_way();
    }
    eprintln!(
        "labrpc: at the end of the run a destructor of {} locks at {} what it has itself locked at {}. It would wait for \
         itself for ever, so the process ends here. Drop the first guard before.",
        with_core(|core| core.current_name()),
        place(location),
        place(taken_at)
    );
    std::process::abort()
}

/// A lock is held by nobody of this simulation.
pub(crate) fn fail_foreign(location: &'static Location<'static>) {
    fail_misuse(format!(
        "the lock wanted at {} is held by a thread outside this simulation, or by a guard that was forgotten. \
         Threads of a simulation may share locks only with each other: use labrpc::thread::spawn.",
        place(location)
    ));
}

/// Ends the run. Returns where [`context::fail`] does.
pub(crate) fn fail_misuse(message: String) {
    let cause = with_core(|core| Cause::Misuse { thread: core.current_name(), time_ns: core.now, message });
    context::fail(cause);
}
