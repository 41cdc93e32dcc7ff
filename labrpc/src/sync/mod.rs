//! What threads meet at, in both worlds: locks, condition variables, atomics, one-time initialisation, and std's channels.
//!
//! [`Mutex`], [`RwLock`] and their relatives and guards have parking_lot's methods, down to `MutexGuard::map`,
//! `RwLock::upgradable_read` and `Mutex::lock_arc`; the types themselves are in [`locks`]. There is no poisoning.
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
//! - When a node crashes, the locks of its threads go to whoever asks for them next. Not so those whose guards were used
//!   where they do not lie on their thread's stack, as in a `Box` or a `Vec`, or were [leaked](locks::MutexGuard::leak): references into
//!   the value may be anywhere then, so they stay locked. Nor those of a thread of a scope whose other threads run on.
//! - [`Arc`] is the standard library's: its counts are not scheduling points, because a type of our own could not
//!   become an `Arc<dyn Trait>`.

pub mod atomic;
mod barrier;
mod condvar;
pub mod locks;
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

pub use crate::sim::{RawFairMutex, RawMutex, RawRwLock, RawRwLockRecursive};

/// A mutual exclusion lock around a value. See [the module](self) for what differs from `parking_lot::Mutex`.
pub type Mutex<T> = locks::Mutex<RawMutex, T>;
/// Access to the value of a locked [`Mutex`]; unlocks it when dropped.
pub type MutexGuard<'a, T> = locks::MutexGuard<'a, RawMutex, T>;
/// Access to a part of the value of a locked [`Mutex`].
pub type MappedMutexGuard<'a, T> = locks::MappedMutexGuard<'a, RawMutex, T>;
/// A lock that many may read under or one may write under. See [the module](self) for what differs from
/// `parking_lot::RwLock`.
pub type RwLock<T> = locks::RwLock<RawRwLock, T>;
/// Shared access to the value of an [`RwLock`].
pub type RwLockReadGuard<'a, T> = locks::RwLockReadGuard<'a, RawRwLock, T>;
/// Exclusive access to the value of an [`RwLock`].
pub type RwLockWriteGuard<'a, T> = locks::RwLockWriteGuard<'a, RawRwLock, T>;
/// Shared access to a part of the value of an [`RwLock`].
pub type MappedRwLockReadGuard<'a, T> = locks::MappedRwLockReadGuard<'a, RawRwLock, T>;
/// Exclusive access to a part of the value of an [`RwLock`].
pub type MappedRwLockWriteGuard<'a, T> = locks::MappedRwLockWriteGuard<'a, RawRwLock, T>;
/// Shared access to the value of an [`RwLock`], which no other such access disturbs, and which can become exclusive: see
/// `RwLock::upgradable_read`.
pub type RwLockUpgradableReadGuard<'a, T> = locks::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// As [`RwLock`], but a thread that reads may read once more: readers never wait for a writer that waits, which may
/// therefore wait for long.
pub type RecursiveRwLock<T> = locks::RwLock<RawRwLockRecursive, T>;
/// Shared access to the value of a [`RecursiveRwLock`].
pub type RecursiveRwLockReadGuard<'a, T> = locks::RwLockReadGuard<'a, RawRwLockRecursive, T>;
/// Exclusive access to the value of a [`RecursiveRwLock`].
pub type RecursiveRwLockWriteGuard<'a, T> = locks::RwLockWriteGuard<'a, RawRwLockRecursive, T>;
/// Shared access to the value of a [`RecursiveRwLock`] that can become exclusive.
pub type RecursiveRwLockUpgradableReadGuard<'a, T> =
    locks::RwLockUpgradableReadGuard<'a, RawRwLockRecursive, T>;
/// Shared access to a part of the value of a [`RecursiveRwLock`].
pub type MappedRecursiveRwLockReadGuard<'a, T> = locks::MappedRwLockReadGuard<'a, RawRwLockRecursive, T>;
/// Exclusive access to a part of the value of a [`RecursiveRwLock`].
pub type MappedRecursiveRwLockWriteGuard<'a, T> = locks::MappedRwLockWriteGuard<'a, RawRwLockRecursive, T>;

/// A [`Mutex`] that is given back to whoever has waited longest.
///
/// # Differences from `parking_lot::FairMutex`
///
/// In a simulation it is no fairer than a [`Mutex`]: who gets it next is for the schedule. So a program that is right only
/// because this one is fair fails there.
pub type FairMutex<T> = locks::Mutex<RawFairMutex, T>;
/// Access to the value of a locked [`FairMutex`]; unlocks it when dropped.
pub type FairMutexGuard<'a, T> = locks::MutexGuard<'a, RawFairMutex, T>;
/// Access to a part of the value of a locked [`FairMutex`].
pub type MappedFairMutexGuard<'a, T> = locks::MappedMutexGuard<'a, RawFairMutex, T>;

/// A mutex that its holder may lock again. It gives shared access only: to change the value, put it into a `RefCell`.
pub type ReentrantMutex<T> = locks::ReentrantMutex<T>;
/// Access to the value of a locked [`ReentrantMutex`]; the last one of its thread unlocks it when dropped.
pub type ReentrantMutexGuard<'a, T> = locks::ReentrantMutexGuard<'a, T>;
/// Access to a part of the value of a locked [`ReentrantMutex`].
pub type MappedReentrantMutexGuard<'a, T> = locks::MappedReentrantMutexGuard<'a, T>;
/// [`ReentrantMutex`] under the name that it has in the standard library, where it is not stable.
pub type ReentrantLock<T> = ReentrantMutex<T>;
/// [`ReentrantMutexGuard`] under its name in the standard library.
pub type ReentrantLockGuard<'a, T> = ReentrantMutexGuard<'a, T>;

// With parking_lot's parameters: the raw lock, as [`RawMutex`], comes first.
pub use locks::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard,
};

/// [`Mutex::new`](locks::Mutex::new), which is `const` itself: for code from before that was so.
#[must_use]
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

/// [`RwLock::new`](locks::RwLock::new), which is `const` itself: for code from before that was so.
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
