//! Locks on a key/value server with versioned writes: the second half of lab 2 of 6.5840.
//!
//! # The problem
//!
//! Several clients want to do something one after the other, and all they share is a [key/value server](kvraft_interface::SingleKv).
//! A versioned put is enough: of two that write the same version one wins. What makes it hard is that the winner may not be told:
//! its put is answered [`Maybe`](kvraft_interface::PutError::Maybe).
//!
//! # How it works
//!
//! The value of a lock's key is the name of its holder, or nothing. Every holding has a name of its own, drawn at random, so whoever reads
//! the key knows for sure whether the lock is its own, whatever it was told before.
//!
//! - [`Lock`]: acquire writes the name where it read nothing; release writes nothing where it read the name.
//! - [`Lease`]: the same, but the holding ends by itself. The version at which it was written is its token.
//!
//! # What it leaves out
//!
//! Fairness: whoever asks at the right moment gets it. Waiting without asking: there are no watches here.
//!
//! What stands between `begin solution` and `end solution` is what a student writes; the hints above it are in the order of need.

mod lease;
mod lock;
mod name;

pub use lease::Lease;
pub use lock::Lock;

use std::time::Duration;

use kv_single::Single;
use kvraft_interface::{AnyLease, AnyLock, Locks, VersionedClerk};

/// These locks as the suites see them.
#[derive(Clone, Copy, Debug)]
pub struct Reference;

impl Locks for Reference {
    type Store = Single;

    fn lock(clerk: Box<dyn VersionedClerk>, name: &str) -> Box<dyn AnyLock> {
        Box::new(Lock::new(clerk, name))
    }

    // Who writes no lease answers `false`: then the tests of leases are skipped, and cost nothing.
    fn leases() -> bool {
        true
    }

    fn lease(clerk: Box<dyn VersionedClerk>, name: &str, time: Duration) -> Option<Box<dyn AnyLease>> {
        Some(Box::new(Lease::new(clerk, name, time)))
    }
}
