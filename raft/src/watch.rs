//! Waiting until a server is what somebody wants it to be.

use labrpc::time::Instant;

use crate::monitor::Node;
use crate::node::Raft;
use crate::state::State;
use crate::status::Status;

impl Raft {
    /// Waits until `holds` says yes to the server's status; returns that status. `None` at the deadline, and as soon as the
    /// server is stopped and will never change.
    ///
    /// Ask for what stays, such as "has committed 5 or more": whoever waits is woken by each step but has to get the lock
    /// first, and meanwhile the server may have taken others. `holds` runs while the server is locked: it must not call the
    /// server, nor wait, nor panic.
    pub fn wait_until(&self, deadline: Instant, mut holds: impl FnMut(&Status) -> bool) -> Option<Status> {
        // A server that could not save has things in memory that never were.
        let look = |state: &State| {
            let status = (!state.stopped).then(|| state.status());
            status.is_none_or(|status| holds(&status)).then_some(status)
        };
        self.node.wait_for(Some(deadline), look)?
    }
}

impl Node {
    /// Looks at the state, and again after each step, until there is something to see. `None` at the deadline.
    pub(crate) fn wait_for<T>(
        &self,
        deadline: Option<Instant>,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Option<T> {
        // It may be there already, hence the look before the first wait. No step can slip in between look and wait: the wait
        // is what gives the lock up.
        let mut monitor = self.monitor.lock();
        monitor.others_waiting += 1;
        let found = loop {
            let found = look(&monitor.state);
            if found.is_some() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break found;
            }
            match deadline {
                None => self.others.wait(&mut monitor),
                Some(deadline) => {
                    let _woken_or_late = self.others.wait_until(&mut monitor, deadline); // the loop looks anyway
                }
            }
        };
        monitor.others_waiting -= 1;
        found
    }
}
