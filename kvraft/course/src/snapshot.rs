//! Snapshots: the machine in the place of the entries that have made it what it is (§7).
//!
//! What of the machine goes into one, [`Machine::to_store`] says.

use raft_interface::{Index, RaftServer};
use serde::{Deserialize, Serialize};

use crate::layer::{Node, State};
use crate::machine::Machine;

/// A machine, and what it has applied: of the same moment, always.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// The last index that is in the machine.
    pub(crate) index: Index,
    pub(crate) machine: Machine,
}

impl Snapshot {
    /// Reads what [`State::encode`] has written. `None` if the bytes are none of that: no bytes at all, for instance, before the first.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

impl State {
    /// What a server begins with: the stored snapshot, if there is one.
    pub(crate) fn restore(stored: &[u8]) -> Self {
        // begin solution 4A.4: begin with what is stored
        // instead: Self::default()
        let Snapshot { index, machine } = Snapshot::decode(stored).unwrap_or_default();
        Self { machine, applied: index, ..Self::default() }
        // end solution
    }

    /// The bytes of a snapshot: the machine, and the index of the last command in it.
    fn encode(&self) -> Vec<u8> {
        let machine = self.machine.to_store();
        postcard::to_stdvec(&Snapshot { index: self.applied, machine }).expect("a snapshot is plain data")
    }

    /// A snapshot of the leader's takes the place of the machine.
    pub(crate) fn install(&mut self, index: Index, data: &[u8]) {
        // begin solution 4A.4: go on from the snapshot, if it is ahead of the machine
        // hint: The stored one may come once more. What it covers is applied already, and the machine must not go back.
        // hint: Who waits for an index that it covers cannot be told a result. Nobody knows: free them.
        if index <= self.applied {
            return;
        }
        let snapshot = Snapshot::decode(data).expect("a snapshot that a server has taken");
        (self.machine, self.applied) = (snapshot.machine, index);
        // What came of their commands is in the snapshot: they cannot be told, and ask again.
        self.waiters = self.waiters.split_off(&(index + 1));
        // end solution
    }
}

impl<R: RaftServer> Node<R> {
    /// A snapshot of what is applied, and its index, if Raft stores so much that one is due.
    pub(crate) fn snapshot_if_due(&self, state: &State) -> Option<(Index, Vec<u8>)> {
        // begin solution 4A.4: take one when the stored state has reached the limit
        // hint: `self.persister.raft_state_len()` against `self.raft_state_bytes_max`. `None` as limit means: never.
        // instead: None
        let is_due = self.raft_state_bytes_max.is_some_and(|max| self.persister.raft_state_len() >= max);
        is_due.then(|| (state.applied, state.encode()))
        // end solution
    }
}
