//! The end of a run for the threads that are still there: what they own is dropped, and nothing that a destructor does then
//! can do harm.
//!
//! # What happens
//!
//! The outcome of a run is decided, and its report is written, before any destructor runs; nothing that follows can change
//! them. Then each thread that is left is resumed once more, and unwinds: first those that are in the middle of that
//! already, after a panic of their own, then all others from the youngest to the oldest. The closures of threads that never
//! began, and of calls that never came, are dropped in threads of their own.
//!
//! # What destructors see
//!
//! In the real world no destructor runs when a process ends: threads stop where they are. So ordinary code is not made
//! for it. A destructor that joins a thread, and unwraps what it gets, is right; but the thread that it joins will never
//! end now. An error in place of a result would be a panic in a destructor of a thread that unwinds, which
//! aborts the process. So nobody gets an answer that the world before the end would not have given:
//!
//! - What can be had without waiting is there as ever: a free lock, a message, room in a channel, the result of a thread that
//!   has ended. A handle that is dropped at the end leaves its channel open, and what is sent to it is dropped.
//! - What takes time and no more has passed at once: a sleep, and a wait with a deadline. The clock moves on.
//! - A call has no reply, which a call may always have.
//! - A lock that another thread holds is taken away from it, and that thread is left as it is: see [`super::lock_owners`]. Where it
//!   cannot be taken away, whoever wants it never goes on.
//! - Whoever would wait for something that only another thread can bring never goes on. It is *left*: its stack stays
//!   as it is for good, as if all that lies on it had been [forgotten](std::mem::forget). So is a thread that
//!   has caught the unwinding and goes on, and one whose destructors take more than [`STEPS_MAX`] steps.
//!
//! A destructor that panics by itself cannot be helped: the language gives an abort for it. Before that, in the panic
//! hook, the outcome is handed to whoever waits for it; and where the system lets it, the abort stops only the OS thread of
//! the simulation, for good (`abandoned`).
//!
//! # Why a thread can be left in the middle of unwinding
//!
//! It unwinds by an ordinary panic, which its own stack carries, and stops like a thread that waits in a destructor. The
//! standard library counts the panics of the OS thread, and this count stays up. Others must not take it for theirs: see
//! [`is_unwinding`](super::steps::is_unwinding).

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};

use super::context::{try_with_core, with_core};
use super::core::Core;
use super::fiber::{self, Fiber, Resumed};
use super::node::NodeId;
use super::threads::{Ending, NONE, Name, Wait, Woken};
use crate::thread::drop_locals;

/// The steps that the destructors of a thread may take: none needs as many, and a loop that never ends does not get far.
const STEPS_MAX: u32 = 10_000;

/// The locks that a thread may take before it is unwound; see [`before_a_lock`].
const LOCKS_MAX: u32 = 16;

/// What a thread that unwinds at the end of the run carries.
struct EndOfRun;

// ----- what a running thread does -----

/// The running thread takes a step, though the run is over. Returns in destructors only.
#[cold]
pub(super) fn step(is_unwinding: bool) {
    match with_core(|core| core.threads.slot(core.current).ending) {
        // It went on to get a lock, and has it now.
        Ending::Not if !is_unwinding => unwind(),
        // It has caught the unwinding, and goes on.
        Ending::Unwinding if !std::thread::panicking() => leave(),
        Ending::Not | Ending::Unwinding | Ending::Dropping => count(STEPS_MAX),
    }
}

/// The running thread is about to take a lock, though the run is over. It must not be unwound here: when a condition
/// variable, or `MutexGuard::unlocked`, takes the lock again, a panic would abort the process. So it goes on, and is
/// unwound at its next step that is not of this kind. A loop that does nothing but lock is left.
#[cold]
pub(super) fn before_a_lock(is_unwinding: bool) {
    match with_core(|core| core.threads.slot(core.current).ending) {
        Ending::Not if !is_unwinding => count(LOCKS_MAX),
        _ => step(is_unwinding),
    }
}

fn count(steps_max: u32) {
    let goes_on = with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        slot.steps_at_the_end += 1;
        slot.steps_at_the_end <= steps_max
    });
    if !goes_on {
        leave();
    }
}

/// The running thread would wait, though the run is over. Returns in destructors, where no other thread is needed for it.
#[cold]
pub(super) fn wait(wait: Wait, deadline: Option<u64>, is_unwinding: bool) -> Woken {
    if wait.lock().is_none() {
        step(is_unwinding);
    }
    match deadline {
        Some(deadline) => {
            with_core(|core| {
                let node = core.current_node();
                core.now = core.now.max(core.nodes[node.index()].global(deadline, core.now));
            });
            Woken::ByDeadline
        }
        None if matches!(wait, Wait::Reply(_)) => Woken::ByTheEnd,
        None => leave(),
    }
}

/// The running thread was resumed, and the run is over. Returns if it is to go on as it is. `is_in_doubt`: when it stopped,
/// some thread was in the middle of unwinding, perhaps this one.
#[cold]
pub(super) fn resumed(is_in_doubt: bool) {
    let goes_on = with_core(|core| {
        let slot = core.threads.slot(core.current);
        // One that waits in a destructor is unwinding already, and one that waits for a lock must have it
        // before it can be unwound.
        slot.is_unwinding || slot.is_locking
    });
    if goes_on {
        return;
    }
    // All who are known to unwind have ended by now, or were left. If none was left, this asks about this thread
    // alone. Else nobody can say, and a second panic would abort the process.
    if is_in_doubt && std::thread::panicking() {
        leave();
    }
    unwind();
}

/// Drops what is alive on the running thread's stack.
fn unwind() -> ! {
    if cfg!(panic = "abort") {
        leave();
    }
    with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        slot.has_panicked = true;
        slot.ending = Ending::Unwinding;
    });
    resume_unwind(Box::new(EndOfRun))
}

/// The running thread never goes on, and its destructors never run.
pub(crate) fn leave() -> ! {
    with_core(|core| {
        let slot = core.threads.slot_mut(core.current);
        slot.is_unwinding = std::thread::panicking();
    });
    fiber::suspend();
    unreachable!("a thread that was left is never resumed")
}

/// Drops what the running thread leaves when it ends, or was to work with and never will.
pub(super) fn drop_last(values: impl Sized) {
    with_core(|core| core.threads.slot_mut(core.current).ending = Ending::Dropping);
    // A panic of a destructor is nobody's business any more.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(values)));
    let _ = catch_unwind(drop_locals);
}

// ----- a destructor panics -----

thread_local! {
    /// What hands the outcome of this OS thread's run to whoever waits for it, though not all is dropped.
    static GIVE_UP: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
    /// The last panic that began in a thread that unwinds.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Says how the outcome is handed over, or that this is not needed any more.
pub(super) fn set_give_up(give_up: Option<Box<dyn FnOnce()>>) {
    GIVE_UP.set(give_up);
}

/// What the standard library says, by a second panic that cannot be caught, when a panic leaves a destructor of a thread that
/// unwinds. Then comes the abort. Should it say something else one day, the abort takes the process.
const IN_CLEANUP: &str = "panic in a destructor during cleanup";

/// Writes to standard error without the lock that std has around it: code under test may hold it for ever.
pub(super) fn remark(text: &str) {
    #[cfg(unix)]
    {
        use std::io::Write;
        use std::os::fd::AsFd;
        // Nobody to tell is no reason to fail.
        if let Ok(copy) = std::io::stderr().as_fd().try_clone_to_owned() {
            let _ = std::fs::File::from(copy).write_all(text.as_bytes());
        }
    }
    #[cfg(not(unix))]
    eprint!("{text}");
}

/// Called by the panic hook, before a panic that may be the end of this OS thread.
pub(super) fn panic_begins(info: &PanicHookInfo<'_>) {
    let thread = try_with_core(|core| {
        let unwinds = core.is_over
            && core.current != NONE
            && core.threads.slot(core.current).ending == Ending::Unwinding;
        unwinds.then(|| core.current_name())
    });
    let Some(thread) = thread.flatten() else { return };
    // A destructor may catch its own panic, and then nothing has happened.
    if info.payload_as_str() != Some(IN_CLEANUP) {
        LAST_PANIC.set(info.to_string());
        return;
    }
    let Some(give_up) = GIVE_UP.take() else { return };
    let said = LAST_PANIC.take();
    remark(&format!(
        "labrpc: the run was over, and a destructor of {thread} panicked while the thread was unwound. In the real world it \
         would not have run. The outcome of the run is what it was.\n{said}\n"
    ));
    fiber::count_left();
    fiber::count_thread_left();
    give_up();
    #[cfg(unix)]
    super::abandoned::abandon();
}

// ----- what the run loop does -----

/// The fibers of all threads, by slot. They are not in the core, because one of them runs while others borrow it.
pub(super) type Fibers = Vec<Option<Fiber>>;

/// Takes over the fibers of new threads.
pub(super) fn take_new_fibers(core: &mut Core, fibers: &mut Fibers) {
    for (slot, fiber) in core.new_fibers.drain(..) {
        let slot = slot as usize;
        if fibers.len() <= slot {
            fibers.resize_with(slot + 1, || None);
        }
        fibers[slot] = Some(fiber);
    }
}

/// Drops what the threads own that are left, and `rest`.
pub(super) fn drop_all(fibers: &mut Fibers, rest: Box<dyn FnOnce()>) {
    let (unwinding, others) = with_core(|core| {
        core.is_over = true;
        take_new_fibers(core, fibers);
        let by_age = core.threads.by_age().into_iter().rev();
        by_age.partition::<Vec<u32>, _>(|&index| core.threads.slot(index).is_unwinding)
    });
    for index in unwinding.into_iter().chain(others) {
        let Some(fiber) = fibers[index as usize].take() else { continue };
        if with_core(|core| core.threads.slot(index).is_left) {
            forget(index, fiber);
        } else {
            resume_last(index, fiber);
        }
    }
    // Calls that never came: what they own is dropped as well, and that may have a destructor of any kind.
    let calls = with_core(|core| {
        let mut calls = std::mem::take(&mut core.calls);
        calls.extend(core.timers.drain());
        calls.extend(core.nodes.iter_mut().flat_map(|node| std::mem::take(&mut node.on_crash)));
        calls.push(rest);
        // Last, as what was there before any thread began.
        let statics = std::mem::take(&mut core.statics);
        calls.push(Box::new(move || drop(statics)));
        calls
    });
    for call in calls {
        drop_in_a_thread(call);
    }
}

/// Lets a thread go on to its end; one that stops again is left.
fn resume_last(index: u32, mut fiber: Fiber) {
    with_core(|core| {
        core.current = index;
        // For whoever watches: it tells which thread does not come back.
        core.heartbeat.beat(index, core.now);
    });
    if fiber.resume() == Resumed::Finished {
        with_core(|core| {
            // A guard that it has left elsewhere keeps its lock: whoever gets this stack next may have it on the same place.
            core.threads.slot_mut(index).held.clear();
            core.stacks.give_back(fiber.into_stack());
        });
    } else {
        forget(index, fiber);
    }
    with_core(|core| core.current = NONE);
}

/// Leaves a thread with all that it has.
fn forget(index: u32, fiber: Fiber) {
    std::mem::forget(with_core(|core| std::mem::take(&mut core.threads.slot_mut(index).locals)));
    fiber.leak();
}

/// Drops a value where its destructor can be left.
fn drop_in_a_thread(value: Box<dyn FnOnce()>) {
    let started = with_core(|core| {
        let Ok(stack) = core.stacks.take() else { return Err(value) };
        let index = core.threads.add(NodeId::TESTER, Name::Static("end of the run"));
        let fiber = Fiber::new(stack, Box::new(|| drop_last(value)));
        core.threads.slot_mut(index).stack = fiber.stack();
        Ok((index, fiber))
    });
    match started {
        Ok((index, fiber)) => {
            resume_last(index, fiber);
            with_core(|core| core.threads.remove(index));
        }
        // No memory is left for it, so it keeps what it has.
        Err(value) => std::mem::forget(value),
    }
}
