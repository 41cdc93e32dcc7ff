//! What a leader knows of one follower, and what it sends it next.
//!
//! A follower is probed with empty requests, one at a time, until one matches. Then entries are streamed, several
//! requests at a time, in the hope that all arrive in order; what does not leads back to probing.

use std::collections::VecDeque;

use labrpc::time::{Duration, Instant};
use raft_interface::{Index, Term};

use super::messages::{AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply};
use super::state::{Role, State};

/// How often a follower hears from its leader at least.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How many requests with entries may be unanswered.
const WINDOW: usize = 3;
/// How many entries a request has at most.
const BATCH: Index = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It is not known where the logs agree. One empty request at a time.
    Probe,
    /// The logs agree: entries go out as they come.
    Replicate,
    /// The follower needs entries that are in the snapshot.
    Snapshot,
}

/// What a leader knows of one follower.
#[derive(Clone)]
pub(super) struct Progress {
    mode: Mode,
    /// Figure 2, `matchIndex`.
    matched: Index,
    /// Figure 2, `nextIndex`. In a stream, one above the last entry sent.
    next: Index,
    /// The last indexes of the requests with entries that are unanswered.
    in_flight: VecDeque<Index>,
    /// When to send something, whether there is news or not.
    due: Instant,
    /// When the last answer came.
    pub(super) heard: Instant,
}

impl Progress {
    fn new(next: Index, now: Instant) -> Self {
        Self { mode: Mode::Probe, matched: 0, next, in_flight: VecDeque::new(), due: now, heard: now }
    }

    fn enter(&mut self, mode: Mode, next: Index, now: Instant) {
        self.mode = mode;
        self.next = next;
        self.in_flight.clear();
        self.due = now;
    }

    fn match_up_to(&mut self, index: Index, now: Instant) {
        self.matched = self.matched.max(index);
        while self.in_flight.front().is_some_and(|&last| last <= self.matched) {
            self.in_flight.pop_front();
        }
        if self.mode == Mode::Replicate {
            self.next = self.next.max(self.matched + 1);
        } else {
            self.enter(Mode::Replicate, self.matched + 1, now);
            // It has just been heard of: the next heartbeat can wait.
            self.due = now + HEARTBEAT;
        }
    }
}

/// What a leader sends one follower.
pub(super) enum Request {
    Append(AppendEntriesArgs),
    Install(InstallSnapshotArgs),
}

/// What there is to do for one follower.
pub(super) enum Next {
    Send(Request),
    /// Nothing until then, or until there is news; `None`: until there is news.
    Wait(Option<Instant>),
}

impl State {
    /// Figure 2, Leaders: volatile state, reinitialised after the election.
    pub(super) fn lead(&mut self, now: Instant) {
        let next = self.durable.log.last_index() + 1;
        self.leader = None;
        self.role = Role::Leader(vec![Progress::new(next, now); self.servers]);
    }

    /// What to send to `peer` now.
    pub(super) fn next_request(&mut self, peer: usize, now: Instant) -> Next {
        let Role::Leader(progress) = &mut self.role else { return Next::Wait(None) };
        let progress = &mut progress[peer];
        let last = self.durable.log.last_index();
        let is_due = now >= progress.due;
        if is_due && progress.mode == Mode::Replicate && progress.next > progress.matched + 1 {
            // Nothing was sent for an interval, and there is no answer yet: entries may have been lost.
            progress.enter(Mode::Probe, progress.matched + 1, now);
        }
        let has_entries = progress.mode == Mode::Replicate && progress.next <= last;
        let (prev, end) = match progress.mode {
            Mode::Replicate if has_entries && progress.in_flight.len() < WINDOW => {
                (progress.next - 1, last.min(progress.next - 1 + BATCH))
            }
            _ if !is_due => return Next::Wait(Some(progress.due)),
            Mode::Replicate => (progress.matched, progress.matched),
            Mode::Probe | Mode::Snapshot => (progress.next - 1, progress.next - 1),
        };
        progress.due = now + HEARTBEAT;
        let Some(prev_term) = self.durable.log.term_at(prev) else {
            progress.mode = Mode::Snapshot;
            return Next::Send(Request::Install(self.snapshot_request()));
        };
        if end > prev {
            progress.next = end + 1;
            progress.in_flight.push_back(end);
        }
        let commit = self.durable.commit_index.min(progress.matched);
        Next::Send(Request::Append(self.append_request((prev, prev_term), end, commit)))
    }

    fn append_request(&self, prev: (Index, Term), end: Index, commit: Index) -> AppendEntriesArgs {
        AppendEntriesArgs {
            term: self.durable.current_term,
            leader: self.me,
            prev_idx: prev.0,
            prev_term: prev.1,
            entries: self.durable.log.range(prev.0 + 1, end).to_vec(),
            commit,
        }
    }

    fn snapshot_request(&self) -> InstallSnapshotArgs {
        InstallSnapshotArgs {
            term: self.durable.current_term,
            leader: self.me,
            snapshot_index: self.durable.log.base_index(),
            snapshot_term: self.durable.log.base_term(),
            data: self.snapshot.clone(),
        }
    }

    /// The follower's progress, if the answer is of the term that this server leads: what it says about other terms
    /// may not be so any more.
    fn progress_in(
        &mut self,
        peer: usize,
        asked: Term,
        answered: Term,
        now: Instant,
    ) -> Option<&mut Progress> {
        if answered > self.durable.current_term {
            self.adopt(answered, now);
        }
        let is_current = asked == self.durable.current_term && answered == asked;
        match &mut self.role {
            Role::Leader(progress) if is_current => {
                progress[peer].heard = now;
                Some(&mut progress[peer])
            }
            _ => None,
        }
    }

    /// An answer to `AppendEntries`.
    pub(super) fn on_append_reply(
        &mut self,
        peer: usize,
        args: &AppendEntriesArgs,
        reply: &AppendEntriesReply,
        now: Instant,
    ) {
        // §5.3: past the leader's own entries of the conflicting term, or past all of the follower's.
        let own = reply.conflict_term.and_then(|term| self.durable.log.last_of_term(term));
        let back = own.map_or(reply.conflict_index, |index| index + 1).min(args.prev_idx);
        let Some(progress) = self.progress_in(peer, args.term, reply.term, now) else { return };
        if reply.ok {
            progress.match_up_to(args.last_index(), now);
            self.advance_commit_index();
            return;
        }
        match progress.mode {
            // A rejection of what has matched since is an old one.
            Mode::Replicate if args.prev_idx > progress.matched => {
                progress.enter(Mode::Probe, progress.matched + 1, now);
            }
            Mode::Probe if args.prev_idx == progress.next - 1 => {
                progress.enter(Mode::Probe, back.max(progress.matched + 1), now);
            }
            _ => {}
        }
    }

    /// No answer to `AppendEntries` will come.
    pub(super) fn on_append_lost(&mut self, peer: usize, args: &AppendEntriesArgs, now: Instant) {
        let is_current = args.term == self.durable.current_term;
        let Role::Leader(progress) = &mut self.role else { return };
        let progress = &mut progress[peer];
        if is_current && progress.in_flight.contains(&args.last_index()) {
            progress.enter(Mode::Probe, progress.matched + 1, now);
        }
    }

    /// An answer to `InstallSnapshot`. The follower is probed from there: it may have more.
    pub(super) fn on_install_reply(
        &mut self,
        peer: usize,
        args: &InstallSnapshotArgs,
        reply: &InstallSnapshotReply,
        now: Instant,
    ) {
        let Some(progress) = self.progress_in(peer, args.term, reply.term, now) else { return };
        progress.matched = progress.matched.max(args.snapshot_index);
        if progress.mode == Mode::Snapshot {
            progress.enter(Mode::Probe, progress.matched + 1, now);
        }
        self.advance_commit_index();
    }

    /// Figure 2, Leaders, last rule: what a majority has is committed, if it is of this term (§5.4.2).
    pub(super) fn advance_commit_index(&mut self) {
        let Role::Leader(progress) = &self.role else { return };
        let last = self.durable.log.last_index();
        let matched = |id: usize| if id == self.me { last } else { progress[id].matched };
        let mut indexes: Vec<Index> = (0..self.servers).map(matched).collect();
        indexes.sort_unstable();
        let index = indexes[self.servers - self.majority()];
        let is_own = self.durable.log.term_at(index) == Some(self.durable.current_term);
        if is_own && index > self.durable.commit_index {
            self.durable.commit_index = index;
        }
    }
}
