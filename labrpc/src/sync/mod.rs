//! Locks, condition variables, atomics and one-time initialisation of both worlds.
//!
//! [`Mutex`], [`RwLock`] and their guards are `lock_api`'s types over raw locks of our own, as parking_lot's are
//! over its raw locks: the same methods, down to `MutexGuard::map`. There is no poisoning.
//!
//! # Differences from parking_lot
//!
//! - In a simulation, taking a lock is a scheduling point, also when it is free. Giving it back is not: what another
//!   thread could do then it can do when this one next takes a step.
//! - To begin to wait for a [`Condvar`] is one only if the thread has looked at anything else since it took the lock, an
//!   atomic or a channel: that can change before the wait. To notify is none: a notification before which others run is
//!   no other than a late one.
//! - A thread that locks a [`Mutex`] that it holds is reported at once, with both places, instead of waiting for ever.
//! - There are no upgradable read locks, and no fair or reentrant mutexes.
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

pub use crate::sim::{RawMutex, RawRwLock};

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
