//! Delivering what is committed, in order: Figure 2, All servers 1.

use labrpc::channel::select;
use raft_interface::ApplyMsg;

use super::Node;

impl Node {
    pub(super) fn wake_applier(&self) {
        // If there is no room, the applier is about to look anyway.
        let _ = self.to_apply.0.try_send(());
    }

    /// Delivers what is committed, until the server is killed. The lock is not held meanwhile: the service may be slow,
    /// and may call back.
    pub(super) fn apply_all(&self) {
        while let Some(messages) = self.next_messages() {
            for message in messages {
                select! {
                    send(self.apply, message) -> sent => if sent.is_err() { return },
                    recv(self.killed) -> _ => return,
                }
            }
        }
    }

    /// What is to be delivered next; waits for it. `None` when the server does nothing any more.
    fn next_messages(&self) -> Option<Vec<ApplyMsg>> {
        loop {
            let mut state = self.state.lock();
            if state.is_halted {
                return None;
            }
            let (log, from) = (&state.durable, state.applied + 1);
            if from <= log.base_idx {
                // Only a leader's snapshot gets ahead of the service, and it is the one that is stored.
                let (index, term) = (log.base_idx, log.base_term);
                let data = self.persister.snapshot().into();
                state.applied = index;
                return Some(vec![ApplyMsg::Snapshot { index, term, data }]);
            }
            if from <= state.committed {
                let messages = (from..=state.committed).zip(log.items_from(from)).map(|(index, item)| {
                    ApplyMsg::Command { index, term: item.born_in, command: item.payload.clone() }
                });
                let messages = messages.collect();
                state.applied = state.committed;
                return Some(messages);
            }
            drop(state);
            select! {
                recv(self.to_apply.1) -> _ => {},
                recv(self.killed) -> _ => return None,
            }
        }
    }
}
