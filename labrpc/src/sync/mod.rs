//! What threads meet at, in both worlds: locks, condition variables, atomics, one-time initialisation, and std's channels.
//!
//! [`Mutex`], [`RwLock`] and their relatives and guards are `lock_api`'s types over raw locks of our own, as parking_lot's
//! are over its raw locks: the same methods, down to `MutexGuard::map`, `RwLock::upgradable_read` and `Mutex::lock_arc`.
//! There is no poisoning.
//!
//! # Differences from parking_lot
//!
//! - In a simulation, taking a lock is a scheduling point, also when it is free; so is going over from reading upgradably to
//!   writing. Giving a lock back is not, nor to go over from writing to reading: what another thread could do then it can
//!   do when this one next takes a step.
//! - To begin to wait for a [`Condvar`] is one only if the thread has looked at anything else since it took the lock, an
//!   atomic or a channel: that can change before the wait. To notify is none: a notification before which others run is
//!   no other than a late one.
//! - A thread that locks a [`Mutex`] that it holds is reported at once, with both places, instead of waiting for ever.
//! - What is fair outside of a simulation, [`FairMutex`] and `MutexGuard::unlock_fair`, is not fair inside: the schedule
//!   decides who is next.
//! - [`Arc`] is the standard library's: its counts are not scheduling points, because a type of our own could not
//!   become an `Arc<dyn Trait>`.

pub mod atomic;
mod barrier;
mod condvar;
pub mod mpsc;
mod once;
mod parker;
mod run_static;
mod sharded_lock;
mod wait_group;

pub use std::sync::{Arc, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use once::{LazyLock, Once, OnceLock, OnceState};
pub use parker::{Parker, Unparker};
pub use run_static::RunStatic;
pub(crate) use run_static::RunStatics;
pub use sharded_lock::{ShardedLock, ShardedLockReadGuard, ShardedLockWriteGuard};
pub use wait_group::WaitGroup;

pub use crate::sim::{RawFairMutex, RawMutex, RawRwLock, RawRwLockRecursive, RawThreadId};

/// A mutual exclusion lock around a value. See [the module](self) for what differs from `parking_lot::Mutex`.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;
/// Access to the value of a locked [`Mutex`]; unlocks it when dropped.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
/// Access to a part of the value of a locked [`Mutex`].
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;
/// A lock that many may read under or one may write under. See [the module](self) for what differs from
/// `parking_lot::RwLock`.
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;
/// Shared access to the value of an [`RwLock`].
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;
/// Exclusive access to the value of an [`RwLock`].
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;
/// Shared access to a part of the value of an [`RwLock`].
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;
/// Exclusive access to a part of the value of an [`RwLock`].
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;
/// Shared access to the value of an [`RwLock`], which no other such access disturbs, and which can become exclusive: see
/// `RwLock::upgradable_read`.
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// As [`RwLock`], but a thread that reads may read once more: readers never wait for a writer that waits, which may
/// therefore wait for long.
pub type RecursiveRwLock<T> = lock_api::RwLock<RawRwLockRecursive, T>;
/// Shared access to the value of a [`RecursiveRwLock`].
pub type RecursiveRwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLockRecursive, T>;
/// Exclusive access to the value of a [`RecursiveRwLock`].
pub type RecursiveRwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLockRecursive, T>;
/// Shared access to the value of a [`RecursiveRwLock`] that can become exclusive.
pub type RecursiveRwLockUpgradableReadGuard<'a, T> =
    lock_api::RwLockUpgradableReadGuard<'a, RawRwLockRecursive, T>;
/// Shared access to a part of the value of a [`RecursiveRwLock`].
pub type MappedRecursiveRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLockRecursive, T>;
/// Exclusive access to a part of the value of a [`RecursiveRwLock`].
pub type MappedRecursiveRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLockRecursive, T>;

/// A [`Mutex`] that is given back to whoever has waited longest.
///
/// # Differences from `parking_lot::FairMutex`
///
/// In a simulation it is no fairer than a [`Mutex`]: who gets it next is for the schedule. So a program that is right only
/// because this one is fair fails there.
pub type FairMutex<T> = lock_api::Mutex<RawFairMutex, T>;
/// Access to the value of a locked [`FairMutex`]; unlocks it when dropped.
pub type FairMutexGuard<'a, T> = lock_api::MutexGuard<'a, RawFairMutex, T>;
/// Access to a part of the value of a locked [`FairMutex`].
pub type MappedFairMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawFairMutex, T>;

/// A mutex that its holder may lock again. It gives shared access only: to change the value, put it into a `RefCell`.
///
/// # Differences from `parking_lot::ReentrantMutex`
///
/// Who takes it over from a crashed holder panics if lock_api is built with debug assertions, which expect that holders
/// give it back. Switch them off for `lock_api` in the profile, as this workspace does.
pub type ReentrantMutex<T> = lock_api::ReentrantMutex<RawMutex, RawThreadId, T>;
/// Access to the value of a locked [`ReentrantMutex`]; the last one of its thread unlocks it when dropped.
pub type ReentrantMutexGuard<'a, T> = lock_api::ReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;
/// Access to a part of the value of a locked [`ReentrantMutex`].
pub type MappedReentrantMutexGuard<'a, T> = lock_api::MappedReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;
/// [`ReentrantMutex`] under the name that it has in the standard library, where it is not stable.
pub type ReentrantLock<T> = ReentrantMutex<T>;
/// [`ReentrantMutexGuard`] under its name in the standard library.
pub type ReentrantLockGuard<'a, T> = ReentrantMutexGuard<'a, T>;

/// As [`MutexGuard`], of a mutex in an [`Arc`], which it keeps alive: see `Mutex::lock_arc`.
///
/// This and its like have parking_lot's parameters: the raw lock, as [`RawMutex`], comes first.
pub use lock_api::ArcMutexGuard;
pub use lock_api::{
    ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard, ArcRwLockWriteGuard,
};

/// [`Mutex::new`](lock_api::Mutex::new), which is `const` itself: for code from before that was so.
#[must_use]
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

/// [`RwLock::new`](lock_api::RwLock::new), which is `const` itself: for code from before that was so.
#[must_use]
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::new(value)
}

/// As [`const_mutex`], of a [`FairMutex`].
#[must_use]
pub const fn const_fair_mutex<T>(value: T) -> FairMutex<T> {
    FairMutex::new(value)
}

/// As [`const_mutex`], of a [`ReentrantMutex`].
#[must_use]
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(value)
}
