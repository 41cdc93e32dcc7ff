//! How a simulated thread reaches its scheduler.
//!
//! One OS thread runs one simulation, so the [`Core`] is a thread-local, and "am I simulated?" is the question
//! whether there is one. The facades go through the functions here and through nothing else.
//!
//! Two rules keep this sound. The core is never borrowed while stacks are switched, or while user code runs
//! (closures of users, destructors of users' values). And once the run is over, nothing waits: each function here
//! says what it does then.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::Arc;

use super::cause::Cause;
use super::core::Core;
use super::event::Kind;
use super::fiber::{self, Fiber};
use super::node::NodeId;
use super::threads::{NONE, Name, Slot, Wait, Waiter, Woken};
use super::timers::Due;
use super::words::TracedMessage;

thread_local! {
    static SIMULATED: Cell<bool> = const { Cell::new(false) };
    static CORE: RefCell<Option<Box<Core>>> = const { RefCell::new(None) };
}

/// Whether the calling thread is part of a simulation.
#[inline]
pub(crate) fn is_simulated() -> bool {
    SIMULATED.get()
}

/// Installs or takes away this OS thread's simulation.
pub(crate) fn set_core(core: Option<Box<Core>>) -> Option<Box<Core>> {
    SIMULATED.set(core.is_some());
    CORE.replace(core)
}

/// Whether the simulation `run`, of which the calling thread is part, goes on. `None` if it is not part of it.
#[inline]
pub(crate) fn is_in(run: u32) -> Option<bool> {
    if !is_simulated() {
        return None;
    }
    with_core(|core| (core.run == run).then_some(!core.is_over))
}

/// Borrows the core. `act` must not call user code, drop users' values or switch stacks.
#[inline]
pub(crate) fn with_core<T>(act: impl FnOnce(&mut Core) -> T) -> T {
    CORE.with_borrow_mut(|core| act(core.as_mut().expect("the caller runs inside a simulation")))
}

/// Goes back to the run loop, which resumes whoever was picked. Returns when this thread is resumed.
pub(crate) fn give_way() {
    fiber::suspend();
}

/// Whether the running thread unwinds, after a panic of its own or at the end of the run.
///
/// The standard library counts panics by OS thread, so while one simulated thread waits in a destructor, it says yes for
/// all of them. And a panic that goes on with `resume_unwind` begins unnoticed: it is the running thread's if it can be
/// nobody else's.
#[inline]
pub(crate) fn is_unwinding() -> bool {
    std::thread::panicking()
        // A panic has begun in this thread. Or one has begun unnoticed, and no other thread is in the middle
        // of one: then it is this one's.
        && with_core(|core| {
            let waits_in_a_destructor = |slot: &Slot| slot.is_unwinding;
            core.threads.slot(core.current).has_panicked
                || !core.threads.slots.iter().any(waits_in_a_destructor)
        })
}

/// A panic has begun in the running thread.
pub(crate) fn panic_begins() {
    // In the run loop no thread runs; and a panic in the core itself must not be made worse.
    CORE.with(|core| {
        if let Ok(mut core) = core.try_borrow_mut()
            && let Some(core) = core.as_mut()
            && core.current != NONE
        {
            let current = core.current;
            core.threads.slot_mut(current).has_panicked = true;
        }
    });
}

/// A scheduling point: the running thread is about to do something that others can see.
///
/// Does nothing while the thread unwinds, after a panic or at the end of the run: what destructors do then is not worth
/// exploring, and must not be torn apart.
#[inline]
pub(crate) fn step(kind: Kind, payload: u64, location: &'static Location<'static>) {
    if is_unwinding() {
        return;
    }
    // Once the run is over, giving way is the end of the thread.
    if with_core(|core| core.is_over || core.step(kind, payload, location)) {
        give_way();
    }
}

/// As [`step`], for an operation before which no other thread need run.
#[inline]
pub(crate) fn step_without_choice(kind: Kind, location: &'static Location<'static>) {
    if is_unwinding() {
        return;
    }
    if with_core(|core| core.is_over || core.step_without_choice(kind, location)) {
        give_way();
    }
}

/// How many locks a thread may still take when the run is over; see [`step_to_lock`].
const LOCKS_AT_THE_END_MAX: u32 = 16;

/// The scheduling point before a lock is taken. The thread counts as being about to lock until
/// [`Core::locking_ends`]. Returns the place to show for the lock.
///
/// A thread that is to be unwound must not be unwound from here: when a condition variable, or
/// `MutexGuard::unlocked`, takes the lock again, a panic would abort the process. So it goes on, gets its lock, and
/// is unwound at the next step that is not of this kind. A loop that does nothing but lock ends as well.
#[inline]
pub(crate) fn step_to_lock(kind: Kind, location: &'static Location<'static>) -> &'static Location<'static> {
    let unwinding = is_unwinding();
    let (gives_way, shown) = with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        // A lock that is taken back after a wait is shown where the user waits. `location` is in the library
        // then.
        let waited_at = slot.relocks.take();
        let shown = waited_at.unwrap_or(location);
        if unwinding {
            return (false, shown);
        }
        // From here to the lock, the end of the run must not unwind this thread.
        slot.is_locking = true;
        if core.is_over {
            // The lock can be had at once: it is taken away from whoever has it, who then never runs again.
            slot.locks_at_the_end += 1;
            return (slot.locks_at_the_end > LOCKS_AT_THE_END_MAX, shown);
        }
        (core.step(kind, 0, location), shown)
    });
    if gives_way {
        give_way();
    }
    shown
}

/// A scheduling point at which the running thread lets all others go first, as far as the policy knows order.
pub(crate) fn step_aside(location: &'static Location<'static>) {
    if is_unwinding() {
        return;
    }
    let switch = with_core(|core| {
        if core.is_over {
            return true;
        }
        // The mark comes first: without it a yield right after a wait would be passed over, as the first
        // operation after a wait is.
        core.step_aside();
        core.step(Kind::Yield, 0, location)
    });
    if switch {
        give_way();
    }
}

/// A claim on the next wait of the running thread. Give it to whoever will wake it, then call [`wait`].
#[inline]
pub(crate) fn waiter() -> Waiter {
    with_core(|core| core.waiter())
}

/// Blocks the running thread until it is woken or `deadline` (on its node's clock, in nanoseconds) passes.
/// Spurious wake-ups do not happen, but what was waited for may be gone again: look again.
pub(crate) fn wait(wait: Wait, deadline: Option<u64>, location: &'static Location<'static>) -> Woken {
    let unwinding = is_unwinding();
    let is_over = with_core(|core| {
        if !core.is_over {
            core.begin_wait(wait, deadline, location);
            let current = core.current;
            // If it unwinds, `std::thread::panicking` is true for all other threads as well until it goes on.
            core.threads.slot_mut(current).is_unwinding = unwinding;
        }
        core.is_over
    });
    // A destructor that would have to wait. Giving way is the end of a thread now, and to unwind one that
    // unwinds aborts the process.
    if is_over && unwinding {
        return Woken::ByTheEnd;
    }
    give_way();
    with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        slot.is_unwinding = false;
        // A wait for a lock or for a channel ends with something taken, which others see. The operation after
        // it is a choice again.
        slot.is_unobserved = wait.ends_unobserved();
        slot.woken
    })
}

/// Wakes a thread, if it still waits.
#[inline]
pub(crate) fn wake(waiter: Waiter) {
    with_core(|core| {
        if !core.is_over {
            core.wake(waiter, Woken::ByPeer);
        }
    });
}

/// Whether the run is over and threads are being unwound.
#[inline]
pub(crate) fn is_over() -> bool {
    with_core(|core| core.is_over)
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

/// Starts a thread. Its body must not let a panic out. `None` once the run is over.
///
/// # Errors
///
/// When the machine has no more memory or mappings for stacks.
pub(crate) fn start_thread(
    node: Option<NodeId>,
    name: Name,
    body: Box<dyn FnOnce()>,
) -> std::io::Result<Option<(u32, u64)>> {
    with_core(|core| {
        if core.is_over {
            return Ok(Err(body));
        }
        // The new thread is there for all to see, though to start it is no step.
        core.becomes_observed();
        let node = node.unwrap_or_else(|| core.current_node());
        let stack = match core.stacks.take() {
            Ok(stack) => stack,
            Err(error) => return Err((error, body)),
        };
        let slot = core.start_thread(node, name, Fiber::new(stack, body));
        Ok(Ok((slot, core.threads.slot(slot).number)))
    })
    // The body of a refused thread is dropped here, where the core is not borrowed.
    .map(Result::ok)
    .map_err(|(error, _body)| error)
}

/// Runs `call` in the run loop after `delay_ns` of virtual time. It must not block. Dropped without being
/// called if the run ends before.
pub(crate) fn call_after(delay_ns: u64, call: Box<dyn FnOnce()>) {
    let refused = with_core(|core| {
        if core.is_over {
            return Some(call);
        }
        let deadline = core.now.saturating_add(delay_ns);
        core.timers.set(deadline, Due::Call(call));
        None
    });
    // Not inside: what the call owns may be the last handle to a network, whose end borrows the core.
    drop(refused);
}

/// Runs `call` in the run loop when `node` crashes. It must not block. Dropped without being called if the run ends
/// before, or if the node has been crashed already.
pub(crate) fn on_crash(node: NodeId, call: Box<dyn FnOnce()>) {
    let refused = with_core(|core| {
        let node = &mut core.nodes[node.index()];
        if core.is_over || node.is_crashed {
            return Some(call);
        }
        node.on_crash.push(call);
        None
    });
    drop(refused);
}

/// The time on the clock of the running thread's node, in nanoseconds since the start of the run.
#[inline]
pub(crate) fn now() -> u64 {
    with_core(|core| core.local_now())
}

/// The name of the running thread's node and its own, for log lines and reports.
pub(crate) fn current_names() -> (Arc<str>, String) {
    with_core(|core| {
        let node = core.current_node();
        (core.nodes[node.index()].name_arc(), core.thread_shown())
    })
}

/// Records an event. `detail` is called only when the event is kept in full.
pub(crate) fn record(kind: Kind, payload: u64, detail: impl FnOnce() -> String) {
    with_core(|core| {
        // The trace was closed before the threads were unwound. What destructors do then is no part of the
        // run.
        if !core.is_over {
            core.record_with(kind, payload, detail);
        }
    });
}

/// Records an event about a message.
pub(crate) fn record_message(kind: Kind, payload: u64, message: Box<TracedMessage>) {
    let message = with_core(|core| {
        if core.is_over {
            return Some(message);
        }
        core.record_message(kind, payload, message);
        None
    });
    drop(message);
}

/// Whether the caller is part of a simulation that keeps its next event in full.
pub(crate) fn keeps_trace() -> bool {
    // Log lines can come from anywhere, also from destructors in places where the core is borrowed.
    is_simulated()
        && CORE.with(|core| {
            core.try_borrow().is_ok_and(|core| core.as_ref().is_some_and(|core| core.recorder.keeps_next()))
        })
}

/// Keeps a log line with the trace.
pub(crate) fn annotate(text: String) {
    with_core(|core| core.annotate(text));
}
