//! Says so when code under test ends the process in the middle of a run, and makes a failure of it.
//!
//! `std::process::exit(0)` in a simulated thread ends the test program, or whatever has made the run, with exit code 0: a pass, of
//! tests that have not run. So the first run of a process registers a function that the C library calls when the process exits. If
//! it is called in a simulated thread it says who has called what, and where, and ends the process with [`EXIT_CODE`].
//!
//! Not seen: an exit by a thread of the system; `_exit` and what replaces the process by another (`exec`), of which the C library
//! tells nobody; anything but Unix. What aborts ends with a signal, which is no pass. Whoever runs code that is not to be trusted runs it in
//! a process of its own, as `cargo lab grade` does.

#![allow(unsafe_code, reason = "a function is given to the C library, and the process ended by it")]

use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a process that code under test has ended.
#[cfg(unix)]
const EXIT_CODE: i32 = 1;

/// Somebody else watches how this process ends.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// An exit in a simulated thread of this process is as any other from now on: nothing is said, and the exit code is what was asked for.
/// For workers: processes that make runs for another one, which sees how they end.
pub fn allow_exits() {
    IS_WATCHED.store(true, Ordering::Relaxed);
}

/// Watches how the process ends. Called before each run.
pub(super) fn watch() {
    #[cfg(unix)]
    {
        static REGISTERED: std::sync::Once = std::sync::Once::new();
        REGISTERED.call_once(|| {
            // SAFETY: the function stays, and may be called at any exit. That it could not be registered is no reason to fail:
            // then nothing is seen.
            let _ = unsafe { libc::atexit(on_exit) };
        });
    }
}

#[cfg(unix)]
extern "C" fn on_exit() {
    use super::context::{is_simulated, try_with_core};
    // The other threads of the process still run, so it may be any exit. In one that is simulated, it is that of its code.
    if !is_simulated() || IS_WATCHED.load(Ordering::Relaxed) {
        return;
    }
    let place = super::frames::innermost(&std::backtrace::Backtrace::force_capture());
    let mut text = format!(
        "\nlabrpc: the code under test ended the process (std::process::exit) in the middle of a run{}. What the program was to \
         check is not checked, so its exit code is {EXIT_CODE}. Return from the thread instead, or panic.\n",
        place.map(|place| format!(", at {place}")).unwrap_or_default()
    );
    try_with_core(|core| core.name_thread_and_run(|piece| text.push_str(piece)));
    super::end_of_run::remark(&text);
    // SAFETY: the call has no requirement. What other exit functions were to do is not done, as after a crash: they may wait for
    // what only this thread could do.
    unsafe { libc::_exit(EXIT_CODE) }
}
