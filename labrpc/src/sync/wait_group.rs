//! Waiting until a number of threads have done something.

use std::fmt;

use super::{Arc, Condvar, Mutex};

/// Lets threads wait until all have dropped their clones of one group: how many they are need not be known before.
///
/// # Differences from `crossbeam_utils::sync::WaitGroup`
///
/// A clone that a thread of a crashed node has is never dropped, so who waits goes on waiting: a crashed machine says no
/// goodbye.
pub struct WaitGroup(Arc<Group>);

struct Group {
    /// How many clones there are.
    count: Mutex<usize>,
    ended: Condvar,
}

impl WaitGroup {
    /// A group with one clone, this one.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Group { count: Mutex::new(1), ended: Condvar::new() }))
    }

    /// Drops this clone, and waits until all others are dropped.
    #[track_caller]
    pub fn wait(self) {
        let group = Arc::clone(&self.0);
        drop(self);
        group.ended.wait_while(&mut group.count.lock(), |count| *count > 0);
    }
}

impl Drop for WaitGroup {
    fn drop(&mut self) {
        let mut count = self.0.count.lock();
        *count -= 1;
        if *count == 0 {
            self.0.ended.notify_all();
        }
    }
}

impl Clone for WaitGroup {
    fn clone(&self) -> Self {
        *self.0.count.lock() += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").finish_non_exhaustive()
    }
}
