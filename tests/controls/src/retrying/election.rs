//! Elections: Figure 2, RequestVote, and Rules for Servers, Candidates.

use std::collections::BTreeSet;

use labrpc::channel::RecvTimeoutError;
use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{Index, ServerId};

use super::Node;
use super::state::{Role, State};
use super::wire::{AskVote, Place, VoteReply};

impl Node {
    /// Stands for election whenever the time is up, until the server is killed.
    pub(super) fn tick(self: &Arc<Self>) {
        loop {
            let mut state = self.state.lock();
            if state.is_halted {
                return;
            }
            if Instant::now() >= state.deadline {
                state.restart_timer();
                if !matches!(state.role, Role::Leader(_)) {
                    self.stand(&mut state);
                }
            }
            let deadline = state.deadline;
            drop(state);
            if self.killed.recv_deadline(deadline) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    fn stand(self: &Arc<Self>, state: &mut State) {
        state.follow(state.durable.term + 1);
        state.durable.vote = Some(self.me);
        state.role = Role::Candidate(BTreeSet::from([self.me]));
        self.save(state, None);
        if state.is_halted {
            return;
        }
        let request = AskVote {
            cur_term: state.durable.term,
            who: self.me,
            last: Place::of(state.durable.last_idx(), state.durable.last_term()),
        };
        for to in self.others() {
            // A candidate asks each once in a term, so what has the places is older and gives way.
            if state.make_room(to) {
                let number = state.occupy(to, Index::MAX, false);
                self.send(to, number, request.clone(), Self::on_vote_reply);
            }
        }
        self.lead_if_elected(state);
    }

    fn on_vote_reply(
        self: &Arc<Self>,
        state: &mut State,
        (from, _): (ServerId, u64),
        ask: &AskVote,
        reply: &VoteReply,
    ) {
        let (cur_term, given) = reply.read();
        if !self.is_current(state, ask.cur_term, cur_term) || !given {
            return;
        }
        if let Role::Candidate(votes) = &mut state.role {
            votes.insert(from);
            self.lead_if_elected(state);
        }
    }

    fn lead_if_elected(self: &Arc<Self>, state: &mut State) {
        if let Role::Candidate(votes) = &state.role
            && votes.len() >= self.majority()
        {
            self.begin_to_lead(state);
        }
    }

    pub(super) fn on_ask_vote(&self, state: &mut State, ask: &AskVote) -> VoteReply {
        let is_new_term = ask.cur_term > state.durable.term;
        if is_new_term {
            state.follow(ask.cur_term);
        }
        let log = &state.durable;
        let is_free = log.vote.is_none_or(|server| server == ask.who);
        let (last_idx, last_term) = Place::numbers(ask.last);
        let is_good = (last_term, last_idx) >= (log.last_term(), log.last_idx());
        let given = ask.cur_term == log.term && is_free && is_good;
        let is_new_vote = given && log.vote.is_none();
        if given {
            state.durable.vote = Some(ask.who);
            state.restart_timer();
        }
        if is_new_term || is_new_vote {
            self.save(state, None);
        }
        let cur_term = state.durable.term;
        if given { VoteReply::Given { cur_term } } else { VoteReply::Kept { cur_term } }
    }
}
