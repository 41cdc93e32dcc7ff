//! The handlers: Figures 2 and 13, receiver implementation.

use raft_interface::{Index, ServerId, Term};

use super::log::SnapshotPoint;
use super::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply,
};
use super::state::{Role, State};

impl State {
    pub(super) fn on_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        self.adopt_term(args.term);
        let is_free = self.voted_for.is_none_or(|candidate| candidate == args.candidate_id);
        let own_last = (self.log.last_term(), self.log.last_index());
        let is_up_to_date = (args.last_log_term, args.last_log_index) >= own_last;
        let vote_granted = args.term == self.current_term && is_free && is_up_to_date;
        if vote_granted {
            if self.voted_for.is_none() {
                self.voted_for = Some(args.candidate_id);
                self.changed();
            }
            self.reset_election_timer();
        }
        RequestVoteReply { term: self.current_term, vote_granted }
    }

    pub(super) fn on_append_entries(&mut self, args: AppendEntriesArgs) -> AppendEntriesReply {
        let rejection = AppendEntriesReply::default();
        if !self.follow(args.term, args.leader_id) {
            return AppendEntriesReply { term: self.current_term, ..rejection };
        }
        let term = self.current_term;
        // What is in the snapshot is committed, so the leader has it as well.
        if args.prev_log_index >= self.log.base().index {
            match self.log.term_at(args.prev_log_index) {
                Some(own) if own == args.prev_log_term => {}
                Some(own) => {
                    let conflict_index = self.log.first_since_term(own);
                    return AppendEntriesReply {
                        term,
                        conflict_term: Some(own),
                        conflict_index,
                        ..rejection
                    };
                }
                None => {
                    let conflict_index = self.log.last_index() + 1;
                    return AppendEntriesReply { term, conflict_index, ..rejection };
                }
            }
        }
        let leader_commit = args.leader_commit;
        let last_new = args.prev_log_index + args.entries.len() as Index;
        self.store_entries(args);
        self.commit_index = self.commit_index.max(last_new.min(leader_commit));
        AppendEntriesReply { term, success: true, ..rejection }
    }

    /// AppendEntries, receiver 3 and 4: cuts the log at the first entry of another term, and appends what is missing.
    /// An old message, all of whose entries are there, changes nothing.
    fn store_entries(&mut self, args: AppendEntriesArgs) {
        for (index, entry) in (args.prev_log_index + 1..).zip(args.entries) {
            let is_known = index <= self.log.base().index || self.log.term_at(index) == Some(entry.term);
            if !is_known {
                if index <= self.log.last_index() {
                    self.log.truncate(index);
                    self.changed();
                }
                self.log.append(entry);
                self.appended();
            }
        }
    }

    pub(super) fn on_install_snapshot(&mut self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        // A snapshot of what is known to be committed is of no use: all that it covers is here, and is applied in
        // its turn.
        if self.follow(args.term, args.leader_id) && args.last_included_index > self.commit_index {
            self.log.install(SnapshotPoint {
                index: args.last_included_index,
                term: args.last_included_term,
                commands: args.last_included_commands,
            });
            self.snapshot = args.data;
            self.commit_index = args.last_included_index;
            self.snapshot_changed();
        }
        InstallSnapshotReply { term: self.current_term }
    }

    /// Follows the leader of a message, unless it is of an old term. Returns whether it does.
    fn follow(&mut self, term: Term, leader: ServerId) -> bool {
        self.adopt_term(term);
        // A term has one leader: a message to itself in another's name cannot be, and would be of no effect.
        if term < self.current_term || self.is_leader() {
            return false;
        }
        self.role = Role::Follower;
        self.leader = Some(leader);
        self.reset_election_timer();
        true
    }
}
