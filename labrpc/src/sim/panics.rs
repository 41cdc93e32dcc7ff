//! What a panic of a simulated thread said, and where.
//!
//! A panic's payload has the message but not the place; only the process's panic hook sees both. The hook that
//! this file installs, once, keeps them for panics of simulated threads, which are reported when the run ends
//! and so must not be printed as well, and hands every other panic on to the hook that was there before.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{context, end_of_run, steps};

/// Where a panic was and how it came there.
pub(crate) struct Origin {
    pub(crate) location: String,
    pub(crate) backtrace: Option<String>,
}

thread_local! {
    static LAST: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

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
                LAST.set(Some(origin(info)));
            } else {
                previous(info);
            }
        }));
    });
}

fn origin(info: &PanicHookInfo<'_>) -> Origin {
    let backtrace = if KEEPS_BACKTRACES.load(Ordering::Relaxed) {
        Backtrace::force_capture()
    } else {
        Backtrace::capture()
    };
    Origin {
        location: info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string()),
    }
}

/// The origin of the panic that was just caught on this OS thread.
pub(crate) fn take_origin() -> Option<Origin> {
    LAST.take()
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
