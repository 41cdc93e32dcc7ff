//! Elections, from the candidate's side (§5.2).

use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::ServerId;

use super::Node;
use super::messages::{RequestVoteArgs, RequestVoteReply};
use super::replication::Progress;
use super::state::{Role, State};

impl Node {
    /// The election thread.
    ///
    /// A timer that is reset moves the deadline while this waits for the old one. It may wait a little longer than the
    /// new one asks for then, but never longer than the longest timeout.
    pub(super) fn run_elections(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            while !state.is_stopped() && Instant::now() < state.election_deadline {
                let deadline = state.election_deadline;
                self.election.wait_until(&mut state, deadline);
            }
            drop(state);
            let Some(candidacy) = self.update(State::on_election_timeout) else { return };
            let Some(args) = candidacy else { continue };
            for peer in (0..self.peers.len()).filter(|&peer| peer != self.me) {
                let args = args.clone();
                self.spawn(format!("candidate to {peer}"), move |node| node.ask_for_vote(peer, &args));
            }
        }
    }

    fn ask_for_vote(&self, peer: ServerId, args: &RequestVoteArgs) {
        if let Some(reply) = self.peers[peer].call("Raft.RequestVote", args) {
            self.update(|state| state.on_vote(args, &reply));
        }
    }
}

impl State {
    /// Begins an election, if it is still time for one: the lock was free since that was last looked at. Returns what
    /// to ask the others.
    fn on_election_timeout(&mut self) -> Option<RequestVoteArgs> {
        if Instant::now() < self.election_deadline {
            return None;
        }
        self.reset_election_timer();
        if self.is_leader() {
            return None;
        }
        self.current_term += 1;
        self.voted_for = Some(self.me);
        self.role = Role::Candidate { votes: 0 };
        self.leader = None;
        self.changed();
        let args = RequestVoteArgs {
            term: self.current_term,
            candidate_id: self.me,
            last_log_index: self.log.last_index(),
            last_log_term: self.log.last_term(),
        };
        self.count_vote();
        Some(args)
    }

    fn on_vote(&mut self, args: &RequestVoteArgs, reply: &RequestVoteReply) {
        self.adopt_term(reply.term);
        if self.current_term == args.term && reply.vote_granted {
            self.count_vote();
        }
    }

    /// A candidate with a majority leads (Fig. 2, Candidates 2).
    fn count_vote(&mut self) {
        let Role::Candidate { votes } = &mut self.role else { return };
        *votes += 1;
        if *votes > self.servers / 2 {
            // nextIndex is that of the no-op, so the message that announces the leader brings it along.
            let next_index = self.log.last_index() + 1;
            self.role = Role::Leader((0..self.servers).map(|_| Progress::new(next_index)).collect());
            self.leader = Some(self.me);
            self.append(None);
        }
    }
}
