//! Keeps the process alive when it would be aborted because of a destructor that nobody needs any more.
//!
//! A panic in a destructor of a thread that unwinds is an abort: the language knows nothing else to do. If the thread
//! unwinds only because its run is over, then the outcome of the run is known and has been handed over, and nobody
//! waits for this OS thread. So it stops here, in the handler of the abort's signal, for good, with all that it has.
//!
//! The rules: a handler may only do what is safe at any moment, so it looks at one thread-local and sleeps. Any other abort
//! goes on as ever: the handler hands it to whoever was in charge before.

#![allow(unsafe_code, reason = "a signal handler is installed here, and nothing else that is unsafe")]

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::OnceLock;

thread_local! {
    /// Nobody waits for this OS thread.
    static IS_ABANDONED: Cell<bool> = const { Cell::new(false) };
}

/// Who was in charge of the signal before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// From now on nobody waits for the calling OS thread, and it may stop anywhere.
pub(super) fn abandon() {
    IS_ABANDONED.set(true);
    BEFORE.get_or_init(|| {
        // SAFETY: all zeros are a valid action for the call to write to. The new one is a whole one, and its handler does
        // only what is allowed at any moment.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGABRT, ptr::null(), &raw mut before);
            let mut action = before;
            action.sa_sigaction = on_abort as extern "C" fn(c_int) as usize;
            action.sa_flags = 0;
            libc::sigaction(libc::SIGABRT, &raw const action, ptr::null_mut());
            before
        }
    });
}

extern "C" fn on_abort(signal: c_int) {
    while IS_ABANDONED.get() {
        // SAFETY: it sleeps, and needs nothing for that.
        unsafe { libc::pause() };
    }
    let Some(before) = BEFORE.get() else { return };
    // SAFETY: the action came from the system, and both calls are allowed in a handler. The signal comes again when this
    // returns, for whoever was in charge.
    unsafe {
        libc::sigaction(signal, before, ptr::null_mut());
        libc::raise(signal);
    }
}
