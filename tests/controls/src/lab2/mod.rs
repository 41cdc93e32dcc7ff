//! Lab 2 in other styles than `kvraft/single` and `kvraft/lock`, and legal all the same. They share no code.
//!
//! - [`by_version`]: one method for everything, and a clerk that asks ever more seldom. A holder knows its lock by the version
//!   at which it wrote, and gives it back in one put, whatever is said to that. Leases count their tokens in the value.
//! - [`sessions`]: one thread owns the map and gets requests through a channel. It knows the requests of its clients by number, so a
//!   clerk never says `Maybe`. The lock is a queue of numbers, first come, first served, and so also who has died waits in it. No leases.

pub mod by_version;
pub mod sessions;

use lab::Implementation;

/// All of them, by name.
#[must_use]
pub fn all() -> [(&'static str, Implementation); 2] {
    [
        ("lab2_by_version", Implementation::of_locks::<by_version::ByVersion>()),
        ("lab2_sessions", Implementation::of_locks::<sessions::Queue>()),
    ]
}
