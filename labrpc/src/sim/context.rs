//! How a simulated thread reaches its scheduler.
//!
//! One OS thread runs one simulation, so the [`Core`] is a thread-local, and "am I simulated?" is the question
//! whether there is one. The facades go through the functions here and through nothing else.
//!
//! Two rules keep this sound. The core is never borrowed while stacks are switched, or while user code runs
//! (closures of users, destructors of users' values). And once the run is over, nothing changes any more: each function
//! here says what it does then.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::core::Core;
use super::event::Kind;
use super::fiber::Fiber;
use super::node::NodeId;
use super::threads::{Name, Waiter, Woken};
use super::timers::Due;
use super::words::{TracedMessage, Words};

thread_local! {
    static SIMULATED: Cell<bool> = const { Cell::new(false) };
    /// Without a destructor, so that it is there to the last: code under test may end the process, and then the C library
    /// drops what this OS thread has, while a simulated thread still runs.
    static CORE: RefCell<ManuallyDrop<Option<Box<Core>>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Whether the calling thread is part of a simulation.
#[inline]
pub(crate) fn is_simulated() -> bool {
    SIMULATED.get()
}

/// Installs or takes away this OS thread's simulation.
pub(crate) fn set_core(core: Option<Box<Core>>) -> Option<Box<Core>> {
    SIMULATED.set(core.is_some());
    ManuallyDrop::into_inner(CORE.replace(ManuallyDrop::new(core)))
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

/// As [`with_core`], for callers that may come from anywhere: `None` outside a simulation, and while the core is borrowed.
pub(crate) fn try_with_core<T>(act: impl FnOnce(&mut Core) -> T) -> Option<T> {
    CORE.with(|core| core.try_borrow_mut().ok()?.as_deref_mut().map(act))
}

/// A claim on the next wait of the running thread. Give it to whoever will wake it, then call
/// [`wait`](super::steps::wait).
#[inline]
pub(crate) fn waiter() -> Waiter {
    with_core(|core| core.waiter())
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

/// Starts a thread. Its body must not let a panic out. `None` once the run is over. If it is one of a scope, `borrows_from` is the
/// number of the thread from whose frames it may borrow.
///
/// # Errors
///
/// When the machine has no more memory or mappings for stacks.
pub(crate) fn start_thread(
    node: Option<NodeId>,
    name: Name,
    borrows_from: Option<u64>,
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
        let slot = core.start_thread(node, name, borrows_from, Fiber::new(stack, body));
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
    is_simulated() && try_with_core(|core| core.recorder.keeps_next()).unwrap_or(false)
}

/// Keeps a log line, or a mark, with the trace.
pub(crate) fn annotate(words: Words) {
    with_core(|core| core.annotate(words));
}
