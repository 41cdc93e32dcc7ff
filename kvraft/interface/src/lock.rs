//! Locks on a key/value server, as part 2L grades them: the second half of lab 2 of 6.5840.

use std::time::Duration;

use crate::{SingleKv, VersionedClerk};

/// Locks on a key/value server. Nothing but the clerk knows of the others: two clients meet in the values of keys alone.
///
/// # The contract
///
/// - At most one lock of a name is held at a time, from when [`acquire`](AnyLock::acquire) has returned until
///   [`release`](AnyLock::release) is called. That is judged by those moments, and by no clock.
/// - A free lock that one client alone asks for is its own within ten seconds, and `release` returns within ten seconds, on a
///   network that has begun to deliver again. Among several it is somebody's; which one is not said, and nobody waits his turn.
/// - Whoever dies with a lock keeps it (6.5840): nobody can tell a client that has died from one that is slow. A
///   [lease](Self::lease) is the way out, and is offered or not.
/// - Locks of different names have nothing to do with each other.
///
/// How a lock is stored is nobody's business but its own: under which keys, and whether it knows its holder by a random number, by
/// the version at which it wrote, or otherwise. Keys that begin with the lock's name are its own; scenarios use others.
pub trait Locks: 'static {
    /// The server that they stand on in the tests. They must work on any.
    type Store: SingleKv;

    /// A client's handle to the lock of this name, which is not acquired by that. The clerk is for this handle alone.
    fn lock(clerk: Box<dyn VersionedClerk>, name: &str) -> Box<dyn AnyLock>;

    /// Whether there are leases. By default not; then what is graded of them is skipped.
    fn leases() -> bool {
        false
    }

    /// A client's handle to a lock that is lent for so long and not longer; `None` if there are no leases.
    fn lease(clerk: Box<dyn VersionedClerk>, name: &str, time: Duration) -> Option<Box<dyn AnyLease>> {
        let _ = (clerk, name, time);
        None
    }
}

/// A handle to a lock. It is acquired and released in turns, as often as one likes.
pub trait AnyLock: Send {
    /// Waits until the lock is this handle's.
    fn acquire(&mut self);

    /// Gives the lock back. It may be somebody else's before this returns: a release whose reply was lost must not take it from them.
    fn release(&mut self);
}

/// A number that grows with each time that a lease is given: a fencing token. A store that refuses tokens below the highest that it
/// has seen is safe from a holder that has slept past the end of its lease.
pub type Token = u64;

/// A handle to a lock that is lent.
pub trait AnyLease: Send {
    /// Waits until the lock is this handle's, or was lent to others and their time is over. Returns its token, which is greater than all
    /// that were given before this call, and no one else's. The time counts from some moment of this call on; nobody else is lent the
    /// lock before it is over, unless it was released. It is on loan until then and is not renewed.
    fn acquire(&mut self) -> Token;

    /// Gives the lock back, if it is still this handle's; if the time is over, it may be somebody else's, who keeps it.
    fn release(&mut self);
}
