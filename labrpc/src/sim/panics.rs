//! What a panic of a simulated thread said, and where.
//!
//! A panic's payload has the message but not the place; only the process's panic hook sees both. The hook that
//! this file installs, once, keeps them for panics of simulated threads, which are reported when the run ends
//! and so must not be printed as well, and hands every other panic on to the hook that was there before.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cause::PanicOrigin;
use super::threads::NONE;
use super::{context, end_of_run, frames, steps};

/// Whether stacks are kept although `RUST_BACKTRACE` does not ask for them.
static KEEPS_BACKTRACES: AtomicBool = AtomicBool::new(false);

/// From now on the reports of panics in simulated threads have their stack, in the whole process, as with
/// `RUST_BACKTRACE=1`.
pub fn keep_backtraces() {
    KEEPS_BACKTRACES.store(true, Ordering::Relaxed);
}

/// Installs the hook if it is not there yet.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if context::is_simulated() {
                // Before anything unwinds: destructors ask from the first one on whether their thread is the
                // one that panics.
                steps::panic_begins();
                end_of_run::panic_begins(info);
                keep_origin(info);
            } else {
                previous(info);
            }
        }));
    });
}

/// Keeps what is seen of a panic with its thread, until the panic is reported.
fn keep_origin(info: &PanicHookInfo<'_>) {
    let backtrace = if KEEPS_BACKTRACES.load(Ordering::Relaxed) {
        Backtrace::force_capture()
    } else {
        Backtrace::capture()
    };
    let origin = Box::new(PanicOrigin {
        message: message(info.payload()),
        location: info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then(|| frames::shown(&backtrace)),
    });
    // In the run loop no thread runs; and a panic in the core itself has nobody to report it.
    context::try_with_core(|core| {
        if core.current != NONE {
            let current = core.current;
            core.threads.slot_mut(current).origin = Some(origin);
        }
    });
}

/// The message of a panic, if it is text, as nearly all are.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(the panic carried a value that is not text)".to_owned()
    }
}
