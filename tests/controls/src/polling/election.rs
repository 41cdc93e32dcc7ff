//! Elections (§5.2): the ticker, the candidate's threads, and the voter.

use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::ServerId;

use super::Node;
use super::messages::{RequestVoteArgs, RequestVoteReply};
use super::state::{Role, State};

/// How often the ticker looks at the election timer.
const TICK: Duration = Duration::from_millis(50);

impl Node {
    /// The ticker: stands for election when the timeout has passed.
    pub(super) fn tick(self: &Arc<Self>) {
        // Servers that start together would look together, and all whose timeouts end between two looks would stand at
        // the same moment and split the vote.
        thread::sleep(TICK.mul_f64(rand::rng().random_range(0.0..1.0)));
        while !self.is_killed() {
            let mut state = self.state.lock();
            if state.role != Role::Leader && !state.is_broken && state.is_timer_over() {
                self.stand(&mut state);
            }
            drop(state);
            thread::sleep(TICK);
        }
    }

    /// Candidates 1: a new term, a vote for oneself, and a request to every other server.
    fn stand(self: &Arc<Self>, state: &mut State) {
        state.role = Role::Candidate;
        state.current_term += 1;
        state.voted_for = Some(self.me);
        state.votes = 1;
        state.reset_timer();
        self.persist(state);
        if state.is_broken {
            return;
        }
        let args = RequestVoteArgs {
            term: state.current_term,
            candidate_id: self.me,
            last_log_index: state.log.last_index(),
            last_log_term: state.log.last_term(),
        };
        for peer in self.others() {
            let (node, args) = (Arc::clone(self), args.clone());
            thread::spawn(move || node.ask_for_vote(peer, &args));
        }
        // Where there is nobody else, the own vote is enough.
        self.lead_if_elected(state);
    }

    /// Asks one server and counts its answer, in a thread that does nothing else.
    fn ask_for_vote(self: &Arc<Self>, peer: ServerId, args: &RequestVoteArgs) {
        let Some(reply) = self.peers[peer].call::<_, RequestVoteReply>("Raft.RequestVote", args) else {
            return;
        };
        let mut state = self.state.lock();
        if state.adopt(reply.term) {
            self.persist(&mut state);
        } else if reply.vote_granted && state.role == Role::Candidate && state.current_term == args.term {
            state.votes += 1;
            self.lead_if_elected(&mut state);
        }
    }

    /// Candidates 2: a majority of votes makes a leader.
    fn lead_if_elected(self: &Arc<Self>, state: &mut State) {
        if state.votes < self.majority() {
            return;
        }
        state.role = Role::Leader;
        state.next_index.fill(state.log.last_index() + 1);
        state.match_index.fill(0);
        let (node, term) = (Arc::clone(self), state.current_term);
        thread::spawn(move || node.beat(term));
    }

    /// RequestVote, receiver.
    pub(super) fn on_request_vote(&self, args: &RequestVoteArgs, state: &mut State) -> RequestVoteReply {
        let mut has_changed = state.adopt(args.term);
        let is_free = state.voted_for.is_none_or(|candidate| candidate == args.candidate_id);
        let vote_granted = args.term == state.current_term
            && is_free
            && state.log.is_no_newer_than(args.last_log_index, args.last_log_term);
        if vote_granted {
            has_changed |= state.voted_for.is_none();
            state.voted_for = Some(args.candidate_id);
            state.reset_timer();
        }
        if has_changed {
            self.persist(state);
        }
        RequestVoteReply { term: state.current_term, vote_granted }
    }
}
