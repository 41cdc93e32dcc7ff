//! Replication (§5.3): what a leader sends, what a follower stores, and what is committed (§5.4.2).
//!
//! For each follower there is a sender, a thread that waits until a message there is due: a heartbeat, because it is time, or
//! entries, because there are some and the last message was answered. Each call has a thread of its own, so that one that hangs
//! holds nothing up. While a call is under way new entries gather, and leave together when it is answered.

use std::time::Duration;

use labrpc::sync::Arc;
use labrpc::time::Instant;
use raft_interface::{Command, Index, ServerId, Started, Term};

use crate::log::Entry;
use crate::messages::{AppendEntriesArgs, AppendEntriesReply, InstallSnapshotReply, Message};
use crate::raft::{Node, spawn};
use crate::state::State;

/// The time between two messages to a follower if there is nothing to say. MIT: at most some tens in a second.
const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

impl Node {
    /// A sender: a thread that sends one follower what is due, until the server stops.
    pub(crate) fn replicate_to(self: Arc<Self>, peer: ServerId) {
        while let Some(message) = self.next_message(peer) {
            let node = Arc::clone(&self);
            spawn(format!("call to S{peer}"), move || node.send(peer, message));
        }
    }

    /// Waits until a message is due. `None` when the server has stopped.
    fn next_message(&self, peer: ServerId) -> Option<Message> {
        let mut state = self.state.lock();
        while !state.is_stopped {
            match state.due_at(peer) {
                Some(at) if at <= Instant::now() => return Some(state.message_for(peer)),
                // Both give the lock up, and wake when a step has changed something: then all is looked at anew.
                Some(at) => drop(self.changed.wait_until(&mut state, at)),
                None => self.changed.wait(&mut state),
            }
        }
        None
    }

    /// Makes one call, and takes note of the answer.
    fn send(&self, peer: ServerId, message: Message) {
        let end = &self.peers[peer];
        match message {
            Message::Entries(args) => {
                if let Some(reply) = end.call::<_, AppendEntriesReply>("Raft.AppendEntries", &args) {
                    self.handle(reply.term, |state| state.on_append_entries_reply(peer, &args, &reply));
                }
            }
            Message::Snapshot(args) => {
                if let Some(reply) = end.call::<_, InstallSnapshotReply>("Raft.InstallSnapshot", &args) {
                    self.handle(reply.term, |state| state.on_install_snapshot_reply(peer, &args));
                }
            }
        }
    }
}

impl State {
    /// A client has a command (MIT's Start). A leader appends it, and messages to the others become due.
    pub(crate) fn append_command(&mut self, command: Command) -> Started {
        // begin solution 3B.1: a leader appends the command to its log
        // hint: Who does not lead appends nothing, and says so.
        // hint: The senders find the entry by themselves, through `has_entries_for`.
        let (term, is_leader) = (self.current_term, self.is_leader());
        if is_leader {
            self.log.append(Entry { term, command });
            self.advance_commit_index(); // where there is nobody else
        }
        Started { term, is_leader, index: self.log.last_index() }
        // end solution
    }

    /// When the next message to a follower should leave: now or earlier if one is due, never if this server does not lead.
    fn due_at(&self, peer: ServerId) -> Option<Instant> {
        if !self.is_leader() {
            return None;
        }
        Some(if self.has_entries_for(peer) { Instant::now() } else { self.heartbeat_at[peer] })
    }

    /// Whether there are entries that should leave at once, and not with the next heartbeat.
    fn has_entries_for(&self, peer: ServerId) -> bool {
        // begin solution 3B.1: entries from `next_index` on, if the last message was answered
        // hint: Fig. 2, Leaders, third point. While a message is under way, wait for its answer: else each new command sends all
        // hint: the others again. The heartbeat goes in any case.
        // instead: false
        !self.is_awaiting[peer] && self.log.last_index() >= self.next_index[peer]
        // end solution
    }

    /// The message that brings a follower up to date: entries, or the snapshot if they are forgotten (§7).
    fn message_for(&mut self, peer: ServerId) -> Message {
        self.heartbeat_at[peer] = Instant::now() + HEARTBEAT_INTERVAL;
        self.is_awaiting[peer] = true;
        if self.next_index[peer] > self.log.base_index() {
            Message::Entries(self.append_entries_args(peer))
        } else {
            Message::Snapshot(self.install_snapshot_args())
        }
    }

    /// Everything that a follower lacks, as far as this leader knows; nothing as a heartbeat.
    fn append_entries_args(&self, peer: ServerId) -> AppendEntriesArgs {
        // begin solution 3A.3: the message that a leader sends, here a heartbeat
        // hint: In part 3A the log is empty, so prev_log_index and prev_log_term are 0, and there are no entries.
        // hint: 3B.1: the entries from `next_index` on, and the index and term of the entry before them.
        let prev_log_index = self.next_index[peer] - 1;
        let prev_log_term = self.log.term_at(prev_log_index).expect("nothing before it is sent");
        // All of it is copied now, under the lock: filled in later, it could mix what two terms know.
        AppendEntriesArgs {
            term: self.current_term,
            leader_id: self.me,
            prev_log_index,
            prev_log_term,
            entries: self.log.between(prev_log_index + 1, self.log.last_index()).to_vec(),
            leader_commit: self.commit_index,
        }
        // end solution
    }

    /// A leader sends entries, or a heartbeat (Fig. 2, AppendEntries, receiver). A higher term has been adopted already.
    pub(crate) fn on_append_entries(&mut self, args: AppendEntriesArgs) -> AppendEntriesReply {
        // begin solution 3A.3: follow who leads this term
        // hint: Refuse a leader of an older term, and do nothing else: it must not reset the election timer.
        // hint: Who else calls leads this term. A candidate follows it, and everybody waits another timeout.
        // hint: In part 3A that is a success. 3B.2: `self.store` decides.
        let mut reply = AppendEntriesReply { term: self.current_term, ..Default::default() };
        if args.term < self.current_term {
            return reply;
        }
        self.follow();
        self.reset_election_timer();
        let stored = self.store(args);
        reply.success = stored.is_ok();
        if let Err(conflict) = stored {
            (reply.conflict_term, reply.conflict_index) = conflict;
        }
        reply
        // end solution
    }

    /// Stores what the leader sends, if the logs match before it (Fig. 2, AppendEntries, receiver 2 to 5). If they do not, the
    /// [conflict](Self::conflict_at).
    fn store(&mut self, args: AppendEntriesArgs) -> Result<(), (Option<Term>, Index)> {
        // begin solution 3B.2: check that the logs match, then merge the entries, then follow the commit index
        // hint: A heartbeat is checked like every other message. Success means: everything up to the last new entry is the same.
        // hint: 3B.3: what is committed is at most the last entry that this message has checked, not the last of the log.
        // hint: 3D: what the snapshot covers is committed, and therefore matches.
        // instead: Ok(()) // as long as the log is empty
        let prev = args.prev_log_index;
        if prev >= self.log.base_index() && self.log.term_at(prev) != Some(args.prev_log_term) {
            return Err(self.conflict_at(prev));
        }
        let last_new = args.last_new_index();
        self.log.merge(prev, args.entries);
        self.commit_index = self.commit_index.max(args.leader_commit.min(last_new));
        Ok(())
        // end solution
    }

    /// What a follower says whose log has another entry at `prev_log_index`, or none (§5.3, last page): `conflict_term` and
    /// `conflict_index` of its reply.
    fn conflict_at(&self, prev_log_index: Index) -> (Option<Term>, Index) {
        // begin solution 3B.5: the term that is there, and where it begins; or where the log ends
        // hint: Until then, what makes a leader go back by one entry for each refusal will do.
        // instead: (None, prev_log_index)
        match self.log.term_at(prev_log_index) {
            None => (None, self.log.last_index() + 1),
            term => (term, self.log.first_index_of_term_at(prev_log_index)),
        }
        // end solution
    }

    /// Whether the answer to a message of this term counts. It may be late: only what was asked in this leadership does.
    pub(crate) fn counts_answer(&mut self, peer: ServerId, term: Term) -> bool {
        let is_current = self.is_leader() && term == self.current_term;
        if is_current {
            self.is_awaiting[peer] = false;
        }
        is_current
    }

    /// A follower has answered. A higher term has been adopted already.
    fn on_append_entries_reply(
        &mut self,
        peer: ServerId,
        args: &AppendEntriesArgs,
        reply: &AppendEntriesReply,
    ) {
        if !self.counts_answer(peer, args.term) {
            return;
        }
        let stored = args.last_new_index();
        if reply.success {
            self.follower_has(peer, stored);
        } else if self.next_index[peer] == args.prev_log_index + 1 {
            // Else it refuses what was sent before something better was found out.
            self.back_up(peer, args.prev_log_index, reply);
        }
    }

    /// A follower stores everything up to `index`. Late answers may say less than is known.
    pub(crate) fn follower_has(&mut self, peer: ServerId, index: Index) {
        // begin solution 3B.1: note what is stored there, and see what is committed by that
        // hint: `match_index` only grows. What is confirmed is not sent again: `next_index`.
        // hint: 3B.3: `advance_commit_index` sees what is committed.
        // instead: // 3B.1: note what is stored there, and see what is committed by that
        self.match_index[peer] = self.match_index[peer].max(index);
        self.next_index[peer] = self.next_index[peer].max(index + 1);
        self.advance_commit_index();
        // end solution
    }

    /// What a majority stores is committed, if it is of this term (Fig. 2, Leaders, last point).
    fn advance_commit_index(&mut self) {
        // begin solution 3B.3: the highest index that a majority stores
        // hint: Sorted, the index that a majority has reached is in a fixed place. The leader itself stores all its log.
        // hint: §5.4.2 and Figure 8: entries of an older term are never committed by counting, only along with one of this term.
        // instead: // 3B.3: the highest index that a majority stores
        self.match_index[self.me] = self.log.last_index();
        let mut stored = self.match_index.clone();
        stored.sort_unstable();
        let index = stored[self.servers - self.majority()];
        if index > self.commit_index && self.log.term_at(index) == Some(self.current_term) {
            self.commit_index = index;
        }
        // end solution
    }

    /// Goes back after a refusal (§5.3, last page).
    fn back_up(&mut self, peer: ServerId, prev_log_index: Index, reply: &AppendEntriesReply) {
        // begin solution 3B.2: try again from an earlier entry
        // hint: One entry for each refusal is right, and slow. 3B.5 asks for a whole term at once:
        // hint: if this log has the follower's term, go on after its last entry; else go to where that term begins there.
        // hint: Never behind what is known to match, and always back.
        // instead: // 3B.2: try again from an earlier entry
        let next =
            match reply.conflict_term.and_then(|term| self.log.last_index_of_term(term, prev_log_index)) {
                Some(last) => last + 1,
                None => reply.conflict_index,
            };
        self.next_index[peer] = next.min(prev_log_index).max(self.match_index[peer] + 1);
        // end solution
    }
}
