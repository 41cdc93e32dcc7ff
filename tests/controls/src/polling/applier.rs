//! The applier: hands to the service what is committed.

use labrpc::channel::{SendTimeoutError, Sender};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::ApplyMsg;

use super::Node;
use super::state::State;

/// How often the applier looks for something new.
const POLL: Duration = Duration::from_millis(10);

impl Node {
    /// Delivers what is committed, until the server is killed or its service is gone. It is the only one to deliver, so
    /// the order of what it takes is the order in which it arrives.
    pub(super) fn apply(&self, service: &Sender<ApplyMsg>) {
        while !self.is_killed() {
            let messages = self.take_committed(&mut self.state.lock());
            // Without the lock: the service may take its time, and may call this server before it takes the next.
            if !messages.into_iter().all(|message| self.deliver(message, service)) {
                return;
            }
            thread::sleep(POLL);
        }
    }

    /// Waits until the service has room for a message. Returns false if it never will, or if the server was killed.
    fn deliver(&self, mut message: ApplyMsg, service: &Sender<ApplyMsg>) -> bool {
        while !self.is_killed() {
            match service.send_timeout(message, POLL) {
                Ok(()) => return true,
                Err(SendTimeoutError::Timeout(returned)) => message = returned,
                Err(SendTimeoutError::Disconnected(_)) => return false,
            }
        }
        false
    }

    /// What is to be delivered next: the snapshot if it is ahead of the service, then all committed entries.
    fn take_committed(&self, state: &mut State) -> Vec<ApplyMsg> {
        if state.is_broken {
            return Vec::new();
        }
        let State { log, commit_index, last_applied, .. } = state;
        let mut messages = Vec::new();
        if *last_applied < log.base_index() {
            let (index, term) = (log.base_index(), log.base_term());
            messages.push(ApplyMsg::Snapshot { index, term, data: self.persister.snapshot().into() });
            *last_applied = index;
        }
        if *last_applied < *commit_index {
            let entries = log.copy(*last_applied + 1, *commit_index);
            let commands = (*last_applied + 1..).zip(entries).map(|(index, entry)| ApplyMsg::Command {
                index,
                term: entry.term,
                command: entry.command,
            });
            messages.extend(commands);
            *last_applied = *commit_index;
        }
        messages
    }
}
