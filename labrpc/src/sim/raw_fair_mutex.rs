//! The raw lock under [`sync::FairMutex`](crate::sync::FairMutex): [`RawMutex`], given back to whoever has waited longest.

#![allow(unsafe_code, reason = "lock_api's trait of a raw lock is unsafe to implement")]

use std::time::Duration;

use lock_api::RawMutexFair as _;

use super::raw_mutex::RawMutex;
use crate::time::Instant;

/// A fair mutex without data, of both worlds. Use it through [`sync::FairMutex`](crate::sync::FairMutex).
#[derive(Debug)]
pub struct RawFairMutex(RawMutex);

type Token = <RawMutex as lock_api::RawMutex>::Guard;

// SAFETY: each operation is the one of `RawMutex`, which upholds the requirements.
unsafe impl lock_api::RawMutex for RawFairMutex {
    #[allow(clippy::declare_interior_mutable_const, reason = "the trait asks for it")]
    const INIT: Self = Self(RawMutex::INIT);

    type Guard = Token;

    #[inline]
    #[track_caller]
    fn lock(&self) -> Token {
        self.0.lock()
    }

    #[inline]
    #[track_caller]
    fn try_lock(&self) -> Option<Token> {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self, token: Token) {
        // SAFETY: lock_api passes the token of a hold of this lock.
        unsafe { self.0.unlock_fair(token) }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawMutexFair for RawFairMutex {
    unsafe fn unlock_fair(&self, token: Token) {
        // SAFETY: lock_api passes the token of a hold of this lock.
        unsafe { self.0.unlock_fair(token) }
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawMutexTimed for RawFairMutex {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_for(&self, timeout: Duration) -> Option<Token> {
        self.0.try_lock_for(timeout)
    }

    #[track_caller]
    fn try_lock_until(&self, deadline: Instant) -> Option<Token> {
        self.0.try_lock_until(deadline)
    }
}
