//! The guards of read-write locks.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::held::{Handle, Held, Part};
use super::macros::{exclusive, guard, mapping, owning, unlocking};
use super::rwlock::RwLock;
use crate::sim::{RawSides, Side, Until};
use crate::time::Instant;

guard! {
    /// Shared access to the value of an [`RwLock`].
    RwLockReadGuard<['a] R: RawSides> of &'a RwLock<R, T>
}
unlocking!(RwLockReadGuard<['a] R: RawSides>);
mapping!(RwLockReadGuard to MappedRwLockReadGuard<R: RawSides>, map, [&], |lock| Part(&lock.raw));

guard! {
    /// Exclusive access to the value of an [`RwLock`].
    RwLockWriteGuard<['a] R: RawSides> of &'a RwLock<R, T>
}
exclusive!(RwLockWriteGuard<['a] R: RawSides>);
unlocking!(RwLockWriteGuard<['a] R: RawSides>);
mapping!(RwLockWriteGuard to MappedRwLockWriteGuard<R: RawSides>, map_mut, [&mut], |lock| Part(&lock.raw));

guard! {
    /// Shared access to the value of an [`RwLock`], which no other such access disturbs, and which can become exclusive.
    RwLockUpgradableReadGuard<['a] R: RawSides> of &'a RwLock<R, T>
}
unlocking!(RwLockUpgradableReadGuard<['a] R: RawSides>);

guard! {
    /// Shared access to a part of the value of an [`RwLock`].
    MappedRwLockReadGuard<['a] R: RawSides> of Part<'a, R>
}
mapping!(MappedRwLockReadGuard to MappedRwLockReadGuard<R: RawSides>, map, [&], |part| part);

guard! {
    /// Exclusive access to a part of the value of an [`RwLock`].
    MappedRwLockWriteGuard<['a] R: RawSides> of Part<'a, R>
}
exclusive!(MappedRwLockWriteGuard<['a] R: RawSides>);
mapping!(MappedRwLockWriteGuard to MappedRwLockWriteGuard<R: RawSides>, map_mut, [&mut], |part| part);

guard! {
    /// As [`RwLockReadGuard`], of a lock in an [`Arc`], which it keeps alive: see [`RwLock::read_arc`].
    ArcRwLockReadGuard<[] R: RawSides> of Arc<RwLock<R, T>>
}
unlocking!(ArcRwLockReadGuard<[] R: RawSides>);
owning!(ArcRwLockReadGuard<R: RawSides> of RwLock<R, T>, by rwlock);

guard! {
    /// As [`RwLockWriteGuard`], of a lock in an [`Arc`], which it keeps alive: see [`RwLock::write_arc`].
    ArcRwLockWriteGuard<[] R: RawSides> of Arc<RwLock<R, T>>
}
exclusive!(ArcRwLockWriteGuard<[] R: RawSides>);
unlocking!(ArcRwLockWriteGuard<[] R: RawSides>);
owning!(ArcRwLockWriteGuard<R: RawSides> of RwLock<R, T>, by rwlock);

guard! {
    /// As [`RwLockUpgradableReadGuard`], of a lock in an [`Arc`], which it keeps alive: see [`RwLock::upgradable_read_arc`].
    ArcRwLockUpgradableReadGuard<[] R: RawSides> of Arc<RwLock<R, T>>
}
unlocking!(ArcRwLockUpgradableReadGuard<[] R: RawSides>);
owning!(ArcRwLockUpgradableReadGuard<R: RawSides> of RwLock<R, T>, by rwlock);

/// Makes the hold of an upgradable guard one of the exclusive side.
fn upgrade<H: Handle<Raw: RawSides>, T: ?Sized>(
    held: &mut Held<H, T>,
    until: Until,
    location: &'static Location<'static>,
) -> bool {
    // SAFETY: the callers have a guard that is upgradable, and afterwards one to write if this says so.
    unsafe {
        let (handle, hold) = held.hold_mut();
        handle.raw().upgrade(hold, until, location)
    }
}

/// Makes the hold of a guard one of a side that excludes less.
///
/// # Safety
///
/// What gets the guard afterwards is of that side.
unsafe fn downgrade<H: Handle<Raw: RawSides>, T: ?Sized>(held: &mut Held<H, T>, to: Side) {
    // SAFETY: as the caller says.
    unsafe {
        let (handle, hold) = held.hold_mut();
        handle.raw().downgrade(hold, to);
    }
}

/// Makes a guard that is to write for the time of a call upgradable again.
struct Upgraded<'a, H: Handle<Raw: RawSides>, T: ?Sized>(&'a mut Held<H, T>);

impl<H: Handle<Raw: RawSides>, T: ?Sized> Drop for Upgraded<'_, H, T> {
    fn drop(&mut self) {
        // SAFETY: the guard is of an upgradable type.
        unsafe { downgrade(self.0, Side::Upgradable) };
    }
}

/// Calls `act` with the value of an upgradable guard, to change it, if the exclusive side is to be had in time.
fn with_upgraded<H: Handle<Raw: RawSides>, T: ?Sized, U>(
    held: &mut Held<H, T>,
    until: Until,
    location: &'static Location<'static>,
    act: impl FnOnce(&mut T) -> U,
) -> Option<U> {
    if !upgrade(held, until, location) {
        return None;
    }
    let upgraded = Upgraded(held);
    // SAFETY: the hold is of the exclusive side until `upgraded` goes.
    Some(act(unsafe { upgraded.0.get_mut() }))
}

impl<'a, R: RawSides, T: ?Sized> RwLockReadGuard<'a, R, T> {
    /// The lock.
    #[must_use]
    pub fn rwlock(s: &Self) -> &'a RwLock<R, T> {
        s.0.handle()
    }
}

impl<R: RawSides, T: ?Sized> MappedRwLockReadGuard<'_, R, T> {
    /// Gives the lock back, outside of a simulation to whoever has waited longest.
    pub fn unlock_fair(s: Self) {
        s.0.unlock_fair();
    }
}

impl<R: RawSides, T: ?Sized> MappedRwLockWriteGuard<'_, R, T> {
    /// Gives the lock back, outside of a simulation to whoever has waited longest.
    pub fn unlock_fair(s: Self) {
        s.0.unlock_fair();
    }
}

impl<'a, R: RawSides, T: ?Sized> RwLockWriteGuard<'a, R, T> {
    /// The lock.
    #[must_use]
    pub fn rwlock(s: &Self) -> &'a RwLock<R, T> {
        s.0.handle()
    }

    /// Goes over to reading; nobody writes in between.
    pub fn downgrade(mut s: Self) -> RwLockReadGuard<'a, R, T> {
        // SAFETY: the guard that this returns is for reading.
        unsafe { downgrade(&mut s.0, Side::Shared) };
        RwLockReadGuard(s.0)
    }

    /// Goes over to reading upgradably; nobody writes in between.
    pub fn downgrade_to_upgradable(mut s: Self) -> RwLockUpgradableReadGuard<'a, R, T> {
        // SAFETY: the guard that this returns is upgradable.
        unsafe { downgrade(&mut s.0, Side::Upgradable) };
        RwLockUpgradableReadGuard(s.0)
    }
}

impl<'a, R: RawSides, T: ?Sized> RwLockUpgradableReadGuard<'a, R, T> {
    /// The lock.
    #[must_use]
    pub fn rwlock(s: &Self) -> &'a RwLock<R, T> {
        s.0.handle()
    }

    fn try_upgrade_within(
        mut s: Self,
        until: Until,
        location: &'static Location<'static>,
    ) -> Result<RwLockWriteGuard<'a, R, T>, Self> {
        if upgrade(&mut s.0, until, location) { Ok(RwLockWriteGuard(s.0)) } else { Err(s) }
    }

    /// Waits until all others have left, and goes over to writing; nobody writes in between.
    #[track_caller]
    pub fn upgrade(s: Self) -> RwLockWriteGuard<'a, R, T> {
        Self::try_upgrade_within(s, Until::Taken, Location::caller())
            .unwrap_or_else(|_| unreachable!("a wait without deadline"))
    }

    /// As [`upgrade`](Self::upgrade), if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not; the guard is in the error.
    #[track_caller]
    pub fn try_upgrade(s: Self) -> Result<RwLockWriteGuard<'a, R, T>, Self> {
        Self::try_upgrade_within(s, Until::Now, Location::caller())
    }

    /// As [`upgrade`](Self::upgrade), waiting for `timeout` at the longest.
    ///
    /// # Errors
    ///
    /// If it was not to be had in time; the guard is in the error.
    #[track_caller]
    pub fn try_upgrade_for(s: Self, timeout: Duration) -> Result<RwLockWriteGuard<'a, R, T>, Self> {
        Self::try_upgrade_within(s, Until::For(timeout), Location::caller())
    }

    /// As [`upgrade`](Self::upgrade), waiting until `deadline` at the longest.
    ///
    /// # Errors
    ///
    /// If it was not to be had in time; the guard is in the error.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_upgrade_until(s: Self, deadline: Instant) -> Result<RwLockWriteGuard<'a, R, T>, Self> {
        Self::try_upgrade_within(s, Until::At(deadline), Location::caller())
    }

    /// Goes over to reading.
    pub fn downgrade(mut s: Self) -> RwLockReadGuard<'a, R, T> {
        // SAFETY: the guard that this returns is for reading.
        unsafe { downgrade(&mut s.0, Side::Shared) };
        RwLockReadGuard(s.0)
    }

    /// Calls `f` with the value, to change it, when all others have left.
    #[track_caller]
    pub fn with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Ret {
        super::taken(with_upgraded(&mut self.0, Until::Taken, Location::caller(), f))
    }

    /// As [`with_upgraded`](Self::with_upgraded), if that is possible at once.
    #[track_caller]
    pub fn try_with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::Now, Location::caller(), f)
    }

    /// As [`with_upgraded`](Self::with_upgraded), waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_with_upgraded_for<Ret, F: FnOnce(&mut T) -> Ret>(
        &mut self,
        timeout: Duration,
        f: F,
    ) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::For(timeout), Location::caller(), f)
    }

    /// As [`with_upgraded`](Self::with_upgraded), waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_with_upgraded_until<Ret, F: FnOnce(&mut T) -> Ret>(
        &mut self,
        deadline: Instant,
        f: F,
    ) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::At(deadline), Location::caller(), f)
    }
}

impl<R: RawSides, T: ?Sized> ArcRwLockWriteGuard<R, T> {
    /// Goes over to reading; nobody writes in between.
    pub fn downgrade(mut s: Self) -> ArcRwLockReadGuard<R, T> {
        // SAFETY: the guard that this returns is for reading.
        unsafe { downgrade(&mut s.0, Side::Shared) };
        ArcRwLockReadGuard(s.0)
    }

    /// Goes over to reading upgradably; nobody writes in between.
    pub fn downgrade_to_upgradable(mut s: Self) -> ArcRwLockUpgradableReadGuard<R, T> {
        // SAFETY: the guard that this returns is upgradable.
        unsafe { downgrade(&mut s.0, Side::Upgradable) };
        ArcRwLockUpgradableReadGuard(s.0)
    }
}

impl<R: RawSides, T: ?Sized> ArcRwLockUpgradableReadGuard<R, T> {
    fn try_upgrade_within(
        mut s: Self,
        until: Until,
        location: &'static Location<'static>,
    ) -> Result<ArcRwLockWriteGuard<R, T>, Self> {
        if upgrade(&mut s.0, until, location) { Ok(ArcRwLockWriteGuard(s.0)) } else { Err(s) }
    }

    /// Waits until all others have left, and goes over to writing; nobody writes in between.
    #[track_caller]
    pub fn upgrade(s: Self) -> ArcRwLockWriteGuard<R, T> {
        Self::try_upgrade_within(s, Until::Taken, Location::caller())
            .unwrap_or_else(|_| unreachable!("a wait without deadline"))
    }

    /// As [`upgrade`](Self::upgrade), if that is possible at once.
    ///
    /// # Errors
    ///
    /// If it is not; the guard is in the error.
    #[track_caller]
    pub fn try_upgrade(s: Self) -> Result<ArcRwLockWriteGuard<R, T>, Self> {
        Self::try_upgrade_within(s, Until::Now, Location::caller())
    }

    /// As [`upgrade`](Self::upgrade), waiting for `timeout` at the longest.
    ///
    /// # Errors
    ///
    /// If it was not to be had in time; the guard is in the error.
    #[track_caller]
    pub fn try_upgrade_for(s: Self, timeout: Duration) -> Result<ArcRwLockWriteGuard<R, T>, Self> {
        Self::try_upgrade_within(s, Until::For(timeout), Location::caller())
    }

    /// As [`upgrade`](Self::upgrade), waiting until `deadline` at the longest.
    ///
    /// # Errors
    ///
    /// If it was not to be had in time; the guard is in the error.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_upgrade_until(s: Self, deadline: Instant) -> Result<ArcRwLockWriteGuard<R, T>, Self> {
        Self::try_upgrade_within(s, Until::At(deadline), Location::caller())
    }

    /// Goes over to reading.
    pub fn downgrade(mut s: Self) -> ArcRwLockReadGuard<R, T> {
        // SAFETY: the guard that this returns is for reading.
        unsafe { downgrade(&mut s.0, Side::Shared) };
        ArcRwLockReadGuard(s.0)
    }

    /// Calls `f` with the value, to change it, when all others have left.
    #[track_caller]
    pub fn with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Ret {
        super::taken(with_upgraded(&mut self.0, Until::Taken, Location::caller(), f))
    }

    /// As [`with_upgraded`](Self::with_upgraded), if that is possible at once.
    #[track_caller]
    pub fn try_with_upgraded<Ret, F: FnOnce(&mut T) -> Ret>(&mut self, f: F) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::Now, Location::caller(), f)
    }

    /// As [`with_upgraded`](Self::with_upgraded), waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_with_upgraded_for<Ret, F: FnOnce(&mut T) -> Ret>(
        &mut self,
        timeout: Duration,
        f: F,
    ) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::For(timeout), Location::caller(), f)
    }

    /// As [`with_upgraded`](Self::with_upgraded), waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_with_upgraded_until<Ret, F: FnOnce(&mut T) -> Ret>(
        &mut self,
        deadline: Instant,
        f: F,
    ) -> Option<Ret> {
        with_upgraded(&mut self.0, Until::At(deadline), Location::caller(), f)
    }
}
