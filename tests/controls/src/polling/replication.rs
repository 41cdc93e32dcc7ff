//! Replication (§5.3): heartbeats that carry entries, and the followers that take them.

use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{ServerId, Term};

use super::Node;
use super::messages::{AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs};
use super::state::{Role, State};

/// The time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// What a heartbeat brings to one follower.
enum Message {
    Entries(AppendEntriesArgs),
    /// Instead of entries that the log has forgotten.
    Snapshot(InstallSnapshotArgs),
}

impl Node {
    /// The heartbeats of one leadership. The first goes out at once.
    pub(super) fn beat(self: &Arc<Self>, term: Term) {
        while !self.is_killed() {
            let mut state = self.state.lock();
            if !state.leads(term) {
                return;
            }
            // What a server without peers stores is stored by all: nobody else's answer will bring this about.
            self.advance_commit(&mut state);
            let messages: Vec<_> = self.others().map(|peer| (peer, self.message_for(peer, &state))).collect();
            drop(state);
            for (peer, message) in messages {
                let node = Arc::clone(self);
                thread::spawn(move || match message {
                    Message::Entries(args) => node.send_entries(peer, &args),
                    Message::Snapshot(args) => node.send_snapshot(peer, &args),
                });
            }
            thread::sleep(HEARTBEAT);
        }
    }

    /// Leaders 3: everything from nextIndex on, or the snapshot if that lies before the log's beginning.
    fn message_for(&self, peer: ServerId, state: &State) -> Message {
        let State { current_term: term, log, .. } = state;
        let prev_log_index = state.next_index[peer] - 1;
        match log.term_at(prev_log_index) {
            Some(prev_log_term) => Message::Entries(AppendEntriesArgs {
                term: *term,
                leader_id: self.me,
                prev_log_index,
                prev_log_term,
                entries: log.copy(prev_log_index + 1, log.last_index()),
                leader_commit: state.commit_index,
            }),
            None => Message::Snapshot(self.snapshot_of(state)),
        }
    }

    /// Sends to one follower and takes note of its answer, in a thread that does nothing else.
    fn send_entries(&self, peer: ServerId, args: &AppendEntriesArgs) {
        let Some(reply) = self.peers[peer].call::<_, AppendEntriesReply>("Raft.AppendEntries", args) else {
            return;
        };
        let mut state = self.state.lock();
        if state.adopt(reply.term) {
            self.persist(&mut state);
        } else if !state.leads(args.term) {
            // An answer to a leader of the past.
        } else if reply.success {
            let stored = args.prev_log_index + args.entries.len() as u64;
            self.follower_has(&mut state, peer, stored);
        } else if state.next_index[peer] == args.prev_log_index + 1 {
            // Else it refuses something older than what has been found out since.
            back_up(&mut state, peer, args, &reply);
        }
    }

    /// A follower has confirmed that it stores everything up to an index. Confirmations may come late and in any order.
    pub(super) fn follower_has(&self, state: &mut State, peer: ServerId, index: u64) {
        if index > state.match_index[peer] {
            state.match_index[peer] = index;
            state.next_index[peer] = index + 1;
            self.advance_commit(state);
        }
    }

    /// Leaders 4: what a majority stores is committed, if it is of this term (§5.4.2).
    fn advance_commit(&self, state: &mut State) {
        state.match_index[self.me] = state.log.last_index();
        let mut stored = state.match_index.clone();
        stored.sort_unstable_by(|a, b| b.cmp(a));
        let index = stored[self.majority() - 1];
        if index > state.commit_index && state.log.term_at(index) == Some(state.current_term) {
            state.commit_index = index;
        }
    }

    /// AppendEntries, receiver.
    pub(super) fn on_append_entries(&self, args: AppendEntriesArgs, state: &mut State) -> AppendEntriesReply {
        if args.term < state.current_term {
            return AppendEntriesReply { term: state.current_term, ..Default::default() };
        }
        let mut has_changed = state.adopt(args.term);
        // A candidate has lost to whoever leads its term.
        state.role = Role::Follower;
        state.reset_timer();
        let mut reply = AppendEntriesReply { term: state.current_term, ..Default::default() };
        let prev = args.prev_log_index;
        let prev_term = state.log.term_at(prev);
        // What the snapshot covers is committed, so it agrees.
        if prev < state.log.base_index() || prev_term == Some(args.prev_log_term) {
            let last_new = prev + args.entries.len() as u64;
            has_changed |= state.log.merge(prev, args.entries);
            state.commit_index = state.commit_index.max(args.leader_commit.min(last_new));
            reply.success = true;
        } else {
            reply.x_term = prev_term;
            reply.x_index = prev_term.map_or(0, |_| state.log.first_of_term_at(prev));
            reply.x_len = state.log.last_index() + 1;
        }
        if has_changed {
            self.persist(state);
        }
        reply
    }
}

/// Goes back after a refusal, over all entries of the term that does not agree (end of §5.3).
fn back_up(state: &mut State, peer: ServerId, args: &AppendEntriesArgs, reply: &AppendEntriesReply) {
    let next = match reply.x_term {
        None => reply.x_len,
        Some(term) => match state.log.last_of_term(term, args.prev_log_index) {
            Some(last) => last + 1,
            None => reply.x_index,
        },
    };
    // Back in any case, and never behind what is confirmed.
    state.next_index[peer] = next.min(args.prev_log_index).max(state.match_index[peer] + 1);
}
