//! The receivers of the three RPCs. Each takes the lock, changes the state, saves, and answers.

use raft_interface::Index;

use super::Server;
use super::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply,
};
use super::state::State;

impl Server {
    /// Figure 2, RequestVote, receiver.
    pub(super) fn on_request_vote(&self, args: &RequestVoteArgs) -> RequestVoteReply {
        let mut state = self.state.lock();
        let reply = |state: &State, vote_granted| RequestVoteReply {
            term: state.current_term,
            vote_granted,
            voted_for: state.voted_for,
            server_id: self.me,
        };
        if args.to != self.me {
            return reply(&state, false);
        }
        let is_new_term = args.term > state.current_term && self.step_down(&mut state, args.term);
        let is_free = state.voted_for.is_none_or(|other| other == args.candidate_id);
        let vote_granted = args.term == state.current_term
            && is_free
            && state.is_up_to_date(args.last_log_index, args.last_log_term);
        if vote_granted {
            state.voted_for = Some(args.candidate_id);
        }
        if (is_new_term || vote_granted) && state.save(None).is_err() {
            return reply(&state, false);
        }
        if vote_granted {
            self.timer_reset.send();
        }
        reply(&state, vote_granted)
    }

    /// Figure 2, AppendEntries, receiver.
    pub(super) fn on_append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        let mut state = self.state.lock();
        let seq = args.seq;
        let refusal = |state: &State, conflict| AppendEntriesReply { seq, ..self.refusal(state, conflict) };
        if args.to != self.me || args.term < state.current_term {
            return refusal(&state, None);
        }
        let mut is_changed = self.step_down(&mut state, args.term);
        self.timer_reset.send();
        let prev = args.prev_log_index;
        let last_new = prev + args.entries.len() as Index;
        let success = state.log.agrees(prev, args.prev_log_term);
        if success {
            is_changed |= state.log.merge(prev, args.entries);
        }
        if is_changed && state.save(None).is_err() {
            return refusal(&state, None);
        }
        if !success {
            return refusal(&state, Some(prev));
        }
        let commit = args.leader_commit.min(last_new);
        if commit > state.commit_index {
            state.commit_index = commit;
            self.committed.send();
        }
        AppendEntriesReply { success, ..refusal(&state, None) }
    }

    /// Figure 13, receiver.
    pub(super) fn on_install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        let mut state = self.state.lock();
        if args.to != self.me || args.term < state.current_term {
            let failed = args.to != self.me;
            return InstallSnapshotReply { term: state.current_term, failed, server_id: self.me };
        }
        let is_new_term = self.step_down(&mut state, args.term);
        self.timer_reset.send();
        let (index, term) = (args.last_included_index, args.last_included_term);
        // An older snapshot than the own one has nothing new.
        let is_newer = index > state.log.base().0;
        let data = is_newer.then_some(args.data);
        if is_newer {
            state.log.cut(index, term);
        }
        let failed = (is_new_term || is_newer) && state.save(data).is_err();
        if is_newer && !failed {
            state.commit_index = state.commit_index.max(index);
            self.committed.send();
        }
        InstallSnapshotReply { term: state.current_term, failed, server_id: self.me }
    }

    /// Says no, and where the log ends; what conflicts, too, if there is an entry at `conflict`.
    fn refusal(&self, state: &State, conflict: Option<Index>) -> AppendEntriesReply {
        let x_term = conflict.and_then(|index| state.log.term_at(index));
        let x_index =
            conflict.filter(|_| x_term.is_some()).map_or(0, |index| state.log.first_of_term_at(index));
        let last_log_index = state.log.last_index();
        AppendEntriesReply {
            term: state.current_term,
            success: false,
            x_term,
            x_index,
            x_len: last_log_index + 1,
            last_log_index,
            seq: 0,
            server_id: self.me,
        }
    }
}
