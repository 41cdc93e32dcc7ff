//! What a leader does: Figure 2, Rules for leaders.

use raft_interface::{Command, Index, ServerId, Started, Term};

use super::super::message::{
    AppendEntriesArgs, AppendEntriesResponse, Entry, InstallSnapshotArgs, InstallSnapshotResponse,
};
use super::{Core, Outgoing, Role};

/// What a leader knows of a server. Its own place is not used.
#[derive(Clone)]
pub(super) struct Progress {
    next_index: Index,
    match_index: Index,
    /// Entries or a snapshot are under way. The next ones wait for the answer, or for the next heartbeat.
    is_waiting: bool,
}

impl Core {
    /// Figure 2, Leaders, 1.
    pub(super) fn lead(&mut self) {
        let progress = Progress { next_index: self.log.last_index() + 1, match_index: 0, is_waiting: false };
        self.role = Role::Leader { progress: vec![progress; self.servers] };
        self.send_heartbeats();
    }

    pub(in super::super) fn start(&mut self, command: Command) -> Started {
        let term = self.ballot.current_term;
        let Role::Leader { progress } = &self.role else {
            return Started { index: 0, term, is_leader: false };
        };
        let idle: Vec<ServerId> = self.others().filter(|&server| !progress[server].is_waiting).collect();
        self.log.entries.push(Entry { term, command });
        let index = self.log.last_index();
        self.changes.mark_entries(index);
        self.count_copies();
        for server in idle {
            self.send_entries(server);
        }
        Started { index, term, is_leader: true }
    }

    // ----- responses -----

    pub(in super::super) fn on_append_response(&mut self, response: &AppendEntriesResponse) {
        let AppendEntriesResponse { follower_id, prev_log_index, match_index, success, .. } = *response;
        let Some(progress) = self.answered(follower_id, response.request_term, response.term) else { return };
        if success {
            return self.on_match(follower_id, match_index);
        }
        // Another rejection than that of the last request is old, and has been acted upon.
        if prev_log_index + 1 != progress.next_index {
            return;
        }
        let hint = match response.conflict_index {
            0 => prev_log_index,
            hint => hint.min(prev_log_index),
        };
        let next_index = hint.max(progress.match_index + 1);
        if next_index < progress.next_index {
            progress.next_index = next_index;
            self.send_entries(follower_id);
        }
    }

    pub(in super::super) fn on_install_response(&mut self, response: &InstallSnapshotResponse) {
        if self.answered(response.follower_id, response.request_term, response.term).is_some() {
            self.on_match(response.follower_id, response.match_index);
        }
    }

    /// What is known of a follower, if its answer is to a request that this server made as the leader of this term.
    fn answered(&mut self, follower: ServerId, asked_in: Term, term: Term) -> Option<&mut Progress> {
        self.see_term(term);
        let is_current = asked_in == self.ballot.current_term && term == asked_in;
        match &mut self.role {
            Role::Leader { progress } if is_current => {
                let progress = &mut progress[follower];
                progress.is_waiting = false;
                Some(progress)
            }
            _ => None,
        }
    }

    /// A follower has all entries up to `index`.
    fn on_match(&mut self, follower: ServerId, index: Index) {
        let Role::Leader { progress } = &mut self.role else { return };
        let progress = &mut progress[follower];
        if index <= progress.match_index {
            return;
        }
        progress.match_index = index;
        progress.next_index = progress.next_index.max(index + 1);
        let is_behind = progress.next_index <= self.log.last_index();
        self.count_copies();
        if is_behind {
            self.send_entries(follower);
        }
    }

    // ----- replication -----

    pub(super) fn send_heartbeats(&mut self) {
        self.elapsed = 0;
        for server in self.others() {
            self.send_entries(server);
        }
    }

    /// Figure 2, Leaders, 3; a snapshot instead where the log does not go back far enough (§7).
    fn send_entries(&mut self, server: ServerId) {
        let Role::Leader { progress } = &mut self.role else { return };
        let progress = &mut progress[server];
        let next = progress.next_index;
        progress.is_waiting = next <= self.log.last_index();
        let (term, leader_id) = (self.ballot.current_term, self.me);
        let request = match next.checked_sub(1).and_then(|previous| self.log.term_at(previous)) {
            Some(prev_log_term) => Outgoing::Append(AppendEntriesArgs {
                term,
                leader_id,
                prev_log_index: next - 1,
                prev_log_term,
                entries: self.log.from(next),
                leader_commit: self.commit_index,
            }),
            None => Outgoing::Install(InstallSnapshotArgs {
                term,
                leader_id,
                last_included_index: self.log.base,
                last_included_term: self.log.base_term,
                offset: 0,
                data: self.snapshot.clone(),
                done: true,
            }),
        };
        self.ready.requests.push((server, request));
    }

    /// Figure 2, Leaders, 4. The own copy counts, because nothing leaves before it is saved.
    fn count_copies(&mut self) {
        let Role::Leader { progress } = &self.role else { return };
        let mut matches: Vec<Index> = self.others().map(|server| progress[server].match_index).collect();
        matches.push(self.log.last_index());
        matches.sort_unstable();
        let stored_by_majority = matches[(self.servers - 1) / 2];
        if self.log.term_at(stored_by_majority) == Some(self.ballot.current_term) {
            self.commit(stored_by_majority);
        }
    }
}
