//! The locks and their guards under the names of [`sync`](super), by their raw locks, as in `lock_api`.
//!
//! They are lock_api's types in all but one thing: a guard looks where it lies before it gives a reference away. In a simulation the
//! lock of a thread whose node has crashed can be taken away from it, and no reference may be left to whoever still runs. A guard
//! on the stack of its own thread can lend to that stack only. One that lies anywhere else, in a `Box` or a thread-local, can
//! lend for ever: then the lock is never taken away, and stays locked when the node crashes. `sim`'s module `hold` has the
//! argument, `lock_owners` how a lock is taken away. In the real world a guard pays for that with a comparison.
//!
//! # Differences from lock_api
//!
//! - The raw locks are those of this crate, and nobody else's: with `lock_api::Mutex` over them, guards would not look.
//! - Left out: `from_raw`, `raw`, `make_guard_unchecked`, `force_unlock` and their like, which are unsafe and for foreign code.
//! - A `ReentrantMutex` and its guards have no parameters but the value: there is one raw lock for it.
//! - `unlocked` does not abort when the lock cannot be taken again: the guard has none then, and panics when it is used.

#![allow(unsafe_code, reason = "this is where a held lock becomes a reference")]
#![allow(private_bounds, reason = "which raw locks and handles there are is decided here")]

mod held;
mod macros;
mod mutex;
mod reentrant_mutex;
mod rwlock;
mod rwlock_guards;

use std::fmt;

pub use mutex::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard};
pub use reentrant_mutex::{
    ArcReentrantMutexGuard, MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard,
};
pub use rwlock::RwLock;
pub use rwlock_guards::{
    ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard, ArcRwLockWriteGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};

/// What came of a wait without a deadline.
fn taken<T>(taken: Option<T>) -> T {
    taken.expect("a wait without a deadline ends with the lock")
}

/// Shows a lock whose value is there, or not.
fn show<T: fmt::Debug + ?Sized>(name: &str, value: Option<&T>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    match value {
        Some(value) => shown.field("data", &value),
        None => shown.field("data", &format_args!("<locked>")),
    };
    shown.finish()
}
