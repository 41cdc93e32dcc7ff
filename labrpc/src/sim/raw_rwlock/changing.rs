//! How one side of a read-write lock becomes another: upgrades and downgrades.

use std::panic::Location;
use std::time::Duration;

use super::real::Real as _;
use super::simulated::Goal;
use super::{RawRwLock, Token};
use crate::sim::context::is_simulated;
use crate::sim::threads::Side;
use crate::time::Instant;

/// Gives the upgradable side back when it is dropped: who takes the token and unwinds must leave nothing held.
struct Upgradable<'a, const RECURSIVE: bool>(&'a RawRwLock<RECURSIVE>, Token);

impl<const RECURSIVE: bool> Drop for Upgradable<'_, RECURSIVE> {
    fn drop(&mut self) {
        // SAFETY: the token is that of an upgradable hold, and nobody else has it.
        unsafe { self.0.unlock(&self.1, Side::Upgradable) };
    }
}

impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    /// Whether the hold of `token` is one that the running simulation knows of.
    fn is_inside(token: &Token) -> bool {
        token.is_simulated && is_simulated()
    }

    /// Waits until the upgradable hold of `token` is an exclusive one. `false` when the deadline has passed; it is what it
    /// was then.
    ///
    /// # Safety
    ///
    /// The token is that of an upgradable hold.
    #[track_caller]
    unsafe fn wait_to_upgrade(&self, token: &Token, deadline: Option<Instant>) -> bool {
        // While a deadline of another world panics.
        let held = Upgradable(self, Token::new(token.is_simulated));
        let location = Location::caller();
        let is_upgraded = if Self::is_inside(token) {
            let deadline = deadline.map(Instant::simulated_ns);
            self.simulated.lock(&self.real, Goal::Upgrade, deadline, location)
        } else {
            // SAFETY: as the caller says, the real lock is held.
            unsafe { self.real.make_exclusive(deadline.map(Instant::real)) }
        };
        std::mem::forget(held);
        is_upgraded
    }

    /// # Safety
    ///
    /// The token is that of a hold of the side `from`; afterwards it is that of one of the side `to`.
    unsafe fn downgrade_to(&self, token: Token, from: Side, to: Side) -> Token {
        if Self::is_inside(&token) {
            self.simulated.downgrade(&self.real, from, to);
        } else {
            // SAFETY: as the caller says, the real lock is held.
            unsafe { self.real.lower(from, to) };
        }
        token
    }
}

// SAFETY: of the upgradable side there is one hold at a time, for the real lock has one, and it becomes exclusive when the
// real one does. That one may be taken away as any other: see `lock_owners`.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgrade for RawRwLock<RECURSIVE> {
    type UpgradableGuard = Token;

    #[track_caller]
    fn lock_upgradable(&self) -> Token {
        self.lock(Side::Upgradable, None).expect("a wait without deadline")
    }

    #[track_caller]
    fn try_lock_upgradable(&self) -> Option<Token> {
        self.try_lock(Side::Upgradable)
    }

    unsafe fn unlock_upgradable(&self, token: Token) {
        // SAFETY: lock_api passes the token of an upgradable hold.
        unsafe { self.unlock(&token, Side::Upgradable) };
    }

    #[track_caller]
    unsafe fn upgrade(&self, token: Token) -> Token {
        // SAFETY: lock_api passes the token of an upgradable hold.
        let is_upgraded = unsafe { self.wait_to_upgrade(&token, None) };
        assert!(is_upgraded, "a wait without deadline");
        token
    }

    #[track_caller]
    unsafe fn try_upgrade(&self, token: Token) -> Result<Token, Token> {
        let is_upgraded = if Self::is_inside(&token) {
            self.simulated.try_lock(&self.real, Goal::Upgrade, Location::caller())
        } else {
            // SAFETY: lock_api passes the token of an upgradable hold.
            unsafe { self.real.try_make_exclusive() }
        };
        if is_upgraded { Ok(token) } else { Err(token) }
    }
}

// SAFETY: a wait that fails leaves the upgradable hold as it was.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeTimed for RawRwLock<RECURSIVE> {
    #[track_caller]
    fn try_lock_upgradable_for(&self, timeout: Duration) -> Option<Token> {
        self.lock_for(Side::Upgradable, timeout)
    }

    #[track_caller]
    fn try_lock_upgradable_until(&self, deadline: Instant) -> Option<Token> {
        self.lock(Side::Upgradable, Some(deadline))
    }

    #[track_caller]
    unsafe fn try_upgrade_for(&self, token: Token, timeout: Duration) -> Result<Token, Token> {
        // SAFETY: lock_api passes the token of an upgradable hold.
        let is_upgraded = unsafe { self.wait_to_upgrade(&token, Instant::now().checked_add(timeout)) };
        if is_upgraded { Ok(token) } else { Err(token) }
    }

    #[track_caller]
    unsafe fn try_upgrade_until(&self, token: Token, deadline: Instant) -> Result<Token, Token> {
        // SAFETY: lock_api passes the token of an upgradable hold.
        let is_upgraded = unsafe { self.wait_to_upgrade(&token, Some(deadline)) };
        if is_upgraded { Ok(token) } else { Err(token) }
    }
}

// SAFETY: in the simulated world the ordinary unlock is used, which upholds the requirements.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeFair for RawRwLock<RECURSIVE> {
    unsafe fn unlock_upgradable_fair(&self, token: Token) {
        // SAFETY: lock_api passes the token of an upgradable hold.
        unsafe { self.unlock_fair(&token, Side::Upgradable) };
    }
}

// SAFETY: nobody can take the exclusive side in between: the real lock is never free, and the running thread's slot lists
// the one hold or the other.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockDowngrade for RawRwLock<RECURSIVE> {
    unsafe fn downgrade(&self, token: Token) -> Token {
        // SAFETY: lock_api passes the token of an exclusive hold.
        unsafe { self.downgrade_to(token, Side::Exclusive, Side::Shared) }
    }
}

// SAFETY: as for `RawRwLockDowngrade`.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeDowngrade for RawRwLock<RECURSIVE> {
    unsafe fn downgrade_upgradable(&self, token: Token) -> Token {
        // SAFETY: lock_api passes the token of an upgradable hold.
        unsafe { self.downgrade_to(token, Side::Upgradable, Side::Shared) }
    }

    unsafe fn downgrade_to_upgradable(&self, token: Token) -> Token {
        // SAFETY: lock_api passes the token of an exclusive hold.
        unsafe { self.downgrade_to(token, Side::Exclusive, Side::Upgradable) }
    }
}
