//! Elections: two rounds of votes. The first changes nothing anywhere, and only who wins it stands for election.

use std::collections::BTreeSet;

use labrpc::time::Instant;
use raft_interface::ServerId;

use super::messages::{RequestVoteArgs, RequestVoteReply};
use super::state::{Role, State};

/// A round of votes to ask for.
#[derive(Clone)]
pub(super) struct Ballot {
    pub(super) method: &'static str,
    pub(super) args: RequestVoteArgs,
    round: u64,
}

impl State {
    /// The ticker's deadline may have come.
    pub(super) fn on_deadline(&mut self, now: Instant) -> Option<Ballot> {
        if now < self.deadline(now) {
            return None;
        }
        if self.is_leader() {
            // It cannot commit anything, and somebody else may be able to: it keeps its term and makes room.
            self.follow(now);
            return None;
        }
        self.ask_for_pre_votes(now)
    }

    fn ask_for_pre_votes(&mut self, now: Instant) -> Option<Ballot> {
        self.leader = None;
        self.reset_election_timer(now);
        self.role = Role::PreCandidate(BTreeSet::new());
        let ballot = self.ballot("Raft.PreVote", 1);
        self.count_vote(self.me, now).or(self.is_still_asking().then_some(ballot))
    }

    /// §5.2: a new term, with the own vote.
    fn stand_for_election(&mut self, now: Instant) -> Option<Ballot> {
        self.durable.current_term += 1;
        self.durable.voted_for = Some(self.me);
        self.reset_election_timer(now);
        self.role = Role::Candidate(BTreeSet::new());
        let ballot = self.ballot("Raft.RequestVote", 0);
        self.count_vote(self.me, now).or(self.is_still_asking().then_some(ballot))
    }

    fn is_still_asking(&self) -> bool {
        matches!(self.role, Role::PreCandidate(_) | Role::Candidate(_))
    }

    /// A new round, for a term that is so many above the current one.
    fn ballot(&mut self, method: &'static str, ahead: u64) -> Ballot {
        self.round += 1;
        let args = RequestVoteArgs {
            term: self.durable.current_term + ahead,
            candidate: self.me,
            last_idx: self.durable.log.last_index(),
            last_term: self.durable.log.last_term(),
        };
        Ballot { method, args, round: self.round }
    }

    /// An answer to either of the requests. Perhaps there is a next round.
    pub(super) fn on_vote_reply(
        &mut self,
        ballot: &Ballot,
        voter: ServerId,
        reply: &RequestVoteReply,
        now: Instant,
    ) -> Option<Ballot> {
        // What a yes to a pre-vote bears is the term in which this server would stand.
        let is_own_term = ballot.method == "Raft.PreVote" && reply.granted;
        if reply.term > self.durable.current_term && !is_own_term {
            self.adopt(reply.term, now);
            return None;
        }
        if !reply.granted || ballot.round != self.round {
            return None;
        }
        self.count_vote(voter, now)
    }

    fn count_vote(&mut self, voter: ServerId, now: Instant) -> Option<Ballot> {
        let majority = self.majority();
        let (Role::PreCandidate(votes) | Role::Candidate(votes)) = &mut self.role else { return None };
        votes.insert(voter);
        if votes.len() < majority {
            return None;
        }
        if matches!(self.role, Role::PreCandidate(_)) {
            return self.stand_for_election(now);
        }
        self.lead(now);
        None
    }

    /// Thesis §9.6: whether this server would vote so if the election were held. Nothing changes. A yes bears the term that was asked
    /// about, as in etcd: it is for that term, while a no tells of one's own.
    pub(super) fn on_pre_vote(&self, args: &RequestVoteArgs, now: Instant) -> RequestVoteReply {
        let term = self.durable.current_term;
        let is_up_to_date = self.durable.log.is_not_ahead_of(args.last_idx, args.last_term);
        let granted = args.term > term && is_up_to_date && !self.has_live_leader(now);
        RequestVoteReply { term: if granted { args.term } else { term }, granted }
    }

    /// Figure 2, `RequestVote`, receiver.
    pub(super) fn on_request_vote(&mut self, args: &RequestVoteArgs, now: Instant) -> RequestVoteReply {
        // §6: while there is a leader, neither the term is adopted nor a vote given.
        if self.has_live_leader(now) {
            return RequestVoteReply { term: self.durable.current_term, granted: false };
        }
        if args.term > self.durable.current_term {
            self.adopt(args.term, now);
        }
        let term = self.durable.current_term;
        let is_free = self.durable.voted_for.is_none_or(|candidate| candidate == args.candidate);
        let is_up_to_date = self.durable.log.is_not_ahead_of(args.last_idx, args.last_term);
        let granted = args.term == term && is_free && is_up_to_date;
        if granted {
            if self.durable.voted_for.is_none() {
                self.durable.voted_for = Some(args.candidate);
            }
            // Whoever was about to ask for votes itself now waits for this candidate.
            self.follow(now);
            self.reset_election_timer(now);
        }
        RequestVoteReply { term, granted }
    }
}
