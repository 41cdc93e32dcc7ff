//! Snapshots (§7, Fig. 13): taken by this server's service, or received from the leader.

use raft_interface::{Index, ServerId};

use crate::messages::{InstallSnapshotArgs, InstallSnapshotReply};
use crate::state::State;

impl State {
    /// The service has put everything up to `index` into `data` (MIT's Snapshot).
    pub(crate) fn take_snapshot(&mut self, index: Index, data: Vec<u8>) {
        // begin solution 3D.1: forget the log up to `index`, and keep the bytes
        // hint: A snapshot from the leader may have gone further meanwhile: then this one is old.
        if index <= self.log.base_index() || index > self.last_applied {
            return;
        }
        let term = self.log.term_at(index).expect("what was applied after the base is in the log");
        self.log.compact(index, term);
        self.snapshot = data.into();
        // end solution
    }

    /// The message for a follower that lacks entries which this leader has forgotten.
    pub(crate) fn install_snapshot_args(&self) -> InstallSnapshotArgs {
        // begin solution 3D.3: the snapshot, with the index and the term of the last entry that it covers
        InstallSnapshotArgs {
            term: self.current_term,
            leader_id: self.me,
            last_included_index: self.log.base_index(),
            last_included_term: self.log.base_term(),
            data: self.snapshot.clone(),
        }
        // end solution
    }

    /// The leader sends its snapshot (Fig. 13, receiver). A higher term has been adopted already.
    pub(crate) fn on_install_snapshot(&mut self, args: &InstallSnapshotArgs) -> InstallSnapshotReply {
        // begin solution 3D.3: take the snapshot in the place of the log that it covers
        // hint: It comes from a leader: think of AppendEntries. And it may be late: what does it bring to who has committed more?
        // hint: The applier delivers it, before the entries that follow it: see `next_to_apply`.
        if args.term < self.current_term {
            return InstallSnapshotReply { term: self.current_term };
        }
        self.follow();
        self.reset_election_timer();
        // Whoever has committed as much has it all in its log, and will apply it from there.
        if args.last_included_index > self.commit_index {
            self.log.compact(args.last_included_index, args.last_included_term);
            self.snapshot = args.data.clone();
            self.commit_index = args.last_included_index;
        }
        InstallSnapshotReply { term: self.current_term }
        // end solution
    }

    /// A follower has answered, and has everything that the snapshot covers. A higher term has been adopted already.
    pub(crate) fn on_install_snapshot_reply(&mut self, peer: ServerId, args: &InstallSnapshotArgs) {
        // begin solution 3D.3: the follower has the snapshot
        // hint: Late answers: see `counts_answer`.
        let &InstallSnapshotArgs { term: asked_in, last_included_index: covered, .. } = args;
        if self.counts_answer(peer, asked_in) {
            self.follower_has(peer, covered);
        }
        // end solution
    }
}
