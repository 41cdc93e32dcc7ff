//! Leading: Figure 2, Rules for Servers, Leaders.

use labrpc::sync::Arc;
use labrpc::time::Duration;
use raft_interface::{Index, ServerId, Term};

use super::Node;
use super::state::{Outgoing, Progress, Role, State};
use super::wire::{AppendLog, AppendReply, Item, Meta, Outcome, Place, SendSnapshot, SnapshotReply};

/// The most bytes of a snapshot that go out at once.
const PIECE: usize = 1_000;
/// How often a leader shows that it is there.
pub(super) const BEAT: Duration = Duration::from_millis(100);

impl Node {
    pub(super) fn begin_to_lead(self: &Arc<Self>, state: &mut State) {
        let next = state.durable.last_idx() + 1;
        let start = Progress { next, matched: 0, stepped_back_at: 0, outgoing: None };
        state.role = Role::Leader(vec![start; self.peers.len()]);
        state.leader = Some(self.me);
        let term = state.durable.term;
        self.spawn(format!("heart of term {term}"), move |node| node.beat(term));
    }

    /// Signs of life, as long as this server leads the term.
    fn beat(self: &Arc<Self>, term: Term) {
        loop {
            let mut state = self.state.lock();
            if state.durable.term != term || !matches!(state.role, Role::Leader(_)) {
                return;
            }
            for to in self.others() {
                self.feed(&mut state, to, true);
            }
            drop(state);
            if !self.pause(BEAT) {
                return;
            }
        }
    }

    /// Sends a follower what no request under way brings; if there is nothing, a sign of life if it is time for one.
    /// Does nothing on a server that does not lead.
    pub(super) fn feed(self: &Arc<Self>, state: &mut State, to: ServerId, is_beat: bool) {
        let Role::Leader(progress) = &state.role else { return };
        let log = &state.durable;
        let is_behind_base = progress[to].next <= log.base_idx;
        let is_new = if is_behind_base {
            !state.slots[to].has_snapshot(log.term)
        } else {
            progress[to].next <= log.last_idx()
        };
        if !(is_new || is_beat) || !state.make_room(to) {
            return;
        }
        // Again: to make room may have taken `next` back.
        let Role::Leader(progress) = &mut state.role else { return };
        let next = progress[to].next;
        if next > state.durable.base_idx {
            progress[to].next = state.durable.last_idx() + 1;
            let items = state.durable.items_from(next).to_vec();
            self.send_items(state, to, next - 1, items);
        } else if state.slots[to].has_snapshot(state.durable.term) {
            // Only a sign of life. The follower may know what the snapshot ends with; if not, it says so.
            self.send_items(state, to, state.durable.base_idx, Vec::new());
        } else {
            self.send_snapshot(state, to);
        }
    }

    /// Sends these entries, which stand behind `prev_idx`.
    fn send_items(self: &Arc<Self>, state: &mut State, to: ServerId, prev_idx: Index, items: Vec<Item>) {
        let log = &state.durable;
        let request = AppendLog {
            cur_term: log.term,
            who: self.me,
            prev: Place::of(prev_idx, log.term_at(prev_idx).expect("the base, or an entry above")),
            items,
            committed: state.committed,
        };
        let number = state.occupy(to, prev_idx + 1, false);
        self.send(to, number, request, Self::on_append_reply);
    }

    /// Sends the next piece of a snapshot.
    fn send_snapshot(self: &Arc<Self>, state: &mut State, to: ServerId) {
        let log = &state.durable;
        let Role::Leader(progress) = &mut state.role else { return };
        let outgoing = progress[to].outgoing.get_or_insert_with(|| Outgoing {
            meta: Meta { last_idx: log.base_idx, last_term: log.base_term },
            bytes: self.persister.snapshot().into(),
            has: 0,
        });
        let (from, len) = (outgoing.has, outgoing.bytes.len());
        let end = len.min(from + PIECE);
        let request = SendSnapshot {
            cur_term: log.term,
            who: self.me,
            meta: outgoing.meta.clone(),
            from: from as u64,
            bytes: outgoing.bytes[from..end].into(),
            is_last: end == len,
        };
        let last = outgoing.meta.last_idx;
        let number = state.occupy(to, last, true);
        self.send(to, number, request, Self::on_snapshot_reply);
    }

    fn on_append_reply(
        self: &Arc<Self>,
        state: &mut State,
        (from, number): (ServerId, u64),
        ask: &AppendLog,
        reply: &AppendReply,
    ) {
        if !self.is_current(state, ask.cur_term, reply.cur_term) {
            return;
        }
        let next_number = state.next_number;
        let Role::Leader(progress) = &mut state.role else { return };
        let follower = &mut progress[from];
        match reply.outcome {
            Outcome::Matched { next_index } => {
                follower.matched = follower.matched.max(next_index - 1);
                follower.next = follower.next.max(follower.matched + 1);
                self.commit_what_majority_has(state);
            }
            Outcome::Mismatch { next_index } if number >= follower.stepped_back_at => {
                follower.next = follower.next.min(next_index).max(follower.matched + 1);
                follower.stepped_back_at = next_number;
            }
            Outcome::Mismatch { .. } => {}
        }
        self.feed(state, from, false);
    }

    fn on_snapshot_reply(
        self: &Arc<Self>,
        state: &mut State,
        (from, _): (ServerId, u64),
        ask: &SendSnapshot,
        reply: &SnapshotReply,
    ) {
        if !self.is_current(state, ask.cur_term, reply.cur_term) {
            return;
        }
        let Role::Leader(progress) = &mut state.role else { return };
        let follower = &mut progress[from];
        let outgoing = follower.outgoing.as_mut().filter(|outgoing| outgoing.meta == ask.meta);
        match (reply.has, outgoing) {
            (Some(has), Some(outgoing)) => outgoing.has = outgoing.bytes.len().min(has as usize),
            // Of a snapshot that it has got meanwhile.
            (Some(_), None) => {}
            (None, outgoing) => {
                if outgoing.is_some() {
                    follower.outgoing = None;
                }
                follower.matched = follower.matched.max(ask.meta.last_idx);
                follower.next = follower.next.max(follower.matched + 1);
                self.commit_what_majority_has(state);
            }
        }
        self.feed(state, from, false);
    }

    /// Figure 2, Leaders 4: a majority has it, and it is of this term.
    pub(super) fn commit_what_majority_has(&self, state: &mut State) {
        let Role::Leader(progress) = &state.role else { return };
        let mut matched: Vec<_> = self.others().map(|server| progress[server].matched).collect();
        matched.push(state.durable.last_idx());
        matched.sort_unstable();
        let index = matched[matched.len() - self.majority()];
        if index > state.committed && state.durable.term_at(index) == Some(state.durable.term) {
            state.committed = index;
            self.wake_applier();
        }
    }
}
