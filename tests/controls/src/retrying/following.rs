//! Following: Figure 2, AppendEntries, receiver, and Figure 13, receiver.

use raft_interface::{Index, ServerId, Term};

use super::Node;
use super::state::{Incoming, State};
use super::wire::{AppendLog, AppendReply, Meta, Outcome, Place, SendSnapshot, SnapshotReply};

impl Node {
    /// Follows whoever leads the term, if it is not over. Whether it is not, and whether there is something to save.
    fn follow_leader(state: &mut State, term: Term, leader: ServerId) -> (bool, bool) {
        if term < state.durable.term {
            return (false, false);
        }
        let is_new = term > state.durable.term;
        state.follow(term);
        state.leader = Some(leader);
        state.restart_timer();
        (true, is_new)
    }

    pub(super) fn on_append_log(&self, state: &mut State, ask: AppendLog) -> AppendReply {
        let (is_current, is_new_term) = Self::follow_leader(state, ask.cur_term, ask.who);
        let (prev_idx, prev_term) = Place::numbers(ask.prev);
        let refusal = if is_current {
            wanted_before(state, prev_idx, prev_term)
        } else {
            Some(state.durable.last_idx() + 1)
        };
        let committed = ask.committed;
        let end = prev_idx + ask.items.len() as Index;
        let has_changed = refusal.is_none() && take_items(state, ask);
        if is_new_term || has_changed {
            self.save(state, None);
        }
        let cur_term = state.durable.term;
        if let Some(next_index) = refusal {
            return AppendReply { cur_term, outcome: Outcome::Mismatch { next_index } };
        }
        if committed.min(end) > state.committed && !state.is_halted {
            state.committed = committed.min(end);
            self.wake_applier();
        }
        AppendReply { cur_term, outcome: Outcome::Matched { next_index: end + 1 } }
    }

    pub(super) fn on_send_snapshot(&self, state: &mut State, ask: &SendSnapshot) -> SnapshotReply {
        let (is_current, is_new_term) = Self::follow_leader(state, ask.cur_term, ask.who);
        // What is committed is the same everywhere, so a snapshot of no more than that brings nothing.
        let is_wanted = is_current && ask.meta.last_idx > state.committed;
        let taken = is_wanted.then(|| take_piece(state, ask));
        if let Some(Ok(bytes)) = &taken {
            replace_log(state, &ask.meta);
            self.save(state, Some(bytes));
            if !state.is_halted {
                state.committed = ask.meta.last_idx;
                self.wake_applier();
            }
        } else if is_new_term {
            self.save(state, None);
        }
        SnapshotReply { cur_term: state.durable.term, has: taken.and_then(Result::err) }
    }
}

/// Figure 13, receiver 2 to 5. The snapshot, if it is whole; else how many of its bytes are there.
fn take_piece(state: &mut State, ask: &SendSnapshot) -> Result<Vec<u8>, u64> {
    let is_of_it = |incoming: &Incoming| incoming.term == ask.cur_term && incoming.meta == ask.meta;
    let known = state.incoming.take().filter(is_of_it);
    let fresh = || Incoming { term: ask.cur_term, meta: ask.meta.clone(), bytes: Vec::new() };
    let mut incoming = known.unwrap_or_else(fresh);
    // Another one was sent again, or the one before it is lost, as after a restart.
    let fits = ask.from == incoming.bytes.len() as u64;
    if fits {
        incoming.bytes.extend_from_slice(&ask.bytes);
    }
    if fits && ask.is_last {
        return Ok(incoming.bytes);
    }
    let has = incoming.bytes.len() as u64;
    state.incoming = Some(incoming);
    Err(has)
}

/// What a follower wants that does not have the entry before those that it was sent. `None` if it has it.
fn wanted_before(state: &State, prev_idx: Index, prev_term: Term) -> Option<Index> {
    let log = &state.durable;
    // Below the base all is committed, and so is as the leader has it.
    if prev_idx < log.base_idx || log.term_at(prev_idx) == Some(prev_term) {
        return None;
    }
    if prev_idx > log.last_idx() {
        return Some(log.last_idx() + 1);
    }
    // One step back for a whole term (§5.3), but not into what is committed.
    Some(log.start_of_run(prev_idx).max(state.committed + 1))
}

/// Figure 2, AppendEntries, receiver 3 and 4. Whether the log has changed.
fn take_items(state: &mut State, ask: AppendLog) -> bool {
    let log = &mut state.durable;
    let mut has_changed = false;
    let (prev_idx, _) = Place::numbers(ask.prev);
    for (index, item) in (prev_idx + 1..).zip(ask.items) {
        match log.term_at(index) {
            Some(term) if term == item.born_in => continue,
            // An entry that the snapshot covers.
            None if index < log.base_idx => continue,
            Some(_) => log.cut_from(index),
            None => {}
        }
        log.items.push(item);
        has_changed = true;
    }
    has_changed
}

/// Figure 13, receiver 6 and 7: what follows the snapshot stays if the log has its last entry.
fn replace_log(state: &mut State, meta: &Meta) {
    let log = &mut state.durable;
    if log.term_at(meta.last_idx) == Some(meta.last_term) {
        log.forget_to(meta.last_idx);
    } else {
        log.restart_at(meta.last_idx, meta.last_term);
    }
}
