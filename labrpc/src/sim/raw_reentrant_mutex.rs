//! The raw lock under [`sync::ReentrantMutex`](crate::sync::ReentrantMutex): [`RawMutex`], which its holder may take again.

#![allow(unsafe_code, reason = "what only the holder may touch lies in a cell")]

use std::cell::{Cell, UnsafeCell};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::hold::Hold;
use super::raw_lock::{RawLock, Until};
use super::raw_mutex::RawMutex;
use super::raw_thread_id::current_thread_id;
use super::threads::Side;

/// A reentrant mutex without data, of both worlds. All guards of its holder share one hold.
pub(crate) struct RawReentrantMutex {
    mutex: RawMutex,
    /// Who holds it: the thread's number; 0 if nobody does. Only the holder writes its own, so a thread that reads it is the
    /// holder, and nobody else takes it for one.
    owner: AtomicUsize,
    /// The number of the hold of `mutex`, while there is an owner.
    hold_number: AtomicU64,
    /// The hold, and how many guards share it.
    shared: UnsafeCell<Option<Hold>>,
    guards: Cell<usize>,
}

// SAFETY: `shared` and `guards` are touched only by who holds `mutex`, and a hold may be shared.
unsafe impl Sync for RawReentrantMutex {}

// SAFETY: the hold that lies here is data: only guards, which stay with their thread, give it back.
unsafe impl Send for RawReentrantMutex {}

impl RawReentrantMutex {
    /// Whether the calling thread holds it.
    pub(crate) fn is_owned(&self) -> bool {
        self.owner.load(Relaxed) == current_thread_id().get()
    }
}

// SAFETY: `mutex` excludes all but the owner, who gets the hold that is there. A hold that was taken away, or given back, is not
// that of `hold_number`, which is set anew by whoever takes `mutex` next: there is no other thread's step between.
unsafe impl RawLock for RawReentrantMutex {
    const INIT: Self = Self {
        mutex: RawMutex::INIT,
        owner: AtomicUsize::new(0),
        hold_number: AtomicU64::new(0),
        shared: UnsafeCell::new(None),
        guards: Cell::new(0),
    };

    #[inline]
    fn take(&self, _side: Side, until: Until, location: &'static Location<'static>) -> Option<Hold> {
        let id = current_thread_id().get();
        if self.owner.load(Relaxed) != id {
            let hold = self.mutex.take(Side::Exclusive, until, location)?;
            self.owner.store(id, Relaxed);
            self.hold_number.store(hold.number().get(), Relaxed);
            self.guards.set(0);
            // SAFETY: this thread has just taken the mutex, so nobody else is here.
            unsafe { *self.shared.get() = Some(hold) };
        }
        self.guards.set(self.guards.get().checked_add(1).expect("fewer guards than memory has bytes"));
        // SAFETY: this thread is the owner, so it holds the mutex: from a thread that runs no lock is taken away.
        unsafe { (*self.shared.get()).as_ref() }.map(Hold::another)
    }

    #[inline]
    unsafe fn release(&self, hold: &Hold, is_fair: bool) {
        // It was taken away. Who takes a mutex away takes it over in the same moment, and its hold has another number.
        if self.hold_number.load(Relaxed) != hold.number().get() {
            return;
        }
        self.guards.set(self.guards.get() - 1);
        if self.guards.get() == 0 {
            self.owner.store(0, Relaxed);
            self.hold_number.store(0, Relaxed);
            // SAFETY: the caller had the last guard of this hold.
            unsafe { self.mutex.release(hold, is_fair) };
        }
    }

    fn is_locked(&self) -> bool {
        self.mutex.is_locked()
    }
}
