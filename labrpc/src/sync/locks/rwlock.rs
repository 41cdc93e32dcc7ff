//! Read-write locks.

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::held::{Held, Lock};
use super::rwlock_guards::{
    ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard, ArcRwLockWriteGuard, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
use crate::sim::{RawSides, Side, Until};
use crate::time::Instant;

/// A lock that many may read under or one may write under: [`sync::RwLock`](crate::sync::RwLock) and
/// [`sync::RecursiveRwLock`](crate::sync::RecursiveRwLock).
pub struct RwLock<R, T: ?Sized> {
    pub(super) raw: R,
    data: UnsafeCell<T>,
}

// SAFETY: the value goes from thread to thread, of which one has it at a time to change it, or many to read it.
unsafe impl<R: RawSides, T: ?Sized + Send + Sync> Sync for RwLock<R, T> {}

impl<R: RawSides, T: ?Sized> Lock for RwLock<R, T> {
    type Raw = R;

    #[inline]
    fn raw(&self) -> &R {
        &self.raw
    }
}

impl<R: RawSides, T> RwLock<R, T> {
    /// A lock around `value` that nobody holds.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self { raw: R::INIT, data: UnsafeCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<R: RawSides, T: ?Sized> RwLock<R, T> {
    #[inline]
    fn lock(&self, side: Side, location: &'static Location<'static>) -> Held<&Self, T> {
        let hold = self.raw.lock(side, location);
        // SAFETY: the hold is a new one of this lock, and the data what it guards.
        unsafe { Held::new(self, hold, self.data.get()) }
    }

    #[inline]
    fn take(&self, side: Side, until: Until, location: &'static Location<'static>) -> Option<Held<&Self, T>> {
        let hold = self.raw.take(side, until, location)?;
        // SAFETY: the hold is a new one of this lock, and the data what it guards.
        Some(unsafe { Held::new(self, hold, self.data.get()) })
    }

    fn take_arc(
        self: &Arc<Self>,
        side: Side,
        until: Until,
        location: &'static Location<'static>,
    ) -> Option<Held<Arc<Self>, T>> {
        let hold = self.raw.take(side, until, location)?;
        // SAFETY: as in `take`.
        Some(unsafe { Held::new(Arc::clone(self), hold, self.data.get()) })
    }

    /// Takes the lock to read, waiting for it.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, R, T> {
        RwLockReadGuard(self.lock(Side::Shared, Location::caller()))
    }

    /// Takes the lock to read if that is possible at once.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, R, T>> {
        self.take(Side::Shared, Until::Now, Location::caller()).map(RwLockReadGuard)
    }

    /// Takes the lock to read, waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_read_for(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, R, T>> {
        self.take(Side::Shared, Until::For(timeout), Location::caller()).map(RwLockReadGuard)
    }

    /// Takes the lock to read, waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_read_until(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, R, T>> {
        self.take(Side::Shared, Until::At(deadline), Location::caller()).map(RwLockReadGuard)
    }

    /// As [`read`](Self::read); the guard keeps the lock alive.
    #[track_caller]
    pub fn read_arc(self: &Arc<Self>) -> ArcRwLockReadGuard<R, T> {
        ArcRwLockReadGuard(super::taken(self.take_arc(Side::Shared, Until::Taken, Location::caller())))
    }

    /// As [`try_read`](Self::try_read); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_read_arc(self: &Arc<Self>) -> Option<ArcRwLockReadGuard<R, T>> {
        self.take_arc(Side::Shared, Until::Now, Location::caller()).map(ArcRwLockReadGuard)
    }

    /// As [`try_read_for`](Self::try_read_for); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_read_arc_for(self: &Arc<Self>, timeout: Duration) -> Option<ArcRwLockReadGuard<R, T>> {
        self.take_arc(Side::Shared, Until::For(timeout), Location::caller()).map(ArcRwLockReadGuard)
    }

    /// As [`try_read_until`](Self::try_read_until); the guard keeps the lock alive.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_read_arc_until(self: &Arc<Self>, deadline: Instant) -> Option<ArcRwLockReadGuard<R, T>> {
        self.take_arc(Side::Shared, Until::At(deadline), Location::caller()).map(ArcRwLockReadGuard)
    }

    /// Takes the lock to write, waiting for it.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, R, T> {
        RwLockWriteGuard(self.lock(Side::Exclusive, Location::caller()))
    }

    /// Takes the lock to write if that is possible at once.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, R, T>> {
        self.take(Side::Exclusive, Until::Now, Location::caller()).map(RwLockWriteGuard)
    }

    /// Takes the lock to write, waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_write_for(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, R, T>> {
        self.take(Side::Exclusive, Until::For(timeout), Location::caller()).map(RwLockWriteGuard)
    }

    /// Takes the lock to write, waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_write_until(&self, deadline: Instant) -> Option<RwLockWriteGuard<'_, R, T>> {
        self.take(Side::Exclusive, Until::At(deadline), Location::caller()).map(RwLockWriteGuard)
    }

    /// As [`write`](Self::write); the guard keeps the lock alive.
    #[track_caller]
    pub fn write_arc(self: &Arc<Self>) -> ArcRwLockWriteGuard<R, T> {
        ArcRwLockWriteGuard(super::taken(self.take_arc(Side::Exclusive, Until::Taken, Location::caller())))
    }

    /// As [`try_write`](Self::try_write); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_write_arc(self: &Arc<Self>) -> Option<ArcRwLockWriteGuard<R, T>> {
        self.take_arc(Side::Exclusive, Until::Now, Location::caller()).map(ArcRwLockWriteGuard)
    }

    /// As [`try_write_for`](Self::try_write_for); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_write_arc_for(self: &Arc<Self>, timeout: Duration) -> Option<ArcRwLockWriteGuard<R, T>> {
        self.take_arc(Side::Exclusive, Until::For(timeout), Location::caller()).map(ArcRwLockWriteGuard)
    }

    /// As [`try_write_until`](Self::try_write_until); the guard keeps the lock alive.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_write_arc_until(self: &Arc<Self>, deadline: Instant) -> Option<ArcRwLockWriteGuard<R, T>> {
        self.take_arc(Side::Exclusive, Until::At(deadline), Location::caller()).map(ArcRwLockWriteGuard)
    }

    /// Takes the lock to read and perhaps to write later, waiting for it.
    #[inline]
    #[track_caller]
    pub fn upgradable_read(&self) -> RwLockUpgradableReadGuard<'_, R, T> {
        RwLockUpgradableReadGuard(self.lock(Side::Upgradable, Location::caller()))
    }

    /// Takes the lock to read and perhaps to write later if that is possible at once.
    #[inline]
    #[track_caller]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, R, T>> {
        self.take(Side::Upgradable, Until::Now, Location::caller()).map(RwLockUpgradableReadGuard)
    }

    /// Takes the lock to read and perhaps to write later, waiting for `timeout` at the longest.
    #[track_caller]
    pub fn try_upgradable_read_for(&self, timeout: Duration) -> Option<RwLockUpgradableReadGuard<'_, R, T>> {
        self.take(Side::Upgradable, Until::For(timeout), Location::caller()).map(RwLockUpgradableReadGuard)
    }

    /// Takes the lock to read and perhaps to write later, waiting until `deadline` at the longest.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_upgradable_read_until(
        &self,
        deadline: Instant,
    ) -> Option<RwLockUpgradableReadGuard<'_, R, T>> {
        self.take(Side::Upgradable, Until::At(deadline), Location::caller()).map(RwLockUpgradableReadGuard)
    }

    /// As [`upgradable_read`](Self::upgradable_read); the guard keeps the lock alive.
    #[track_caller]
    pub fn upgradable_read_arc(self: &Arc<Self>) -> ArcRwLockUpgradableReadGuard<R, T> {
        ArcRwLockUpgradableReadGuard(super::taken(self.take_arc(
            Side::Upgradable,
            Until::Taken,
            Location::caller(),
        )))
    }

    /// As [`try_upgradable_read`](Self::try_upgradable_read); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_upgradable_read_arc(self: &Arc<Self>) -> Option<ArcRwLockUpgradableReadGuard<R, T>> {
        self.take_arc(Side::Upgradable, Until::Now, Location::caller()).map(ArcRwLockUpgradableReadGuard)
    }

    /// As [`try_upgradable_read_for`](Self::try_upgradable_read_for); the guard keeps the lock alive.
    #[track_caller]
    pub fn try_upgradable_read_arc_for(
        self: &Arc<Self>,
        timeout: Duration,
    ) -> Option<ArcRwLockUpgradableReadGuard<R, T>> {
        self.take_arc(Side::Upgradable, Until::For(timeout), Location::caller())
            .map(ArcRwLockUpgradableReadGuard)
    }

    /// As [`try_upgradable_read_until`](Self::try_upgradable_read_until); the guard keeps the lock alive.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the caller.
    #[track_caller]
    pub fn try_upgradable_read_arc_until(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Option<ArcRwLockUpgradableReadGuard<R, T>> {
        self.take_arc(Side::Upgradable, Until::At(deadline), Location::caller())
            .map(ArcRwLockUpgradableReadGuard)
    }

    /// The value to change, for which the exclusive borrow stands in for the lock.
    pub const fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Whether anybody holds the lock.
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether somebody holds the lock to write.
    pub fn is_locked_exclusive(&self) -> bool {
        self.raw.is_locked_exclusive()
    }

    /// Where the value is. Who uses it must hold the lock.
    pub const fn data_ptr(&self) -> *mut T {
        self.data.get()
    }
}

impl<R: RawSides, T: Default> Default for RwLock<R, T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<R: RawSides, T> From<T> for RwLock<R, T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<R: RawSides, T: ?Sized + fmt::Debug> fmt::Debug for RwLock<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::show("RwLock", self.try_read().as_deref(), f)
    }
}
