//! The applier: the one thread that changes the machine.
//!
//! It takes what the Raft delivers in order, applies it under the lock, and looks after each batch whether the log has
//! become too long. A snapshot and the index that it stands for are taken in the same piece under the lock: what they
//! say belongs together. The Raft gets them after the lock is free.

use labrpc::channel::{Receiver, select};
use labrpc::sync::MutexGuard;
use raft_interface::{ApplyMsg, Index, RaftServer, Term};

use super::waiters::Ticket;
use super::{Core, Shared, StateMachine, snapshot};

/// How many messages are applied under one hold of the lock.
const BATCH_MAX: usize = 64;

impl<R: RaftServer, M: StateMachine> Shared<R, M> {
    /// Applies until the server is stopped or the Raft has ended. Then nobody waits any more.
    pub(super) fn apply_all(&self, delivered: &Receiver<ApplyMsg>, stopped: &Receiver<()>) {
        while let Some(first) = next(delivered, stopped) {
            let mut core = self.core.lock();
            // Looked at under the lock: `stop` has told all waiters by then, and what is applied after that has
            // no hearers.
            if core.is_stopped() {
                break; // a deposed or killed server answers nobody
            }
            core.absorb(first);
            // Whatever is there is taken along: a lock per entry would be dear under load. But not all that may
            // come, or submits and reads would not get the lock while the Raft keeps delivering.
            for message in delivered.try_iter().take(BATCH_MAX) {
                core.absorb(message);
            }
            self.finish_batch(core);
        }
        self.stop();
    }

    /// Wakes who waits for progress, and takes a snapshot if it is time.
    fn finish_batch(&self, core: MutexGuard<'_, Core<M>>) {
        // Index and state under the same hold of the lock. Taken apart, an entry that is applied in between is
        // in the state and above the label: after a restart it is delivered and applied again.
        let snapshot =
            self.is_log_too_long().then(|| (core.applied, snapshot::take(core.applied, &core.machine)));
        let is_watched = core.watching > 0;
        drop(core);
        // All of them: they wait for different indexes, and one batch may have reached several.
        if is_watched {
            self.progress.notify_all();
        }
        if let Some((index, data)) = snapshot {
            // Without the lock: the Raft takes its own and saves, which may be slow, and submits need not wait
            // for that.
            self.raft.snapshot(index, data);
        }
    }

    fn is_log_too_long(&self) -> bool {
        self.config.raft_state_bytes_max.is_some_and(|max| self.persister.raft_state_len() >= max)
    }
}

/// The next message; `None` when there will be none.
fn next(delivered: &Receiver<ApplyMsg>, stopped: &Receiver<()>) -> Option<ApplyMsg> {
    select! {
        recv(delivered) -> message => message.ok(),
        recv(stopped) -> _ => None,
    }
}

impl<M: StateMachine> Core<M> {
    /// Takes over what one message says. What the machine has already is skipped.
    ///
    /// # Panics
    ///
    /// When an index is left out, or a snapshot cannot be read: going on would make this replica differ from the others.
    fn absorb(&mut self, message: ApplyMsg) {
        match message {
            // After a restart from a snapshot the Raft may deliver that snapshot too. To apply something twice
            // would be worse than to look once more at each message.
            ApplyMsg::Command { index, .. }
            | ApplyMsg::Own { index, .. }
            | ApplyMsg::Snapshot { index, .. }
                if index <= self.applied => {}
            ApplyMsg::Own { index, term, .. } => {
                self.goes_on_with(index, term);
                self.waiters.own_entry(Ticket { index, term });
            }
            ApplyMsg::Command { index, term, command } => {
                self.goes_on_with(index, term);
                // On every replica, not on the leader only: a follower that leads tomorrow has to have the same
                // machine, and its sessions, by then.
                let reply = self.machine.apply(index, &command);
                self.waiters.applied(Ticket { index, term }, reply);
            }
            ApplyMsg::Snapshot { index, data, .. } => self.install(index, &data),
        }
    }

    /// The next entry is here.
    fn goes_on_with(&mut self, index: Index, term: Term) {
        let applied = self.applied;
        assert!(index == applied + 1, "the Raft delivers index {index} after {applied}");
        self.applied = index;
        self.terms.push(term);
    }

    fn install(&mut self, index: Index, data: &[u8]) {
        let label = snapshot::restore(&mut self.machine, data);
        assert!(label == Ok(index), "the snapshot up to {index} says of itself: {label:?}");
        self.applied = index;
        self.terms.restart(index);
        self.waiters.overtaken(index);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use raft_interface::OwnEntry;

    use labrpc::channel;

    use super::super::{Damaged, SubmitError};
    use super::*;

    /// Counts commands.
    struct Counter(u64);

    impl StateMachine for Counter {
        type Reply = u64;

        fn apply(&mut self, _: Index, _: &[u8]) -> u64 {
            self.0 += 1;
            self.0
        }

        fn snapshot(&self) -> Vec<u8> {
            self.0.to_le_bytes().to_vec()
        }

        fn restore(&mut self, _: &[u8]) -> Result<(), Damaged> {
            Ok(())
        }
    }

    fn command(index: Index) -> ApplyMsg {
        ApplyMsg::Command { index, term: 1, command: Arc::from([]) }
    }

    fn own(index: Index) -> ApplyMsg {
        ApplyMsg::Own { index, term: 1, entry: OwnEntry::NoOp }
    }

    fn core() -> Core<Counter> {
        Core::new(Counter(0), 0, channel::bounded(0).0)
    }

    /// The machine does not hear of them, and whoever counts indexes does.
    #[test]
    fn entries_of_the_raft_are_counted_and_not_applied() {
        let mut core = core();
        let waits = core.waiters.enter(Ticket { index: 2, term: 1 });
        [command(1), own(2), own(2), command(3)].into_iter().for_each(|message| core.absorb(message));
        assert_eq!((core.applied, core.machine.0), (3, 2));
        assert_eq!(waits.try_recv(), Ok(Err(SubmitError::Overwritten)), "another entry has its place");
    }

    #[test]
    #[should_panic(expected = "the Raft delivers index 3 after 1")]
    fn entry_of_the_raft_that_leaves_one_out_is_refused() {
        let mut core = core();
        core.absorb(command(1));
        core.absorb(own(3));
    }
}
