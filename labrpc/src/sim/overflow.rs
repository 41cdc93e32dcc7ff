//! Says so when a simulated thread overflows its stack.
//!
//! Below each stack lies a page that nobody may touch. Touching it is a segmentation fault like any other, and without a
//! word the process would be gone. A signal handler looks whether the address lies in the guard page of the thread that
//! runs, and says it, with the thread and the run. It then leaves the fault to whoever was in charge before: it happens again, and ends the process as
//! ever.
//!
//! The rules: a handler may only do what is safe at any moment, so it writes what lies there and neither allocates nor locks;
//! and it looks into the scheduler only if nobody has borrowed it.
//! It runs on the signal stack that std gives every OS thread, since the thread's own has no room.

#![allow(unsafe_code, reason = "a signal handler is installed here, and nothing else that is unsafe")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use super::context;

/// What is said. Programs that run tests in processes look for "has overflowed its stack", which are std's words.
const TEXT: &str = "\na simulated thread has overflowed its stack: most often a recursion without end \
                    (Sim::stack_bytes sets the size)\n";

/// The faults that a guard page can cause: the first on Linux, the second on macOS.
const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

thread_local! {
    /// The lowest address of the guard page of the simulated thread that runs on this OS thread; 0 if none runs.
    static GUARD: Cell<usize> = const { Cell::new(0) };
}

/// Who was in charge of [`SIGNALS`] before, and the size of a page.
static BEFORE: OnceLock<([libc::sigaction; 2], usize)> = OnceLock::new();

/// A thread whose stack ends at `limit`, guard page included, is about to run; or none is, if that is 0.
pub(super) fn set_guard(limit: usize) {
    GUARD.set(limit);
}

/// Installs the handler, once.
pub(super) fn install_handler() {
    BEFORE.get_or_init(|| {
        // SAFETY: the argument is a name that exists, and the call has no other requirement.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        (SIGNALS.map(current_action), page)
    });
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        for signal in SIGNALS {
            let mut action = current_action(signal);
            action.sa_sigaction =
                on_fault as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            // SAFETY: the action is a whole one, and its handler does only what is allowed at any moment.
            unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        }
    });
}

fn current_action(signal: c_int) -> libc::sigaction {
    // SAFETY: all zeros are a valid action, and the call only writes to it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, ptr::null(), &raw mut action);
        action
    }
}

fn write(text: &str) {
    // SAFETY: the text is as long as it says. That it cannot be written changes nothing any more.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    let Some((before, page)) = BEFORE.get() else { return };
    // SAFETY: with SA_SIGINFO the system passes a valid `info`.
    let address = unsafe { (*info).si_addr() } as usize;
    let guard = GUARD.get();
    if guard != 0 && (guard..guard + page).contains(&address) {
        write(TEXT);
        context::try_with_core(|core| core.name_thread_and_run(write));
    }
    let previous = if signal == SIGNALS[0] { &before[0] } else { &before[1] };
    // SAFETY: the action came from the system. When this returns, the fault happens again, for it to handle.
    unsafe { libc::sigaction(signal, previous, ptr::null_mut()) };
}
