//! Snapshots (§7): taken by the own service, or received from the leader.

use raft_interface::{Index, ServerId};

use super::Node;
use super::messages::{InstallSnapshotArgs, InstallSnapshotReply};
use super::state::{Role, State};

impl Node {
    /// The service has everything up to `index` in `data`.
    pub(super) fn take_snapshot(&self, index: Index, data: &[u8]) {
        let mut state = self.state.lock();
        // A snapshot of the leader may have overtaken this one; and there is none of what was not delivered.
        if state.is_broken || index <= state.log.base_index() || index > state.last_applied {
            return;
        }
        let term = state.log.term_at(index).expect("what was applied after the snapshot is in the log");
        state.log.rebase(index, term);
        self.persist_with_snapshot(&mut state, data);
    }

    /// The message that brings the snapshot on which the log stands. Both are always stored together.
    pub(super) fn snapshot_of(&self, state: &State) -> InstallSnapshotArgs {
        InstallSnapshotArgs {
            term: state.current_term,
            leader_id: self.me,
            last_included_index: state.log.base_index(),
            last_included_term: state.log.base_term(),
            data: self.persister.snapshot().into(),
        }
    }

    /// Sends a snapshot to one follower and takes note of its answer, in a thread that does nothing else.
    pub(super) fn send_snapshot(&self, peer: ServerId, args: &InstallSnapshotArgs) {
        let Some(reply) = self.peers[peer].call::<_, InstallSnapshotReply>("Raft.InstallSnapshot", args)
        else {
            return;
        };
        let mut state = self.state.lock();
        if state.adopt(reply.term) {
            self.persist(&mut state);
        } else if state.leads(args.term) {
            self.follower_has(&mut state, peer, args.last_included_index);
        }
    }

    /// InstallSnapshot, receiver.
    pub(super) fn on_install_snapshot(
        &self,
        args: &InstallSnapshotArgs,
        state: &mut State,
    ) -> InstallSnapshotReply {
        if args.term < state.current_term {
            return InstallSnapshotReply { term: state.current_term };
        }
        let has_changed = state.adopt(args.term);
        state.role = Role::Follower;
        state.reset_timer();
        // What is committed here already needs no snapshot: the applier has delivered it, or will.
        if args.last_included_index > state.commit_index {
            state.log.rebase(args.last_included_index, args.last_included_term);
            state.commit_index = args.last_included_index;
            self.persist_with_snapshot(state, &args.data);
        } else if has_changed {
            self.persist(state);
        }
        InstallSnapshotReply { term: state.current_term }
    }
}
