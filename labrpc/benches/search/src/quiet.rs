//! Keeps silent about failures that are looked for: the tools tell of each on the error stream.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, Once, PoisonError};

use shuttle::scheduler::RandomScheduler;

/// The error stream as it was, while it leads nowhere.
static STDERR: Mutex<Option<File>> = Mutex::new(None);

/// While this lives the error stream leads nowhere: shuttle writes to it without asking, at each deadlock. Panics outside of
/// programs are still told, on the stream as it was.
#[derive(Debug)]
pub(crate) struct Silence(());

impl Silence {
    /// Where the stream cannot be led elsewhere it stays as it is: a table with noise is better than none.
    pub(crate) fn begin() -> Self {
        install_hook();
        if let (Ok(before), Ok(nowhere)) =
            (rustix::io::dup(rustix::stdio::stderr()), File::create("/dev/null"))
            && rustix::stdio::dup2_stderr(&nowhere).is_ok()
        {
            *kept() = Some(File::from(before));
        }
        Self(())
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = kept().take() {
            // If that fails nobody can be told.
            let _ = rustix::stdio::dup2_stderr(OwnedFd::from(before));
        }
    }
}

fn kept() -> std::sync::MutexGuard<'static, Option<File>> {
    STDERR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on panics in programs say nothing. labrpc's hook keeps silent by itself and hands on what is none of its
/// business; shuttle's, which it installs at its first run, prints. So it is made to install it now, and ours takes its place.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        shuttle::Runner::new(RandomScheduler::new_from_seed(0, 1), shuttle::Config::new()).run(|| ());
        std::panic::set_hook(Box::new(move |panic| {
            if crate::on_shuttle::is_running() {
                return;
            }
            match kept().as_mut() {
                // If that fails nobody can be told.
                Some(stderr) => _ = writeln!(stderr, "{panic}"),
                None => before(panic),
            }
        }));
    });
}
