//! What a server does with a leader's messages, and with the snapshots of its own service.

use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{ApplyMsg, Index};

use super::messages::{
    AppendEntriesArgs, AppendEntriesReply, Entry, InstallSnapshotArgs, InstallSnapshotReply,
};
use super::state::State;

impl State {
    /// Figure 2, `AppendEntries`, receiver.
    pub(super) fn on_append_entries(&mut self, args: &AppendEntriesArgs, now: Instant) -> AppendEntriesReply {
        if args.term > self.durable.current_term {
            self.adopt(args.term, now);
        }
        let term = self.durable.current_term;
        if args.term < term {
            return AppendEntriesReply { term, ..Default::default() };
        }
        self.hear_from_leader(args.leader, now);
        let prev = args.prev_idx;
        let log = &self.durable.log;
        if prev > log.last_index() {
            let conflict_index = log.last_index() + 1;
            return AppendEntriesReply { term, conflict_index, ..Default::default() };
        }
        // What lies deep in the snapshot is committed, and so the leader has the same there (§5.4).
        let own = log.term_at(prev).filter(|&own| own != args.prev_term);
        if own.is_some() {
            let conflict_index = log.first_of_term_at(prev);
            return AppendEntriesReply { term, ok: false, conflict_term: own, conflict_index };
        }
        self.store(args);
        let commit_index = args.commit.min(args.last_index());
        if commit_index > self.durable.commit_index {
            self.durable.commit_index = commit_index;
        }
        AppendEntriesReply { term, ok: true, ..Default::default() }
    }

    /// Receiver, 3 and 4: from the first entry that the log does not have, all are put in the place of what is there.
    /// If it has them all, nothing is cut: the request may be an old one.
    fn store(&mut self, args: &AppendEntriesArgs) {
        let log = &self.durable.log;
        let indexes = args.prev_idx + 1..;
        let new = indexes
            .zip(&args.entries)
            .position(|(index, entry)| index > log.base_index() && log.term_at(index) != Some(entry.0));
        if let Some(new) = new {
            let first = args.prev_idx + 1 + new as Index;
            self.durable.log.replace_from(first, &args.entries[new..]);
        }
    }

    /// Figure 13, receiver.
    pub(super) fn on_install_snapshot(
        &mut self,
        args: &InstallSnapshotArgs,
        now: Instant,
    ) -> InstallSnapshotReply {
        if args.term > self.durable.current_term {
            self.adopt(args.term, now);
        }
        let term = self.durable.current_term;
        if args.term < term {
            return InstallSnapshotReply { term };
        }
        self.hear_from_leader(args.leader, now);
        // What is committed here is going to be applied anyway.
        if args.snapshot_index > self.durable.commit_index {
            self.durable.log.compact(args.snapshot_index, args.snapshot_term);
            self.durable.commit_index = args.snapshot_index;
            *self.snapshot = Arc::clone(&args.data);
        }
        InstallSnapshotReply { term }
    }

    /// The service has everything up to `index` in `data`.
    pub(super) fn on_own_snapshot(&mut self, index: Index, data: Vec<u8>) {
        let is_new = index > self.durable.log.base_index() && index <= self.last_applied;
        if let Some(term) = self.durable.log.term_at(index).filter(|_| is_new) {
            self.durable.log.compact(index, term);
            *self.snapshot = data.into();
        }
    }

    /// What is to be delivered next, and from now on counts as applied.
    pub(super) fn take_deliveries(&mut self) -> Vec<ApplyMsg> {
        let log = &self.durable.log;
        if self.last_applied < log.base_index() {
            self.last_applied = log.base_index();
            let (index, term) = (log.base_index(), log.base_term());
            return vec![ApplyMsg::Snapshot { index, term, data: self.snapshot.clone() }];
        }
        let first = self.last_applied + 1;
        self.last_applied = self.durable.commit_index;
        let entries = log.range(first, self.last_applied);
        let message = |(index, entry): (Index, &Entry)| ApplyMsg::Command {
            index,
            term: entry.0,
            command: Arc::clone(&entry.1),
        };
        (first..).zip(entries).map(message).collect()
    }
}
