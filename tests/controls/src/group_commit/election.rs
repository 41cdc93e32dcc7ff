//! Standing, asking for votes, and voting for oneself once that is saved.

use labrpc::sync::{Arc, MutexGuard};
use labrpc::time::{Duration, Instant};
use raft_interface::ServerId;

use super::state::{HEARTBEAT, Role, State};
use super::wire::{AskVote, AskVoteReply, ShortVoteReply};
use super::{Guard, Node, VOTE_LANES};

/// After which time the next peer is asked, whether or not this one has answered.
const BALLOT_PATIENCE: Duration = Duration::from_millis(15);
/// After which time all that have not answered are asked again.
const ROUND: Duration = Duration::from_millis(80);

impl Node {
    pub(super) fn run_ticker(&self) {
        let mut s = self.state.lock();
        while !s.is_killed {
            let now = Instant::now();
            if s.role == Role::Chief {
                if self.is_left_alone(&s, now) {
                    self.step_down(&mut s);
                } else {
                    self.ticker.wait_for(&mut s, HEARTBEAT);
                }
            } else if now >= s.deadline {
                self.stand(&mut s);
            } else {
                let deadline = s.deadline;
                self.ticker.wait_until(&mut s, deadline);
            }
        }
    }

    /// Whether a chief has no majority that it has heard of.
    fn is_left_alone(&self, s: &State, now: Instant) -> bool {
        let mut heard: Vec<Instant> = s.peers.iter().map(|peer| peer.heard).collect();
        heard[self.me] = now;
        heard.sort_unstable_by(|a, b| b.cmp(a));
        now.duration_since(heard[self.majority() - 1]) > self.habits.silence
    }

    fn stand(&self, s: &mut State) {
        s.epoch += 1;
        s.vote = Some(self.me);
        s.role = Role::Suitor;
        s.chief = None;
        s.head_changed();
        s.redraw();
        s.votes.fill(false);
        s.ballot_count += 1;
        for peer in &mut s.peers {
            peer.has_answered = false;
            peer.ballot_box = None;
        }
        let ask =
            AskVote { suitor: self.me, epoch: s.epoch, tip: s.book.last(), tip_epoch: s.book.tip_epoch() };
        s.ballot = Some((s.version, Arc::new(ask)));
        self.saver.notify_one();
        self.ballots.notify_all();
    }

    /// Two of these share the peers, and ask one after the other.
    pub(super) fn run_helper(&self, half: usize) {
        let mut s = self.state.lock();
        let mut seen = 0;
        loop {
            self.ballots.wait_while(&mut s, |s| {
                let is_saved = s.ballot.as_ref().is_some_and(|&(version, _)| s.saved >= version);
                !(s.is_killed || is_saved && s.ballot_count > seen)
            });
            if s.is_killed {
                return;
            }
            seen = s.ballot_count;
            let Some((_, ask)) = s.ballot.clone() else { continue };
            let is_over = |s: &State| s.ballot_count != seen || s.role != Role::Suitor || s.is_killed;
            'ballot: for round in 0..2 {
                for peer in (0..self.ends.len()).filter(|&peer| peer != self.me && peer % 2 == half) {
                    if is_over(&s) {
                        break 'ballot;
                    }
                    let is_stuck = round > 0 && s.peers[peer].busy_votes > VOTE_LANES / 2;
                    if !s.peers[peer].has_answered && !is_stuck {
                        self.ask(&mut s, peer, &ask, is_over);
                    }
                }
                self.ballots.wait_while_for(&mut s, |s| !is_over(s), ROUND);
            }
        }
    }

    /// Has a lane ask, and waits a little for the answer.
    fn ask(&self, s: &mut Guard<'_>, peer: ServerId, ask: &Arc<AskVote>, is_over: impl Fn(&State) -> bool) {
        s.peers[peer].ballot_box = Some(Arc::clone(ask));
        self.vote_lanes[peer].notify_one();
        self.ballots.wait_while_for(s, |s| !s.peers[peer].has_answered && !is_over(s), BALLOT_PATIENCE);
    }

    pub(super) fn run_vote_lane(&self, p: ServerId) {
        let mut s = self.state.lock();
        loop {
            self.vote_lanes[p].wait_while(&mut s, |s| s.peers[p].ballot_box.is_none() && !s.is_killed);
            if s.is_killed {
                return;
            }
            let Some(ask) = s.peers[p].ballot_box.take() else { continue };
            if s.role != Role::Suitor || s.epoch != ask.epoch {
                continue;
            }
            s.peers[p].busy_votes += 1;
            let reply = MutexGuard::unlocked(&mut s, || self.call_for_vote(p, &ask));
            s.peers[p].busy_votes -= 1;
            if let Some(reply) = reply
                && self.is_still(&mut s, reply.epoch, Role::Suitor, ask.epoch)
            {
                s.peers[p].has_answered = true;
                s.peers[p].tip = reply.tip;
                if reply.yes {
                    s.votes[p] = true;
                    self.count_votes(&mut s);
                }
                self.ballots.notify_all();
            }
        }
    }

    fn call_for_vote(&self, p: ServerId, ask: &AskVote) -> Option<AskVoteReply> {
        let end = &self.ends[p];
        if self.habits.has_own_fields {
            end.call("Raft.AskVote", ask)
        } else {
            end.call::<_, ShortVoteReply>("Raft.AskVote", ask).map(|reply| reply.in_full(ask))
        }
    }

    /// Leads, if a majority has voted.
    pub(super) fn count_votes(&self, s: &mut State) {
        let Some((version, _)) = s.ballot else { return };
        if s.saved >= version {
            s.votes[self.me] = true;
        }
        if s.role != Role::Suitor || s.votes.iter().filter(|&&yes| yes).count() < self.majority() {
            return;
        }
        s.role = Role::Chief;
        s.chief = Some(self.me);
        s.ballot = None;
        let (next, now) = (s.book.last() + 1, Instant::now());
        for peer in &mut s.peers {
            peer.welcome(next, now);
        }
        self.ticker.notify_one();
        self.ballots.notify_all();
        for puller in &self.pullers {
            puller.notify_one();
        }
    }
}
