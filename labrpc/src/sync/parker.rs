//! Parking that belongs to whoever has the parker, and not to the thread.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::{Arc, Condvar, Mutex};
use crate::time::Instant;

/// Blocks its thread until somebody unparks it. Unlike [`thread::park`](crate::thread::park), nobody else can spend the
/// unpark, and nothing but an unpark or the time ends the wait.
///
/// # Differences from `crossbeam_utils::sync::Parker`
///
/// It cannot be made of a raw pointer, nor a raw pointer of it.
pub struct Parker {
    unparker: Unparker,
    /// As crossbeam's, it can go to another thread and not be shared with one.
    _no_sync: PhantomData<Cell<()>>,
}

/// Unparks the thread that has the [`Parker`] of which it was made. Clone it to do so from several threads.
///
/// # Differences from `crossbeam_utils::sync::Unparker`
///
/// As [`Parker`].
#[derive(Clone)]
pub struct Unparker(Arc<Shared>);

struct Shared {
    /// Somebody has unparked, and no park has spent it yet.
    token: Mutex<bool>,
    unparked: Condvar,
}

impl Parker {
    /// A parker that nobody has unparked.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { token: Mutex::new(false), unparked: Condvar::new() };
        Self { unparker: Unparker(Arc::new(shared)), _no_sync: PhantomData }
    }

    /// Blocks the calling thread until somebody unparks it, or returns at once if that was done since the last park.
    #[track_caller]
    pub fn park(&self) {
        let shared = &self.unparker.0;
        let mut token = shared.token.lock();
        shared.unparked.wait_while(&mut token, |token| !*token);
        *token = false;
    }

    /// As [`park`](Self::park), but for `timeout` at most.
    #[track_caller]
    pub fn park_timeout(&self, timeout: Duration) {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.park_deadline(deadline),
            None => self.park(),
        }
    }

    /// As [`park`](Self::park), but until `deadline` at most.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn park_deadline(&self, deadline: Instant) {
        let shared = &self.unparker.0;
        let mut token = shared.token.lock();
        shared.unparked.wait_while_until(&mut token, |token| !*token, deadline);
        *token = false;
    }

    /// What unparks this parker.
    #[must_use]
    pub fn unparker(&self) -> &Unparker {
        &self.unparker
    }
}

impl Unparker {
    /// Lets the current or the next park return. Several unparks before a park are one.
    #[track_caller]
    pub fn unpark(&self) {
        *self.0.token.lock() = true;
        self.0.unparked.notify_all();
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parker { .. }")
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unparker { .. }")
    }
}
