//! parking_lot's lock, by its sides.

use std::time::Instant;

use lock_api::{
    GuardNoSend, RawRwLock as _, RawRwLockDowngrade as _, RawRwLockFair as _, RawRwLockTimed as _,
    RawRwLockUpgrade as _, RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeFair as _,
    RawRwLockUpgradeTimed as _,
};

use crate::sim::threads::Side;

/// The recursive lock and the other one, for which there is one simulated way to wait.
pub(super) trait Real {
    /// Takes a side if that is possible at once.
    fn try_take(&self, side: Side) -> bool;

    /// Takes a side, blocking the OS thread. `false` when `deadline` has passed.
    fn wait_for(&self, side: Side, deadline: Option<Instant>) -> bool;

    /// Gives a side back.
    ///
    /// # Safety
    ///
    /// It is held on behalf of the caller, who calls this once for each hold.
    unsafe fn release(&self, side: Side);

    /// As [`release`](Self::release), to whoever has waited longest.
    ///
    /// # Safety
    ///
    /// As `release`.
    unsafe fn release_fair(&self, side: Side);

    /// Makes the upgradable side the exclusive one if that is possible at once.
    ///
    /// # Safety
    ///
    /// The upgradable side is held on behalf of the caller; if this returns `true`, the exclusive one is instead.
    unsafe fn try_make_exclusive(&self) -> bool;

    /// As [`try_make_exclusive`](Self::try_make_exclusive), blocking the OS thread. `false` when `deadline` has passed.
    ///
    /// # Safety
    ///
    /// As `try_make_exclusive`.
    unsafe fn make_exclusive(&self, deadline: Option<Instant>) -> bool;

    /// Makes a side one that excludes less.
    ///
    /// # Safety
    ///
    /// `from` is held on behalf of the caller, and `to` is instead when this returns.
    unsafe fn lower(&self, from: Side, to: Side);
}

impl<const RECURSIVE: bool> Real for parking_lot::RawRwLock<RECURSIVE> {
    fn try_take(&self, side: Side) -> bool {
        match side {
            Side::Shared => self.try_lock_shared().is_some(),
            Side::Upgradable => self.try_lock_upgradable().is_some(),
            Side::Exclusive => self.try_lock_exclusive().is_some(),
        }
    }

    fn wait_for(&self, side: Side, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            match side {
                Side::Shared => self.lock_shared(),
                Side::Upgradable => self.lock_upgradable(),
                Side::Exclusive => self.lock_exclusive(),
            };
            return true;
        };
        match side {
            Side::Shared => self.try_lock_shared_until(deadline).is_some(),
            Side::Upgradable => self.try_lock_upgradable_until(deadline).is_some(),
            Side::Exclusive => self.try_lock_exclusive_until(deadline).is_some(),
        }
    }

    unsafe fn release(&self, side: Side) {
        // SAFETY: as the caller says.
        unsafe {
            match side {
                Side::Shared => self.unlock_shared(GuardNoSend::new()),
                Side::Upgradable => self.unlock_upgradable(GuardNoSend::new()),
                Side::Exclusive => self.unlock_exclusive(GuardNoSend::new()),
            }
        }
    }

    unsafe fn release_fair(&self, side: Side) {
        // SAFETY: as the caller says.
        unsafe {
            match side {
                Side::Shared => self.unlock_shared_fair(GuardNoSend::new()),
                Side::Upgradable => self.unlock_upgradable_fair(GuardNoSend::new()),
                Side::Exclusive => self.unlock_exclusive_fair(GuardNoSend::new()),
            }
        }
    }

    unsafe fn try_make_exclusive(&self) -> bool {
        // SAFETY: as the caller says.
        unsafe { self.try_upgrade(GuardNoSend::new()).is_ok() }
    }

    unsafe fn make_exclusive(&self, deadline: Option<Instant>) -> bool {
        // SAFETY: as the caller says.
        unsafe {
            match deadline {
                None => {
                    self.upgrade(GuardNoSend::new());
                    true
                }
                Some(deadline) => self.try_upgrade_until(GuardNoSend::new(), deadline).is_ok(),
            }
        }
    }

    unsafe fn lower(&self, from: Side, to: Side) {
        // SAFETY: as the caller says.
        unsafe {
            match (from, to) {
                (Side::Exclusive, Side::Shared) => {
                    self.downgrade(GuardNoSend::new());
                }
                (Side::Exclusive, Side::Upgradable) => {
                    self.downgrade_to_upgradable(GuardNoSend::new());
                }
                (Side::Upgradable, Side::Shared) => {
                    self.downgrade_upgradable(GuardNoSend::new());
                }
                _ => unreachable!("{from:?} excludes no more than {to:?}"),
            }
        }
    }
}
