//! Log replication and commitment (§5.3, §5.4.2).
//!
//! In the order in which it happens: the leader appends a command; each peer is sent what it lacks, all in one
//! message; the peer checks that its log matches just before the new entries, drops what conflicts, stores the
//! rest and says so; what a majority stores is committed, if it is of the leader's own term; peers hear of that
//! with the next message.
//!
//! # When a message is due
//!
//! A peer that has everything gets a heartbeat per interval. A peer that lacks something gets a message at once,
//! unless one is under way: entries that come meanwhile wait for its answer and travel together. A message that
//! stays without an answer for a heartbeat interval holds nothing up any longer, because then the heartbeat is
//! due. It starts where the message before it ended, in the hope that only the answer is late: nothing is sent twice to
//! a peer that cannot be reached. If the peer says that it lacks what comes before, or does not answer either, all that is
//! not acknowledged is sent again.
//!
//! # Fast backup
//!
//! A follower whose log does not match says where the conflicting term begins, and the leader skips that term as
//! a whole (§5.3). The three cases, for a leader that tries `prev_log_index` 4:
//!
//! ```text
//!              1 2 3 4                                        hint                  next
//!   leader     4 6 6 6     follower  4 5 5 5    term 5 from 2; leader has no 5      2
//!   leader     4 4 6 6     follower  4 4 4 4    term 4 from 1; leader's last 4 is 2 3
//!   leader     4 6 6 6     follower  4          no entry; log ends at 1             2
//! ```

use labrpc::time::Instant;
use raft_interface::{Command, Index, ServerId, Started};

use crate::catch_up::Patience;
use crate::chunks::Transfer;
use crate::entry::Entry;
use crate::rpc::{AppendEntriesArgs, AppendEntriesReply, CallId, Message, Outgoing, Tag};
use crate::state::{Leadership, Moment, Role, State};

/// News of so many committed entries, after a burst, are a message of their own. Fewer wait for company; see
/// [`Config::commit_notice`](crate::Config::commit_notice).
const COMMITS_WORTH_A_MESSAGE: Index = 32;

/// What a leader knows of one follower. Invariant: `match_index < next_index`.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The next entry to send. Starts after the leader's last entry; moves back while the logs do not match.
    pub(crate) next_index: Index,
    /// The highest entry known to be stored there. Starts at 0 and only grows.
    pub(crate) match_index: Index,
    /// The highest commit index known to have arrived there. Starts at 0 and only grows.
    pub(crate) commit_known: Index,
    /// The latest call, while it is under way. Until it ends, only a heartbeat is due. An answer to an older call
    /// does not end it: else each late answer would set off a message of its own.
    pub(crate) awaiting: Option<CallId>,
    /// The last entry that the latest call has carried, or its predecessor if it carried none: while that call is
    /// under way, the next one starts after it.
    pub(crate) sent_index: Index,
    /// Before this, only a heartbeat is due: the last call has failed.
    pub(crate) retry_at: Instant,
    /// When a message is due in any case.
    pub(crate) heartbeat_at: Instant,
    /// The last round of reads that a message has been sent for. Starts at 0.
    pub(crate) round_sent: u64,
    /// The last round of reads in which the follower has confirmed the leader. Starts at 0 and only grows.
    pub(crate) round_acked: u64,
    /// When it last answered in this term, or when the term began.
    pub(crate) heard_at: Instant,
    /// Calls up to this one are of no interest: the peer has gone and come back since, and may have been set up anew.
    pub(crate) last_call_before: CallId,
    /// When the latest message left that it has answered in this term; `None` before the first answer. Only grows.
    pub(crate) promised_at: Option<Instant>,
    /// The snapshot that is on its way there in pieces, if one is.
    pub(crate) transfer: Option<Transfer>,
    /// It fetches what it lacks from others, and the leader waits for it.
    pub(crate) patience: Option<Patience>,
}

impl Progress {
    /// A follower of which a new leader knows nothing: a message is due at once.
    pub(crate) fn new(next_index: Index, now: Instant) -> Self {
        Self {
            next_index,
            match_index: 0,
            commit_known: 0,
            awaiting: None,
            sent_index: 0,
            retry_at: now,
            heartbeat_at: now,
            round_sent: 0,
            round_acked: 0,
            heard_at: now,
            last_call_before: 0,
            promised_at: None,
            transfer: None,
            patience: None,
        }
    }

    /// Everything up to `index` is stored there (Fig. 2, Rules for leaders 3). Late answers move nothing back.
    pub(crate) fn matches(&mut self, index: Index) {
        self.match_index = self.match_index.max(index);
        self.next_index = self.next_index.max(self.match_index + 1);
        self.patience = None;
        self.transfer.take_if(|transfer| !transfer.is_of_use(self.match_index));
    }
}

impl State {
    /// MIT's Start: a leader appends the command, and messages to the peers become due.
    pub(crate) fn append_command(&mut self, command: Command, moment: &Moment) -> Started {
        // Whoever does not lead appends nothing: its entry would have an index and a term that another leader
        // may give to another command, and the Log Matching Property would be gone.
        if !self.may_accept() {
            return Started { index: 0, term: self.current_term, is_leader: false };
        }
        let index = self.log.append(Entry::command(self.current_term, command));
        self.dirty = true;
        log::debug!(target: "LOG", "S{} T{} appends {index}", self.me, self.current_term);
        self.advance_commit_index(moment); // a cluster of one needs nobody else
        Started { index, term: self.current_term, is_leader: true }
    }

    /// When the leader's next message to `peer` should leave.
    pub(crate) fn replication_due_at(&self, leadership: &Leadership, peer: ServerId) -> Instant {
        let progress = &leadership.progress[peer];
        if let Some(at) = self.timeout_now_due_at(leadership, peer) {
            return at.min(progress.heartbeat_at);
        }
        // Judged from what the follower lacks and not from what has just happened: a command that comes while a
        // call is under way sets off nothing, and is found here when that call ends.
        let lacks_entries = progress.next_index <= self.log.last_index();
        let lacks_round = progress.round_sent < leadership.read_round;
        let commits = self.commit_index.min(progress.match_index).saturating_sub(progress.commit_known);
        let news_at = if progress.awaiting.is_some() {
            None
        } else if lacks_entries || lacks_round || commits >= COMMITS_WORTH_A_MESSAGE {
            Some(progress.retry_at)
        } else if commits > 0 {
            Some(progress.retry_at.max(self.commit_advanced_at + self.config.commit_notice))
        } else {
            None
        };
        news_at.map_or(progress.heartbeat_at, |at| at.min(progress.heartbeat_at))
    }

    /// The message that brings `peer` up to date: entries, or the snapshot if they are in it (§7). Marks it as
    /// sent. What the call before has carried is left out while that call is under way.
    pub(crate) fn replicate(&mut self, peer: ServerId, moment: &Moment) -> Outgoing {
        let call = self.next_call();
        let Role::Leader(leadership) = &mut self.role else { unreachable!("only leaders replicate") };
        let round = leadership.read_round;
        // From here on the round is closed: a read that arrives now may come after a write that another leader
        // has acknowledged since this message left.
        leadership.round_begun = round;
        let progress = &mut leadership.progress[peer];
        // With a call under way this message is a heartbeat on time. Starting at `next_index` it would carry
        // the backlog a second time: to a follower that cannot be reached, ten times a second.
        let is_answered = progress.awaiting.replace(call).is_none();
        let first =
            if is_answered { progress.next_index } else { progress.next_index.max(progress.sent_index + 1) };
        let is_trimmed = first <= self.log.base_index();
        progress.sent_index = if is_trimmed { self.log.base_index() } else { self.log.last_index() };
        progress.heartbeat_at = moment.now + self.config.heartbeat_interval;
        progress.round_sent = round;
        let message = if is_trimmed {
            Message::InstallSnapshot(Box::new(self.next_piece(peer)))
        } else {
            Message::AppendEntries(self.append_entries_args(first))
        };
        Outgoing { tag: Tag { peer, call, round, sent_at: moment.now }, message }
    }

    /// Everything from entry `first` on (Fig. 2, Rules for leaders 3), or nothing as a heartbeat.
    fn append_entries_args(&self, first: Index) -> AppendEntriesArgs {
        // Everything is copied now, under the lock, with the term in which it was decided. A message that is
        // filled in later can mix two terms: sent after this server was deposed, it would carry its successor's
        // entries in its own old name, or old entries in a term that it does not lead.
        let prev_log_index = first - 1;
        let prev_log_term = self.log.term_at(prev_log_index).expect("a message starts at or after the base");
        AppendEntriesArgs {
            term: self.current_term,
            leader_id: self.me,
            prev_log_index,
            prev_log_term,
            entries: self.log.entries_from(first).to_vec(),
            leader_commit: self.commit_index,
        }
    }

    /// Fig. 2, AppendEntries, receiver.
    pub(crate) fn on_append_entries(
        &mut self,
        args: &AppendEntriesArgs,
        moment: &Moment,
    ) -> AppendEntriesReply {
        // Before the timer is touched. A deposed leader behind a slow link would otherwise keep this server
        // from standing for election, although nobody leads.
        if args.term < self.current_term {
            return self.reject(args, None, 0); // receiver 1
        }
        if args.entries.iter().any(|entry| self.refuses(entry.configuration())) {
            return self.reject(args, None, args.prev_log_index);
        }
        self.hear_leader(args.leader_id, moment);
        // Receiver 2. What the snapshot covers is committed and therefore matches (§7): only later indexes tell.
        self.begin_fetch(args.leader_id, args.prev_log_index, moment); // if that is far beyond the end
        if args.prev_log_index >= self.log.base_index() {
            match self.log.term_at(args.prev_log_index) {
                // Heartbeats are not special. Success here, because "there is nothing to store", tells a leader
                // that everything up to the previous entry is stored, and it counts copies that do not exist.
                None => return self.reject(args, None, self.log.last_index() + 1),
                // Same index, other term: a different entry, left by a leader that was deposed before it could
                // commit it.
                Some(term) if term != args.prev_log_term => {
                    self.assert_uncommitted(args.prev_log_index, args.prev_log_term);
                    return self.reject(
                        args,
                        Some(term),
                        self.log.first_index_of_term_at(args.prev_log_index),
                    );
                }
                Some(_) => {}
            }
        }
        self.store_entries(args.prev_log_index, &args.entries);
        // Not the end of the log. This server has 1 2 3 and a tail 4' 5' of a deposed leader; the new leader,
        // which has committed 5, sends an empty message after 3. Nothing conflicts, so the tail stays, and
        // min(5, log end) would apply 4' and 5', which are committed nowhere. Only what this message has
        // checked is known to match. (The leader in this file sends all that it has, which hides the
        // difference; most send empty heartbeats.)
        let last_new = args.prev_log_index + args.entries.len() as Index;
        self.follow_commit_index(args.leader_commit.min(last_new)); // receiver 5
        let abstained = !self.is_voter();
        AppendEntriesReply {
            term: self.current_term,
            success: true,
            abstained,
            conflict_term: None,
            conflict_index: 0,
        }
    }

    /// Fig. 2, AppendEntries, receiver 3 and 4: drop what conflicts, append what is missing, and leave the rest
    /// alone, for a late message may hold less than this server has acknowledged since.
    pub(crate) fn store_entries(&mut self, prev_log_index: Index, entries: &[Entry]) {
        for (index, entry) in (prev_log_index + 1..).zip(entries) {
            if index <= self.log.base_index() {
                continue; // in the snapshot
            }
            // Only a conflict cuts the log. "1 2" and "1 2 3 4" are under way and cross: the long one is stored
            // and acknowledged first, and the leader commits 4. Cut at the end of the short one, which comes
            // later, 3 and 4 would be gone here, and a majority that was counted would be none.
            match self.log.term_at(index) {
                Some(term) if term == entry.term => continue,
                Some(term) => {
                    self.assert_uncommitted(index, entry.term);
                    log::debug!(target: "LOG", "S{} T{} drops {index} of T{term} and after", self.me, self.current_term);
                    // All that follows goes too: it was built on the entry that is wrong, so it cannot be the
                    // leader's either.
                    self.log.truncate_from(index);
                }
                None => {}
            }
            self.log.append(entry.clone());
            self.dirty = true;
        }
    }

    /// The answer to a message that does not fit, with the hints for a fast backup.
    fn reject(
        &self,
        args: &AppendEntriesArgs,
        conflict_term: Option<u64>,
        conflict_index: Index,
    ) -> AppendEntriesReply {
        // A log that does not fit is no word against the leader: it will fit.
        let abstained = conflict_index > 0 || !self.is_voter();
        let reply = AppendEntriesReply {
            term: self.current_term,
            success: false,
            abstained,
            conflict_term,
            conflict_index,
        };
        log::debug!(target: "LOG", "S{} T{} refuses {args} of S{}: {reply}", self.me, self.current_term, args.leader_id);
        reply
    }

    /// A committed entry never changes (Fig. 3, State Machine Safety). No weather makes a leader say otherwise.
    fn assert_uncommitted(&self, index: Index, term: u64) {
        assert!(
            index > self.commit_index,
            "S{} T{}: a leader claims that entry {index} is of term {term}, but here it is committed with term {:?}",
            self.me,
            self.current_term,
            self.log.term_at(index),
        );
    }

    /// The call to a follower has ended, with a reply or without one.
    pub(crate) fn on_append_entries_reply(
        &mut self,
        tag: Tag,
        args: &AppendEntriesArgs,
        reply: Option<&AppendEntriesReply>,
        moment: &Moment,
    ) {
        if let Some(reply) = reply {
            self.observe_term(reply.term, moment);
        }
        if !self.settle(tag, args.term, reply.map(|reply| reply.term), moment) {
            return;
        }
        if reply.is_some_and(|reply| !reply.success && self.leaves_to_peers(tag.peer, args, reply, moment)) {
            return;
        }
        let (Some(reply), Role::Leader(leadership)) = (reply, &mut self.role) else { return };
        let progress = &mut leadership.progress[tag.peer];
        if reply.success {
            // From what was sent. The log's end may have moved since: the message carried up to 3, commands
            // made it 5 while it was under way, and 5 would count a copy that the follower never got.
            // `next_index` may have moved as well.
            let stored = args.prev_log_index + args.entries.len() as Index;
            progress.matches(stored);
            // The follower has limited the leader's commit index to what it stores, so the leader has to as
            // well, or it believes that news has arrived which has not, and does not send it again before a
            // heartbeat.
            progress.commit_known = progress.commit_known.max(args.leader_commit.min(stored));
            // Most answers are to heartbeats, or come from the slower half: one more copy of what is committed commits nothing.
            if stored > self.commit_index {
                self.advance_commit_index(moment);
            }
        } else if progress.next_index == args.prev_log_index + 1 && progress.match_index < args.prev_log_index
        {
            // Only the refusal of a message that stands at `next_index` moves it: a late one would take the
            // search back to where it has been already. One at or below `match_index` is older than the success
            // that raised that.
            let hint = next_index_after(&self.log, reply);
            // Never back over what is stored there, and at least one step back, whatever the follower says: so
            // the search ends.
            progress.next_index = hint.clamp(progress.match_index + 1, args.prev_log_index);
            log::debug!(
                target: "LOG", "S{} T{} backs up to {}, for S{} answers {args}: {reply}",
                self.me, self.current_term, progress.next_index, tag.peer,
            );
        } else {
            // A late refusal, or a follower that has lost what it acknowledged: not worth a tight loop.
            progress.retry_at = moment.now + self.config.retry_pause;
        }
    }

    /// Does the bookkeeping for the end of a leader's call of term `term`. Whether its reply counts: this server
    /// must still lead that term, and the reply must be of that term too.
    pub(crate) fn settle(&mut self, tag: Tag, term: u64, reply_term: Option<u64>, moment: &Moment) -> bool {
        let Role::Leader(leadership) = &mut self.role else { return false };
        // Leading is not enough. A server that led term 3, was deposed and leads term 5 has fresh records of
        // its peers, while the follower may have replaced since what it acknowledged in term 3.
        if term != self.current_term {
            return false; // the answer to a leadership that is over
        }
        let progress = &mut leadership.progress[tag.peer];
        if tag.call <= progress.last_call_before {
            return false; // the answer to an earlier member of that number
        }
        let is_answer = reply_term == Some(term);
        // Success or refusal, the way is free for the next message at once. A call that failed has to wait: it
        // may have failed in no time, and a leader without a pause would call a server that is down in a tight
        // loop.
        if progress.awaiting == Some(tag.call) {
            progress.awaiting = None;
            if !is_answer {
                progress.retry_at = moment.now + self.config.retry_pause;
                progress.round_sent = progress.round_acked; // that round has to be asked again
            }
        }
        if is_answer {
            // By the round in which the message left, not by the latest: an answer proves that this server led
            // when the message was answered, which may be before a later read arrived.
            progress.round_acked = progress.round_acked.max(tag.round);
            progress.heard_at = moment.now;
            progress.promised_at = progress.promised_at.max(Some(tag.sent_at));
        }
        is_answer
    }

    /// Fig. 2, Rules for leaders 4: what a majority stores is committed, if it is of the current term. Entries of
    /// earlier terms are committed only along with such a one (§5.4.2, Fig. 8).
    pub(crate) fn advance_commit_index(&mut self, moment: &Moment) {
        let Role::Leader(leadership) = &self.role else { return };
        // The leader's own log counts as saved, because the step that appends also saves, and nobody sees the
        // state in between.
        let stored = |server: ServerId| match server == self.me {
            true => self.log.last_index(),
            false => leadership.progress[server].match_index,
        };
        let majority = self.configuration().reached(stored);
        // Figure 8. S0 leads term 2 and gives entry 2 to S1 only; S4 leads term 3 and has another entry 2 that
        // nobody else has; S0 leads term 4 and gives its old entry 2 to S2. Now three of five store it, but S4,
        // whose last term is 3, can still win the votes of S1, S2 and S3 and overwrite it. Only when an entry
        // of term 4 is stored by a majority does S4 lose these votes. Terms never fall along a log, so it
        // suffices to look at the highest index: if that is of an older term, all below are.
        if majority > self.commit_index && self.log.term_at(majority) == Some(self.current_term) {
            self.commit_index = majority;
            self.commit_advanced_at = moment.now;
            log::debug!(target: "CMIT", "S{} T{} commits up to {majority}", self.me, self.current_term);
            self.on_commit(moment);
        }
    }

    /// Fig. 2, AppendEntries, receiver 5. `index` is already limited to what is known to match the leader's log.
    pub(crate) fn follow_commit_index(&mut self, index: Index) {
        if index > self.commit_index {
            self.commit_index = index;
            log::debug!(target: "CMIT", "S{} T{} learns that {index} is committed", self.me, self.current_term);
        }
    }
}

/// Where to try next after a rejection: see the three cases in the module's documentation.
fn next_index_after(log: &crate::log::Log, reply: &AppendEntriesReply) -> Index {
    let own_run = reply.conflict_term.and_then(|term| log.last_index_of_term(term));
    own_run.map_or(reply.conflict_index, |last| last + 1)
}
