//! The raw lock under [`sync::FairMutex`](crate::sync::FairMutex): [`RawMutex`], given back to whoever has waited longest.

#![allow(unsafe_code, reason = "only who holds a lock may give it back")]

use std::panic::Location;

use super::hold::Hold;
use super::raw_lock::{RawLock, Until};
use super::raw_mutex::RawMutex;
use super::threads::Side;

/// A fair mutex without data, of both worlds. Use it through [`sync::FairMutex`](crate::sync::FairMutex).
#[derive(Debug)]
pub struct RawFairMutex(RawMutex);

// SAFETY: each operation is the one of `RawMutex`, which upholds the requirements.
unsafe impl RawLock for RawFairMutex {
    const INIT: Self = Self(RawMutex::INIT);

    #[inline]
    fn lock(&self, side: Side, location: &'static Location<'static>) -> Hold {
        self.0.lock(side, location)
    }

    #[inline]
    fn take(&self, side: Side, until: Until, location: &'static Location<'static>) -> Option<Hold> {
        self.0.take(side, until, location)
    }

    #[inline]
    unsafe fn release(&self, hold: &Hold, _is_fair: bool) {
        // SAFETY: as the caller says.
        unsafe { self.0.release(hold, true) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}
