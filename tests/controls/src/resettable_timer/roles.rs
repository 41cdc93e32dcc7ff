//! The main loop of a server: what it does as a follower, as a candidate and as a leader. Handlers change the role under
//! the lock and send a signal; this thread waits for signals and timers, and looks at the state again.

use labrpc::channel::{after, select, unbounded};
use labrpc::rand::{self, RngExt};
use labrpc::sync::Arc;
use labrpc::time::Duration;
use raft_interface::Term;

use super::Server;
use super::messages::RequestVoteArgs;
use super::state::Role;

/// How often a leader is heard of, with new entries or without.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// Three heartbeats may get lost.
fn election_timeout() -> Duration {
    Duration::from_millis(rand::rng().random_range(300..=500))
}

impl Server {
    /// Runs until the server is killed.
    pub(super) fn run(self: &Arc<Self>) {
        while !self.is_killed() {
            let (role, term) = {
                let state = self.state.lock();
                (state.role, state.current_term)
            };
            match role {
                Role::Follower => self.follow(),
                Role::Candidate => self.stand(term),
                Role::Leader => self.lead(term),
            }
        }
    }

    /// Waits until no leader has been heard of, and no vote given, for an election timeout.
    fn follow(&self) {
        loop {
            select! {
                recv(self.timer_reset.receiver) -> _ => {}
                recv(after(election_timeout())) -> _ => return self.begin_election(),
                recv(self.killed) -> _ => return,
            }
        }
    }

    /// Candidates, rule 1, but for the requests: a new term, and the own vote in it.
    fn begin_election(&self) {
        let mut state = self.state.lock();
        // Handlers reset the timer under the lock: it may have been while this thread waited for that.
        if state.role == Role::Leader || self.timer_reset.take() {
            return;
        }
        state.current_term += 1;
        state.voted_for = Some(self.me);
        state.role = Role::Candidate;
        // If the disk refuses, it is a follower again, and waits for another timeout.
        let _ = state.save(None);
    }

    /// Asks for votes, and waits for a majority, for another leader or for the next timeout.
    fn stand(self: &Arc<Self>, term: Term) {
        let args = {
            let state = self.state.lock();
            if !state.is(Role::Candidate, term) {
                return;
            }
            let (last_log_index, last_log_term) = (state.log.last_index(), state.log.last_term());
            RequestVoteArgs { term, candidate_id: self.me, to: self.me, last_log_index, last_log_term }
        };
        // A sender is kept here, so that the channel stays open when all have answered.
        let (sender, votes) = unbounded();
        for peer in self.others() {
            self.request_vote(peer, RequestVoteArgs { to: peer, ..args }, sender.clone());
        }
        let timeout = after(election_timeout());
        let mut granted = 1;
        while granted <= self.peers.len() / 2 {
            select! {
                recv(votes) -> _ => granted += 1,
                recv(self.role_changed.receiver) -> _ => {
                    if !self.state.lock().is(Role::Candidate, term) {
                        return;
                    }
                }
                recv(timeout) -> _ => return self.begin_election(),
                recv(self.killed) -> _ => return,
            }
        }
        self.take_office(term);
    }

    /// Leaders: the volatile state, reinitialised after election.
    fn take_office(&self, term: Term) {
        let mut state = self.state.lock();
        if !state.is(Role::Candidate, term) {
            return;
        }
        state.role = Role::Leader;
        state.next_index = vec![state.log.last_index() + 1; self.peers.len()];
        state.match_index = vec![0; self.peers.len()];
    }

    /// Sends heartbeats, and new entries as they come, until it is deposed.
    fn lead(self: &Arc<Self>, term: Term) {
        while self.replicate_to_all(term) {
            // Whatever is sent is a heartbeat: the timer begins again.
            let heartbeat = after(HEARTBEAT);
            loop {
                select! {
                    recv(heartbeat) -> _ => break,
                    recv(self.started.receiver) -> _ => break,
                    recv(self.role_changed.receiver) -> _ => {
                        if !self.state.lock().is(Role::Leader, term) {
                            return;
                        }
                    }
                    recv(self.killed) -> _ => return,
                }
            }
        }
    }

    /// Returns whether this server still leads that term.
    fn replicate_to_all(self: &Arc<Self>, term: Term) -> bool {
        let state = self.state.lock();
        let leads = state.is(Role::Leader, term);
        if leads {
            for peer in self.others() {
                self.replicate(peer, &state);
            }
        }
        leads
    }
}
