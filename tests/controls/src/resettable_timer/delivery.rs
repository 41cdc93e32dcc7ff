//! The thread that hands the service what is committed.

use labrpc::channel::{Sender, select};
use raft_interface::ApplyMsg;

use super::Server;

impl Server {
    /// Delivers until the server is killed or nobody receives. The channel closes with this thread.
    pub(super) fn deliver(&self, apply: &Sender<ApplyMsg>) {
        loop {
            while let Some(message) = self.next_delivery() {
                // Without the lock: the service may be slow, or call back.
                select! {
                    send(apply, message) -> sent => {
                        if sent.is_err() {
                            return;
                        }
                    }
                    recv(self.killed) -> _ => return,
                }
            }
            select! {
                recv(self.committed.receiver) -> _ => {}
                recv(self.killed) -> _ => return,
            }
        }
    }

    /// What comes after what was delivered last, if it is committed. A snapshot that stands for more than that comes
    /// first: the leader's, or after a restart the one on the disk.
    fn next_delivery(&self) -> Option<ApplyMsg> {
        let mut state = self.state.lock();
        let (base_index, base_term) = state.log.base();
        if state.last_applied < base_index {
            state.last_applied = base_index;
            let data = state.snapshot.clone();
            return Some(ApplyMsg::Snapshot { index: base_index, term: base_term, data });
        }
        if state.last_applied >= state.commit_index {
            return None;
        }
        let index = state.last_applied + 1;
        let entry = state.log.get(index).expect("what is committed is in the log");
        let (term, command) = (entry.term, entry.command.clone());
        state.last_applied = index;
        Some(ApplyMsg::Command { index, term, command })
    }
}
