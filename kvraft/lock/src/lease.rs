//! The lease: a lock that comes back by itself.
//!
//! Nobody can tell a holder that has died from one that sleeps. So nobody tries: a waiter that has seen the same holding for the whole
//! time of a lease takes the lock, and the holder may wake up and not know. What keeps it from doing harm is its token, which
//! whatever the lock protects compares with the highest one that it has seen (Kleppmann 2016, "How to do distributed locking";
//! Gray & Cheriton 1989).
//!
//! No clocks are compared: a waiter measures the time on its own, from when it has read the holding. That began before. So a lease is
//! never taken too early, as long as clocks run at the same rate.

use std::fmt;
use std::time::Duration;

use kvraft_interface::{AnyLease, PutError, Token, Version, VersionedClerk};
use labrpc::time::Instant;

use crate::name::{self, FREE};

/// A client's handle to a lock that is lent.
pub struct Lease {
    clerk: Box<dyn VersionedClerk>,
    /// Under which it is stored.
    key: String,
    /// For how long it is lent.
    time: Duration,
    /// The name of this holding, or of the try to get one.
    holder: String,
}

impl Lease {
    /// A handle to the lock of this name, which is lent for this time.
    #[must_use]
    pub fn new(clerk: Box<dyn VersionedClerk>, name: &str, time: Duration) -> Self {
        Self { clerk, key: name.to_owned(), time, holder: String::new() }
    }
}

impl AnyLease for Lease {
    // hint: As a lock's. But a holding that you have seen for the whole time, at the same version, is over: put your name there.
    // hint: Measure with `labrpc::time::Instant` from after the read that has shown the holding, and anew when the version changes.
    // hint: The token is the version that your name stands at. Versions of a key only grow.
    fn acquire(&mut self) -> Token {
        // begin solution 2L.4: as a lock, but a holding ends by itself
        self.holder = name::draw();
        let mut seen: Option<(Version, Instant)> = None;
        loop {
            let (value, version) = self.clerk.get(&self.key).unwrap_or_default();
            if value == self.holder {
                return version;
            }
            let since = match seen {
                Some((known, since)) if known == version => since,
                _ => Instant::now(),
            };
            seen = Some((version, since));
            if value == FREE || since.elapsed() > self.time {
                match self.clerk.put(&self.key, &self.holder, version) {
                    Ok(()) => return version + 1,
                    Err(PutError::Maybe) => continue,
                    Err(PutError::Version | PutError::NoKey) => {}
                }
            }
            name::wait();
        }
        // end solution
    }

    // hint: As a lock's. If another name stands there your time was over: leave it.
    fn release(&mut self) {
        // begin solution 2L.4: give back what is still yours
        loop {
            let (value, version) = self.clerk.get(&self.key).unwrap_or_default();
            if value != self.holder || self.clerk.put(&self.key, FREE, version).is_ok() {
                return;
            }
        }
        // end solution
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({}, {:?})", self.key, self.time)
    }
}
