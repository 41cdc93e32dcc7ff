//! What a running thread does that others can see: it takes steps, waits, and ends the run.
//!
//! Each of these may switch to another thread. Once the run is over there is none to switch to, and
//! [`end_of_run`](super::end_of_run) says what happens instead.

use std::panic::Location;

use super::cause::Cause;
use super::context::{is_over, try_with_core, with_core};
use super::core::Core;
use super::end_of_run;
use super::event::Kind;
use super::fiber;
use super::object::On;
use super::threads::{NONE, Slot, Wait, Woken};

/// Goes back to the run loop, which resumes whoever was picked. Returns when this thread is resumed.
pub(super) fn give_way() {
    if is_over() {
        end_of_run::step(is_unwinding());
        return;
    }
    let is_in_doubt = std::thread::panicking();
    fiber::suspend();
    if is_over() {
        end_of_run::resumed(is_in_doubt);
    }
}

/// Whether the running thread unwinds, after a panic of its own or at the end of the run.
///
/// The standard library counts panics by OS thread, so while one simulated thread waits in a destructor, it says yes for
/// all of them. And a panic that goes on with `resume_unwind` begins unnoticed: it is the running thread's if it can be
/// nobody else's.
#[inline]
pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking() && with_core(|core| core.current != NONE && is_panic_of_current(core))
}

/// Whether it is the running thread that unwinds, if one does: a panic has begun in it, or one has begun unnoticed, and no
/// other thread is in the middle of one.
pub(super) fn is_panic_of_current(core: &Core) -> bool {
    let waits_in_a_destructor = |slot: &Slot| slot.is_unwinding;
    core.threads.slot(core.current).has_panicked || !core.threads.slots.iter().any(waits_in_a_destructor)
}

/// The running thread, which unwinds, is about to wait in a destructor. From now on the standard library says of every
/// thread that it unwinds.
fn waits_while_unwinding(core: &mut Core) {
    let is_first = !core.threads.slots.iter().any(|slot| slot.is_unwinding);
    if is_first {
        // So no other thread is in the middle of a panic, whatever it has caught before.
        core.threads.slots.iter_mut().for_each(|slot| slot.has_panicked = false);
    }
    let slot = core.threads.slot_mut(core.current);
    slot.has_panicked = true;
    slot.is_unwinding = true;
}

/// A panic has begun in the running thread.
pub(super) fn panic_begins() {
    // In the run loop no thread runs; and a panic in the core itself must not be made worse.
    try_with_core(|core| {
        if core.current != NONE {
            core.threads.slot_mut(core.current).has_panicked = true;
        }
    });
}

/// A scheduling point in a destructor of a thread that unwinds. What it does is not worth exploring, and must not be torn
/// apart.
#[cold]
fn step_of_a_destructor() {
    if is_over() {
        end_of_run::step(true);
    }
}

/// A scheduling point: the running thread is about to do something that others can see.
///
/// Does nothing while the thread unwinds, after a panic or at the end of the run: what destructors do then is not worth
/// exploring, and must not be torn apart.
#[inline]
pub(crate) fn step(kind: Kind, payload: u64, location: &'static Location<'static>) {
    step_to(kind, On::Nothing, payload, location);
}

/// As [`step`], before an operation on something that threads share.
#[inline]
pub(crate) fn step_on(kind: Kind, on: On<'_>, location: &'static Location<'static>) {
    step_to(kind, on, 0, location);
}

#[inline]
fn step_to(kind: Kind, on: On<'_>, payload: u64, location: &'static Location<'static>) {
    if is_unwinding() {
        return step_of_a_destructor();
    }
    // Once the run is over, giving way is the end of the thread.
    if with_core(|core| core.is_over || core.step(kind, on, payload, location)) {
        give_way();
    }
}

/// As [`step`], for an operation before which no other thread need run.
#[inline]
pub(crate) fn step_without_choice(kind: Kind, location: &'static Location<'static>) {
    if is_unwinding() {
        return step_of_a_destructor();
    }
    if with_core(|core| core.is_over || core.step_without_choice(kind, location)) {
        give_way();
    }
}

/// The scheduling point before a lock is taken. The thread counts as being about to lock until
/// [`Core::locking_ends`](super::core::Core::locking_ends): the end of the run must not unwind it from here. Returns the
/// place to show for the lock.
#[inline]
pub(super) fn step_to_lock(
    kind: Kind,
    on: On<'_>,
    location: &'static Location<'static>,
) -> &'static Location<'static> {
    let unwinding = is_unwinding();
    let (is_over, gives_way, shown) = with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        // A lock that is taken back after a wait is shown where the user waits. `location` is in the library
        // then.
        let waited_at = slot.relocks.take();
        let shown = waited_at.unwrap_or(location);
        if unwinding || core.is_over {
            return (core.is_over, false, shown);
        }
        slot.is_locking = true;
        let gives_way = core.step(kind, on, 0, location);
        core.threads.slot_mut(core.current).last_step = Some(shown);
        (false, gives_way, shown)
    });
    if is_over {
        end_of_run::before_a_lock(unwinding);
    } else if gives_way {
        give_way();
    }
    shown
}

/// A scheduling point at which the running thread lets all others go first, as far as the policy knows order.
pub(crate) fn step_aside(location: &'static Location<'static>) {
    if is_unwinding() {
        return step_of_a_destructor();
    }
    let switch = with_core(|core| {
        if core.is_over {
            return true;
        }
        // The mark comes first: without it a yield right after a wait would be passed over, as the first
        // operation after a wait is.
        core.step_aside();
        core.step(Kind::Yield, On::Nothing, 0, location)
    });
    if switch {
        give_way();
    }
}

/// How often a thread may look at the clock and do nothing else.
const LOOKS_MAX: u32 = 1_000;

/// The running thread looks at the clock, which is no step: others cannot see it. But a loop that does nothing else waits
/// for time to pass, and only steps take time. So each further look is one.
pub(crate) fn look_at_the_clock(location: &'static Location<'static>) {
    let looks = with_core(|core| {
        if core.current == NONE {
            return 0;
        }
        let slot = core.threads.slot_mut(core.current);
        slot.looks += 1;
        slot.looks
    });
    if looks > LOOKS_MAX {
        step_aside(location);
        with_core(|core| core.threads.slot_mut(core.current).looks = LOOKS_MAX);
    }
}

/// Blocks the running thread until it is woken or `deadline` (on its node's clock, in nanoseconds) passes.
/// Spurious wake-ups do not happen, but what was waited for may be gone again: look again.
pub(crate) fn wait(wait: Wait, deadline: Option<u64>, location: &'static Location<'static>) -> Woken {
    let unwinding = is_unwinding();
    let was_over = with_core(|core| {
        if !core.is_over {
            core.begin_wait(wait, deadline, location);
            if unwinding {
                waits_while_unwinding(core);
            }
        }
        core.is_over
    });
    if was_over {
        return end_of_run::wait(wait, deadline, unwinding);
    }
    give_way();
    let (is_over, woken) = with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        slot.is_unwinding = false;
        // A wait for a lock or for a channel ends with something taken, which others see. The operation after
        // it is a choice again.
        slot.is_unobserved = wait.ends_unobserved();
        (core.is_over, slot.woken)
    });
    if !is_over {
        return woken;
    }
    // Whoever waits for a lock looks first whether it can be had now.
    if wait.lock().is_some() { Woken::ByTheEnd } else { end_of_run::wait(wait, deadline, unwinding) }
}

/// Ends the run with a failure. The calling thread never runs again, so this does not return, except once the
/// run is over, or while the thread unwinds after a panic.
pub(crate) fn fail(cause: Cause) {
    // A thread that is being unwound must come to the end of its destructors.
    let goes_on = is_unwinding();
    let is_over = with_core(|core| {
        if !core.is_over {
            core.fail(cause);
        }
        core.is_over
    });
    if !is_over && !goes_on {
        give_way();
    }
}
