//! What is committed goes to the service.

use labrpc::channel::SendTimeoutError;
use labrpc::sync::{Arc, MutexGuard};
use labrpc::time::Duration;
use raft_interface::ApplyMsg;

use super::Node;
use super::state::{Pending, State};

/// How long the applier waits for a slow service before it looks whether the server is still needed.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many entries it takes at once.
const BATCH: u64 = 50;

impl Node {
    pub(super) fn run_applier(&self) {
        let mut s = self.state.lock();
        loop {
            self.applier.wait_while(&mut s, |s| s.pending.is_none() && s.taken >= s.commit && !s.is_killed);
            if s.is_killed {
                return;
            }
            let batch = take_batch(&mut s);
            let goes_on =
                MutexGuard::unlocked(&mut s, || batch.into_iter().all(|message| self.deliver(message)));
            if !goes_on {
                return;
            }
        }
    }

    /// Waits for the service to take the message. False if it never will, or if the server was killed.
    fn deliver(&self, mut message: ApplyMsg) -> bool {
        loop {
            match self.apply.send_timeout(message, PATIENCE) {
                Ok(()) => return true,
                Err(SendTimeoutError::Timeout(back)) if !self.state.lock().is_killed => message = back,
                Err(_) => return false,
            }
        }
    }
}

fn take_batch(s: &mut State) -> Vec<ApplyMsg> {
    let mut batch = Vec::new();
    if let Some(Pending { index, epoch, blob }) = s.pending.take() {
        s.taken = index;
        batch.push(ApplyMsg::Snapshot { index, term: epoch, data: blob });
    }
    let until = s.commit.min(s.taken + BATCH);
    for index in s.taken + 1..=until {
        let item = s.book.get(index);
        batch.push(ApplyMsg::Command { index, term: item.epoch, command: Arc::clone(&item.payload) });
    }
    s.taken = until.max(s.taken);
    batch
}
