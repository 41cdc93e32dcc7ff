//! The lock.

use std::fmt;

use kvraft_interface::{AnyLock, PutError, VersionedClerk};

use crate::name::{self, FREE};

/// A client's handle to a lock.
pub struct Lock {
    clerk: Box<dyn VersionedClerk>,
    /// Under which it is stored.
    key: String,
    /// The name of this holding, or of the try to get one.
    holder: String,
}

impl Lock {
    /// A handle to the lock of this name.
    #[must_use]
    pub fn new(clerk: Box<dyn VersionedClerk>, name: &str) -> Self {
        Self { clerk, key: name.to_owned(), holder: String::new() }
    }
}

impl AnyLock for Lock {
    // hint: Draw a name, read the key, and if the lock is free put the name there, at the version that was read.
    // hint: `Ok`: the lock is yours. `Version`: somebody was faster. Either way the key tells the truth: read it again.
    // hint: 2L.2: `Maybe`: it may be yours already. If you go on as if it were not, you wait for yourself, for ever. Read the key: if your
    // hint: name stands there, you have it.
    fn acquire(&mut self) {
        // begin solution 2L.1: write a name of your own where nothing stands
        self.holder = name::draw();
        loop {
            let (value, version) = self.clerk.get(&self.key).unwrap_or_default();
            // After `Maybe`, or at once.
            if value == self.holder {
                return;
            }
            if value == FREE {
                match self.clerk.put(&self.key, &self.holder, version) {
                    Ok(()) => return,
                    // Only the key can tell.
                    Err(PutError::Maybe) => continue,
                    Err(PutError::Version | PutError::NoKey) => {}
                }
            }
            name::wait();
        }
        // end solution
    }

    // hint: Read the key, and if your name stands there put nothing there, at the version that was read.
    // hint: 2L.3: `Maybe`: do not put again at whatever version is there now. The lock may be somebody else's already, who would lose it.
    // hint: Read the key: only as long as your own name stands there is there anything to give back.
    fn release(&mut self) {
        // begin solution 2L.1: write nothing where your name stands
        loop {
            let (value, version) = self.clerk.get(&self.key).unwrap_or_default();
            if value != self.holder || self.clerk.put(&self.key, FREE, version).is_ok() {
                return;
            }
        }
        // end solution
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lock({})", self.key)
    }
}
