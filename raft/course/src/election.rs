//! Elections (§5.2): the ticker, the candidate and the voter.
//!
//! In the order in which it happens: the ticker finds that nobody was heard of for too long, and the server becomes a candidate.
//! It asks every other server for its vote, each in a thread of its own, for a call may hang for seconds. With the votes of a
//! majority it leads.

use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Instant;
use raft_interface::ServerId;

use crate::messages::{RequestVoteArgs, RequestVoteReply};
use crate::raft::{Node, spawn};
use crate::state::{ELECTION_TIMEOUT_MIN, Role, State};

impl Node {
    /// The ticker: a thread that stands for election when it is time, until the server stops.
    pub(crate) fn tick(self: Arc<Self>) {
        while let Some((request, next_look)) = self.step(State::on_tick) {
            if let Some(args) = request {
                self.ask_for_votes(&args);
            }
            // No lock is held here, nor in any other place where a thread waits.
            thread::sleep(next_look.saturating_duration_since(Instant::now()));
        }
    }

    /// Sends the request to everybody, and counts what comes back.
    fn ask_for_votes(self: &Arc<Self>, args: &RequestVoteArgs) {
        for peer in (0..self.peers.len()).filter(|&peer| peer != args.candidate_id) {
            let (node, args) = (Arc::clone(self), args.clone());
            spawn(format!("request to S{peer}"), move || {
                if let Some(reply) = node.peers[peer].call::<_, RequestVoteReply>("Raft.RequestVote", &args) {
                    node.handle(reply.term, |state| state.on_vote_reply(peer, &args, &reply));
                }
            });
        }
    }
}

impl State {
    /// Stands for election if it is time. Returns what to ask the others then, and when to look again.
    fn on_tick(&mut self) -> (Option<RequestVoteArgs>, Instant) {
        // begin solution 3A.1: stand for election if nobody was heard of for too long
        // hint: Who stands: followers and candidates whose `election_deadline` has passed. Who does not: a leader.
        // hint: A leader can become a follower while the ticker sleeps, so look again soon enough.
        let now = Instant::now();
        if self.is_leader() {
            return (None, now + ELECTION_TIMEOUT_MIN);
        }
        let request = (now >= self.election_deadline).then(|| self.start_election());
        (request, self.election_deadline)
        // end solution
    }

    /// Becomes a candidate in a new term (Fig. 2, Candidates). Returns what to ask the others.
    fn start_election(&mut self) -> RequestVoteArgs {
        // begin solution 3A.1: a new term, a vote for oneself, a new timeout
        // hint: Fig. 2, Rules for Servers, Candidates: four points. The fourth is done by who calls this.
        self.current_term += 1;
        (self.role, self.voted_for) = (Role::Candidate, Some(self.me));
        self.votes.fill(false);
        self.reset_election_timer();
        log::info!(target: "TERM", "S{} stands in T{}", self.me, self.current_term);
        let request = RequestVoteArgs {
            term: self.current_term,
            candidate_id: self.me,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
        };
        // Its own vote, which is a majority where there is nobody else.
        self.count_vote(self.me);
        request
        // end solution
    }

    /// Somebody asks for a vote (Fig. 2, RequestVote, receiver). A higher term has been adopted already.
    pub(crate) fn on_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        // begin solution 3A.2: grant the vote if it is free, in this term
        // hint: Refuse a candidate of an older term. One vote a term, but the same candidate may ask twice.
        // hint: Who grants a vote gives the candidate time: it resets its election timer. Who refuses does not.
        // hint: `self.log.is_matched_by` knows whether the candidate's log is good enough; that is milestone 3B.4.
        let is_free = self.voted_for.is_none_or(|candidate| candidate == args.candidate_id);
        let vote_granted = args.term == self.current_term
            && is_free
            && self.log.is_matched_by(args.last_log_index, args.last_log_term);
        if vote_granted {
            self.voted_for = Some(args.candidate_id);
            self.reset_election_timer();
        }
        RequestVoteReply { term: self.current_term, vote_granted }
        // end solution
    }

    /// A voter has answered. A higher term has been adopted already.
    fn on_vote_reply(&mut self, voter: ServerId, args: &RequestVoteArgs, reply: &RequestVoteReply) {
        // begin solution 3A.2: count the vote, if it is for the election that goes on
        // hint: The reply may be late: is this server still a candidate, in the term in which it has asked?
        if reply.vote_granted && self.role == Role::Candidate && self.current_term == args.term {
            self.count_vote(voter);
        }
        // end solution
    }

    /// A candidate has this server's vote, and leads if it has those of a majority.
    fn count_vote(&mut self, voter: ServerId) {
        // begin solution 3A.2: a majority of votes makes a leader
        // hint: A vote that comes twice is one vote. Once elected, call `self.lead()`.
        // instead: // 3A.2: a majority of votes makes a leader
        self.votes[voter] = true;
        if self.votes.iter().filter(|&&has_voted| has_voted).count() >= self.majority() {
            self.lead();
        }
        // end solution
    }

    /// Leads the current term (Fig. 2, Leaders, and Volatile state on leaders).
    fn lead(&mut self) {
        // begin solution 3A.3: become the leader
        // hint: A first heartbeat is due at once, to everybody: `heartbeat_at`.
        // hint: 3B.1: `next_index` and `match_index` begin anew with each election. Until then they may stay as they are.
        self.role = Role::Leader;
        self.next_index.fill(self.log.last_index() + 1);
        self.match_index.fill(0);
        self.is_awaiting.fill(false);
        let now = Instant::now();
        self.heartbeat_at.fill(now);
        log::info!(target: "LEAD", "S{} leads T{}", self.me, self.current_term);
        // end solution
    }
}
