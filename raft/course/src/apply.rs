//! What is committed goes to the service, in order of index and each index once.

use std::time::Duration;

use labrpc::channel::{SendTimeoutError, Sender};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Index};

use crate::raft::Node;
use crate::state::State;

/// How long the applier waits for room in the channel before it looks whether the server was killed.
const PATIENCE: Duration = Duration::from_millis(50);

impl Node {
    /// The applier: a thread that delivers what is committed, until the server stops or its service is gone.
    pub(crate) fn apply(self: Arc<Self>, service: &Sender<ApplyMsg>) {
        while let Some(batch) = self.next_batch() {
            // Without the lock: the service may call `snapshot`, which needs it, before it takes the next message.
            if !batch.into_iter().all(|message| self.deliver(message, service)) {
                return;
            }
        }
    }

    /// Waits for something to deliver. `None` when the server has stopped.
    fn next_batch(&self) -> Option<Vec<ApplyMsg>> {
        let mut state = self.state.lock();
        // With `while`: a wake-up says that something has changed, not what.
        while !state.is_stopped && state.last_applied >= state.commit_index {
            self.changed.wait(&mut state);
        }
        (!state.is_stopped).then(|| state.next_to_apply())
    }

    /// Delivers one message. False if that cannot be done any more.
    fn deliver(&self, mut message: ApplyMsg, service: &Sender<ApplyMsg>) -> bool {
        while !self.state.lock().is_stopped {
            let Err(error) = service.send_timeout(message, PATIENCE) else { return true };
            match error {
                SendTimeoutError::Timeout(unsent) => message = unsent,
                SendTimeoutError::Disconnected(_) => return false,
            }
        }
        false
    }
}

impl State {
    /// All that is committed and was not delivered yet (Fig. 2, All servers, first point).
    fn next_to_apply(&mut self) -> Vec<ApplyMsg> {
        // begin solution 3B.3: the entries after `last_applied`, up to `commit_index`
        // hint: 3D.3: if the log begins after `last_applied`, the snapshot comes first, and then what follows it.
        let mut messages = Vec::new();
        if self.log.base_index() > self.last_applied {
            let (index, term) = (self.log.base_index(), self.log.base_term());
            messages.push(ApplyMsg::Snapshot { data: self.snapshot.clone(), index, term });
            self.last_applied = index;
        }
        let first: Index = self.last_applied + 1;
        for (index, entry) in (first..).zip(self.log.between(first, self.commit_index)) {
            messages.push(ApplyMsg::Command { command: entry.command.clone(), term: entry.term, index });
        }
        self.last_applied = self.commit_index;
        messages
        // end solution
    }
}
