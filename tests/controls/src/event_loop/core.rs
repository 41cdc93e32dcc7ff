//! The rules of Figure 2 and Figure 13, without threads, channels and disks.
//!
//! Each call is one event. What must leave the server because of it collects in [`Ready`], and what must be saved
//! before in [`Changes`]; the loop sees to both.

mod leader;

use std::collections::BTreeSet;

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Index, ServerId, Term};

use leader::Progress;

use super::disk::{Ballot, Changes};
use super::log::Log;
use super::message::{
    AppendEntriesArgs, AppendEntriesReply, Entry, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply, RequestVoteResponse,
};

/// Between two heartbeats.
const HEARTBEAT_TICKS: u32 = 10;
/// Without a leader, before an election; drawn anew each time (§5.2).
const ELECTION_TICKS: std::ops::Range<u32> = 40..80;

/// What leaves the server when all changes have been saved.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) requests: Vec<(ServerId, Outgoing)>,
    pub(super) deliveries: Vec<ApplyMsg>,
}

/// A request to another server.
pub(super) enum Outgoing {
    Vote(RequestVoteArgs),
    Append(AppendEntriesArgs),
    Install(InstallSnapshotArgs),
}

enum Role {
    Follower,
    Candidate { votes: BTreeSet<ServerId> },
    Leader { progress: Vec<Progress> },
}

/// The state of one server.
pub(super) struct Core {
    pub(super) me: ServerId,
    servers: usize,
    pub(super) ballot: Ballot,
    pub(super) log: Log,
    pub(super) snapshot: Arc<[u8]>,
    /// All up to here has been given to the applier: applying is a matter of its queue.
    commit_index: Index,
    role: Role,
    /// Ticks since a leader was heard of or a vote was given; for a leader, since it last sent heartbeats.
    elapsed: u32,
    timeout: u32,
    pub(super) changes: Changes,
    pub(super) ready: Ready,
}

impl Core {
    pub(super) fn new(me: ServerId, servers: usize, ballot: Ballot, log: Log, snapshot: Arc<[u8]>) -> Self {
        let mut core = Self {
            me,
            servers,
            ballot,
            // What a snapshot covers is committed, and the service has read it.
            commit_index: log.base,
            log,
            snapshot,
            role: Role::Follower,
            elapsed: 0,
            timeout: 0,
            changes: Changes::default(),
            ready: Ready::default(),
        };
        core.reset_timer();
        core
    }

    // ----- the clock -----

    pub(super) fn tick(&mut self) {
        self.elapsed += 1;
        if self.is_leader() {
            if self.elapsed >= HEARTBEAT_TICKS {
                self.send_heartbeats();
            }
        } else if self.elapsed >= self.timeout {
            self.stand_for_election();
        }
    }

    fn reset_timer(&mut self) {
        self.elapsed = 0;
        self.timeout = rand::rng().random_range(ELECTION_TICKS);
    }

    // ----- roles -----

    fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    fn is_majority(&self, servers: usize) -> bool {
        servers > self.servers / 2
    }

    fn others(&self) -> impl Iterator<Item = ServerId> + use<> {
        let me = self.me;
        (0..self.servers).filter(move |&server| server != me)
    }

    /// Figure 2, Rules for all servers, 2.
    fn see_term(&mut self, term: Term) {
        if term > self.ballot.current_term {
            self.ballot = Ballot { current_term: term, voted_for: None };
            self.changes.header = true;
            self.role = Role::Follower;
        }
    }

    /// Figure 2, Candidates, 1.
    fn stand_for_election(&mut self) {
        let term = self.ballot.current_term + 1;
        self.ballot = Ballot { current_term: term, voted_for: Some(self.me) };
        self.changes.header = true;
        self.role = Role::Candidate { votes: BTreeSet::from([self.me]) };
        self.reset_timer();
        if self.is_majority(1) {
            return self.lead();
        }
        let args = RequestVoteArgs {
            term,
            candidate_id: self.me,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
        };
        for server in self.others() {
            self.ready.requests.push((server, Outgoing::Vote(args.clone())));
        }
    }

    pub(super) fn on_vote_response(&mut self, response: &RequestVoteResponse) {
        self.see_term(response.term);
        // A vote is given in the term for which it was asked.
        if response.term != self.ballot.current_term || !response.vote_granted {
            return;
        }
        let Role::Candidate { votes } = &mut self.role else { return };
        votes.insert(response.voter_id);
        let votes = votes.len();
        if self.is_majority(votes) {
            self.lead();
        }
    }

    // ----- requests -----

    pub(super) fn on_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        self.see_term(args.term);
        let Ballot { current_term, voted_for } = self.ballot;
        let is_free = voted_for.is_none_or(|vote| vote == args.candidate_id);
        let is_up_to_date =
            (args.last_log_term, args.last_log_index) >= (self.log.last_term(), self.log.last_index());
        let vote_granted = args.term == current_term && is_free && is_up_to_date;
        if vote_granted {
            if voted_for.is_none() {
                self.ballot.voted_for = Some(args.candidate_id);
                self.changes.header = true;
            }
            self.reset_timer();
        }
        RequestVoteReply { term: current_term, vote_granted }
    }

    pub(super) fn on_append_entries(&mut self, args: &AppendEntriesArgs) -> AppendEntriesReply {
        if !self.hear_leader(args.term) {
            let term = self.ballot.current_term;
            return AppendEntriesReply { term, success: false, conflict_index: 0 };
        }
        let term = self.ballot.current_term;
        let previous = args.prev_log_index;
        if previous > self.log.last_index() {
            let conflict_index = self.log.last_index() + 1;
            return AppendEntriesReply { term, success: false, conflict_index };
        }
        // Below the base all is committed, and so it matches.
        if previous >= self.log.base && self.log.term_at(previous) != Some(args.prev_log_term) {
            let conflict_index = self.log.first_of_term_at(previous);
            return AppendEntriesReply { term, success: false, conflict_index };
        }
        self.merge(previous, &args.entries);
        self.commit(args.leader_commit.min(args.last_index()));
        AppendEntriesReply { term, success: true, conflict_index: 0 }
    }

    /// Figure 2, AppendEntries, receiver 3 and 4: only a conflict deletes entries, for the request may be an old one.
    fn merge(&mut self, previous: Index, entries: &[Entry]) {
        let is_missing = |(index, entry): &(Index, &Entry)| {
            *index > self.log.base && self.log.term_at(*index) != Some(entry.term)
        };
        let Some((first, _)) = (previous + 1..).zip(entries).find(is_missing) else { return };
        if first <= self.log.last_index() {
            self.log.truncate(first);
        }
        self.log.entries.extend_from_slice(&entries[(first - previous - 1) as usize..]);
        self.changes.mark_entries(first);
    }

    pub(super) fn on_install_snapshot(&mut self, args: &InstallSnapshotArgs) -> InstallSnapshotReply {
        let (index, term) = (args.last_included_index, args.last_included_term);
        if self.hear_leader(args.term) && index > self.commit_index {
            if self.log.term_at(index) == Some(term) {
                // The log has all that the snapshot has (Fig. 13, receiver 6), and now it is known to be
                // committed.
                self.commit(index);
            } else {
                self.log.forget(index, term);
                self.keep_snapshot(args.data.clone());
                self.commit_index = index;
                self.ready.deliveries.push(ApplyMsg::Snapshot { index, term, data: args.data.clone() });
            }
        }
        InstallSnapshotReply { term: self.ballot.current_term }
    }

    /// Somebody leads `term`. Returns false if that term is over.
    fn hear_leader(&mut self, term: Term) -> bool {
        self.see_term(term);
        if term < self.ballot.current_term {
            return false;
        }
        self.role = Role::Follower;
        self.reset_timer();
        true
    }

    /// Raises the commit index, and gives what is committed to the applier.
    fn commit(&mut self, index: Index) {
        while self.commit_index < index {
            let index = self.commit_index + 1;
            let Entry { term, command } =
                self.log.get(index).expect("a committed entry is in the log").clone();
            self.ready.deliveries.push(ApplyMsg::Command { index, term, command });
            self.commit_index = index;
        }
    }

    // ----- the service -----

    pub(super) fn get_state(&self) -> (Term, bool) {
        (self.ballot.current_term, self.is_leader())
    }

    /// Only what has been delivered can be in a snapshot, and an older one than ours is of no use.
    pub(super) fn take_snapshot(&mut self, index: Index, data: Vec<u8>) {
        if index <= self.log.base || index > self.commit_index {
            return;
        }
        let term = self.log.term_at(index).expect("a committed entry is in the log");
        self.log.forget(index, term);
        self.keep_snapshot(data.into());
    }

    fn keep_snapshot(&mut self, data: Arc<[u8]>) {
        self.snapshot = data;
        self.changes.header = true;
        self.changes.snapshot = true;
    }
}
