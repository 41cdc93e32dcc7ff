//! Leases under test, and a store that compares their tokens.

use std::fmt;
use std::time::Duration;

use kvraft_interface::{AnyLease, Token};
use labrpc::sync::Arc;
use parking_lot::Mutex as PlainMutex;

use crate::lab::Lab;

/// A client's handle to a lock that is lent.
pub struct LeaseHandle {
    lab: Lab,
    lease: Box<dyn AnyLease>,
}

impl LeaseHandle {
    pub(super) fn new(lab: Lab, lease: Box<dyn AnyLease>) -> Self {
        Self { lab, lease }
    }

    /// Waits until the lock is this client's. Returns its token, and when the call began and ended.
    pub fn acquire(&mut self) -> (Token, Duration, Duration) {
        let called = self.lab.now();
        let token = self.lease.acquire();
        (token, called, self.lab.now())
    }

    /// Gives it back, if it is still this client's.
    pub fn release(&mut self) {
        self.lease.release();
    }
}

/// What a lock protects, if it is careful: a value that nobody writes with an older token than the last one. Cheap to clone: all
/// clones are the same store.
#[derive(Clone, Debug, Default)]
pub struct FencedStore(Arc<PlainMutex<(Token, String)>>);

impl FencedStore {
    /// Writes, unless a higher token was seen. Returns whether it was written.
    #[must_use]
    pub fn write(&self, token: Token, value: &str) -> bool {
        let mut stored = self.0.lock();
        if token < stored.0 {
            return false;
        }
        *stored = (token, value.to_owned());
        true
    }

    /// What was written last.
    #[must_use]
    pub fn value(&self) -> String {
        self.0.lock().1.clone()
    }
}

impl fmt::Debug for LeaseHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseHandle")
    }
}
