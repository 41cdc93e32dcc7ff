//! Waiting until a server is what somebody wants it to be.

use labrpc::time::Instant;

use crate::node::Raft;
use crate::status::Status;

impl Raft {
    /// Waits until `holds` says yes to the server's status; returns that status. `None` at the deadline, and as soon as the
    /// server is stopped and will never change.
    ///
    /// Ask for what stays, such as "has committed 5 or more": whoever waits is woken by each step but has to get the lock
    /// first, and meanwhile the server may have taken others. `holds` runs while the server is locked: it must not call the
    /// server, nor wait, nor panic.
    pub fn wait_until(&self, deadline: Instant, mut holds: impl FnMut(&Status) -> bool) -> Option<Status> {
        let mut monitor = self.node.monitor.lock();
        monitor.others_waiting += 1;
        let found = loop {
            // First: a server that could not save has things in memory that never were.
            if monitor.state.stopped {
                break None;
            }
            let status = monitor.state.status();
            if holds(&status) {
                break Some(status);
            }
            if Instant::now() >= deadline {
                break None;
            }
            let _woken_or_late = self.node.others.wait_until(&mut monitor, deadline); // the loop looks anyway
        };
        monitor.others_waiting -= 1;
        found
    }
}
