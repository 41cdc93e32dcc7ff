//! What the locks without data have in common, on which [`sync::locks`](crate::sync::locks) are built.
//!
//! It is not `lock_api`'s trait: with that one, anybody could put lock_api's guards over these locks, and those do not look where
//! they lie before they give a reference away ([`super::hold`] says why they must).

#![allow(unsafe_code, reason = "only who holds a lock may give it back")]

use std::panic::Location;
use std::time::Duration;

use super::hold::Hold;
use super::threads::Side;
use crate::time::Instant;

/// How long somebody waits for a lock.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// As long as it takes.
    Taken,
    /// Not at all.
    Now,
    /// For this long.
    For(Duration),
    /// Until then.
    At(Instant),
}

/// A lock of both worlds, without data.
///
/// # Safety
///
/// While a hold of the exclusive side exists that has not been released, [taken away](super::hold) or dropped, no other does;
/// and at most one of the upgradable side. A lock of a reentrant kind gives the holder, and nobody else, more holds.
pub(crate) unsafe trait RawLock: Sync {
    /// A lock that nobody holds.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is to be a lock of its own")]
    const INIT: Self;

    /// Takes a side, waiting for it.
    fn lock(&self, side: Side, location: &'static Location<'static>) -> Hold {
        self.take(side, Until::Taken, location).expect("a wait without deadline")
    }

    /// Takes a side. `None` if it was not to be had in time; always something with [`Until::Taken`].
    fn take(&self, side: Side, until: Until, location: &'static Location<'static>) -> Option<Hold>;

    /// Gives a hold back, to whoever has waited longest if it `is_fair`. Does nothing if it was taken away.
    ///
    /// # Safety
    ///
    /// The hold is one of this lock, which the caller does not use any more.
    unsafe fn release(&self, hold: &Hold, is_fair: bool);

    /// Whether anybody holds any side.
    fn is_locked(&self) -> bool;
}

/// A lock whose holders can change from one side to another.
///
/// # Safety
///
/// As for [`RawLock`]. Nobody gets the exclusive side between the two.
pub(crate) unsafe trait RawSides: RawLock {
    /// Makes a hold of the upgradable side one of the exclusive one. `false` if that was not to be had in time; it is what it
    /// was then.
    ///
    /// # Safety
    ///
    /// The hold is one of this lock, of the upgradable side.
    unsafe fn upgrade(&self, hold: &mut Hold, until: Until, location: &'static Location<'static>) -> bool;

    /// Makes a hold one of a side that excludes less.
    ///
    /// # Safety
    ///
    /// The hold is one of this lock.
    unsafe fn downgrade(&self, hold: &mut Hold, to: Side);

    /// Whether somebody holds the exclusive side.
    fn is_locked_exclusive(&self) -> bool;
}
