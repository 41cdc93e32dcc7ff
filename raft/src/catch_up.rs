//! Catch-up from peers: a follower that is far behind fetches what it lacks from others than its leader.
//!
//! In the order in which it happens: a leader's AppendEntries shows that its follower lacks more than [`FAR`] entries, and is
//! refused as ever. The leader waits with the entries for as long as its follower's log grows by itself ([`Patience`]). The
//! follower asks one peer after the other for the entries after its last one ([`Fetch`]). A peer gives those that it knows to
//! be committed, with the term of the entry before the first. The follower takes them if they fit. When the leader's next message
//! finds its previous entry there, the follower says so, and is up to date; else the leader sends what is still lacking, as ever.
//!
//! Nobody depends on the others: a peer that is down or silent is followed by the next one, each is asked once in vain at most, and
//! a leader whose follower comes no further sends the entries, or its snapshot if they are in it.
//!
//! # Why it is safe
//!
//! A follower takes entries from an answer of its own term or an older one, and only if its entry before the first has
//! the term that the peer's has. What it takes is committed, and so is all before it: two logs that agree on that one entry agree
//! on everything up to it (Log Matching, Fig. 3).
//!
//! - **Nothing is lost that counts.** Fetched entries may take the place of others. These stood at indexes where something else is
//!   committed, so they are committed nowhere and never will be (State Machine Safety, Fig. 3), whatever this server has said of
//!   them to a leader: a leader that could still commit one would have it from a majority, and nothing else could have been
//!   committed there. What is committed here is never replaced ([`State::assert_uncommitted`]).
//! - **The leader has them too.** An entry that is committed at a peer in term 5 or before is in the log of each leader of
//!   term 5 or later (Leader Completeness). So an answer of a later term than the own is not used: the leader known here may
//!   be one that was deposed, and the entries may be newer than the own term.
//! - **It acknowledges nothing.** A leader counts a copy when its own message has found its previous entry here, and what is fetched
//!   changes only what such a message finds. A follower that said so of its own accord would say it of a log that the leader has not
//!   checked: its answer to "previous entry 90" must not be yes because a fetch of 1 to 90 has begun.
//! - **The commit index stays.** It could be raised, for what is fetched is committed. The leader's next message does it, at most
//!   a heartbeat later; until then no rule but Figure 2's moves it, and never back.
//!
//! An answer of a later term moves no term either: that is left to the messages of Figure 2, so that a server which others protect
//! their leader from (thesis §4.2.3) does not depose it by being helpful.

use std::collections::VecDeque;
use std::time::Duration;

use labrpc::time::Instant;
use raft_interface::{Index, ServerId, Term};

use crate::replication::Progress;
use crate::rpc::{
    AppendEntriesArgs, AppendEntriesReply, CallId, FetchEntriesArgs, FetchEntriesReply, Message, Outgoing,
    Tag,
};
use crate::state::{Moment, Role, State};

/// Who lacks more entries than this before a leader's message is far behind. Under load every follower lacks those of the last round
/// trip.
const FAR: Index = 32;
/// So many entries are asked for at once: few enough that a helper does not hold its lock for long.
const FETCHED_MAX: u64 = 512;
/// So many heartbeats at most does a leader wait for one follower. A follower that fetches slowly is served sooner by the leader.
const PATIENCE_HEARTBEATS: u32 = 4;

/// What a follower is fetching. It belongs to the term of the leader whose message has shown that entries are lacking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetch {
    /// The term of that leader. In another term the fetch is over.
    term: Term,
    /// That message's previous entry: what is wanted ends here.
    last: Index,
    /// The next entry to ask for.
    first: Index,
    /// Whom to ask, the next one in front. Nobody comes back who has given nothing.
    helpers: VecDeque<ServerId>,
    /// The call that is under way; the answer to an older one is not looked at.
    asked: Option<CallId>,
    /// When the next one is asked: at once, or when the patience with the last one ends.
    ask_at: Instant,
}

/// A leader's patience with a follower that fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Where the follower's log ended when it last said so.
    log_end: Index,
    /// When the leader sends the entries in any case.
    ends_at: Instant,
}

impl Progress {
    /// Whether the leader waits with the entries that a follower lacks, because that fetches them. `log_end` is one past the
    /// follower's last entry.
    fn waits_for_fetch(&mut self, log_end: Index, heartbeat: Duration, now: Instant) -> bool {
        match &mut self.patience {
            Some(patience) if log_end <= patience.log_end || patience.ends_at <= now => {
                self.patience = None;
                return false;
            }
            Some(patience) => patience.log_end = log_end,
            None => {
                self.patience = Some(Patience { log_end, ends_at: now + heartbeat * PATIENCE_HEARTBEATS });
            }
        }
        true
    }
}

impl State {
    /// A follower has refused entries. Whether the leader leaves it to itself until the next heartbeat: it is far behind, and
    /// fetches what it lacks.
    pub(crate) fn leaves_to_peers(
        &mut self,
        peer: ServerId,
        args: &AppendEntriesArgs,
        reply: &AppendEntriesReply,
        moment: &Moment,
    ) -> bool {
        let lacks = (args.prev_log_index + 1).saturating_sub(reply.conflict_index);
        // A conflict is nothing that a peer could help with: the follower has entries there.
        let is_far = lacks > FAR && reply.conflict_term.is_none() && reply.conflict_index > 0;
        if !self.config.features.catch_up_from_peers || !is_far {
            return false;
        }
        let heartbeat = self.config.heartbeat_interval;
        let Role::Leader(leadership) = &mut self.role else { return false };
        let progress = &mut leadership.progress[peer];
        let is_late = args.prev_log_index <= progress.match_index;
        if is_late || !progress.waits_for_fetch(reply.conflict_index, heartbeat, moment.now) {
            return false;
        }
        // Where the refused message stood: the next one asks again whether its previous entry is there, and carries only what has
        // come since.
        progress.next_index = progress.next_index.max(args.prev_log_index + 1);
        progress.retry_at = moment.now + heartbeat;
        true
    }

    /// A leader's message finds no entry at `previous`: fetches what is before it, if that is much, and no fetch is under way.
    pub(crate) fn begin_fetch(&mut self, leader: ServerId, previous: Index, moment: &Moment) {
        let last = self.log.last_index();
        if !self.config.features.catch_up_from_peers || previous.saturating_sub(last) <= FAR {
            return;
        }
        let term = self.current_term;
        if let Some(fetch) =
            self.fetch.as_mut().filter(|fetch| fetch.term == term && !fetch.is_over(moment.now))
        {
            fetch.last = fetch.last.max(previous);
            return;
        }
        let members = self.configuration().members();
        let others = (1..self.servers).map(|step| (self.me + step) % self.servers);
        let helpers = others.filter(|&server| server != leader && members.contains(server)).collect();
        log::debug!(target: "FTCH", "S{} T{term} fetches entries {} to {previous}", self.me, last + 1);
        let ask_at = moment.now;
        self.fetch = Some(Fetch { term, last: previous, first: last + 1, helpers, asked: None, ask_at });
    }

    /// The fetch that is under way here, if this server still follows in its term and lacks something.
    fn current_fetch(&self) -> Option<&Fetch> {
        let lacks_it = |fetch: &&Fetch| fetch.term == self.current_term && self.log.last_index() < fetch.last;
        self.fetch.as_ref().filter(|_| matches!(self.role, Role::Follower)).filter(lacks_it)
    }

    /// Who is asked for entries next.
    pub(crate) fn helper(&self) -> Option<ServerId> {
        self.current_fetch()?.helpers.front().copied()
    }

    /// When `peer` should be asked for entries; `None` if it is not its turn.
    pub(crate) fn fetch_due_at(&self, peer: ServerId) -> Option<Instant> {
        let fetch = self.current_fetch()?;
        (fetch.helpers.front() == Some(&peer)).then_some(fetch.ask_at)
    }

    /// Asks `peer`, whose turn it is, for entries. Marks it as asked.
    pub(crate) fn fetch_entries(&mut self, peer: ServerId, moment: &Moment) -> Option<Outgoing> {
        let call = self.next_call();
        let fetch = self.fetch.as_mut()?;
        fetch.helpers.pop_front();
        fetch.asked = Some(call);
        fetch.ask_at = moment.now + self.config.heartbeat_interval;
        let args = FetchEntriesArgs { first: fetch.first, most: FETCHED_MAX };
        let tag = Tag { peer, call, round: 0, sent_at: moment.now };
        Some(Outgoing { tag, message: Message::FetchEntries(args) })
    }

    /// Gives a peer the entries that it asks for, as far as they are committed and still here.
    pub(crate) fn on_fetch_entries(&self, args: &FetchEntriesArgs) -> FetchEntriesReply {
        let (commit_index, base_index) = (self.commit_index, self.log.base_index());
        let nothing = FetchEntriesReply {
            term: self.current_term,
            first: args.first,
            prev_log_term: 0,
            entries: Vec::new(),
            commit_index,
            base_index,
        };
        if args.first <= base_index || args.first > commit_index {
            return nothing;
        }
        let prev_log_term = self.log.term_at(args.first - 1).expect("the base, or an entry after it");
        // Not what follows the commit index: a leader may replace it, and whoever has it from here would not know.
        let committed = (commit_index - args.first + 1).min(args.most) as usize;
        let entries = self.log.entries_from(args.first)[..committed].to_vec();
        FetchEntriesReply { prev_log_term, entries, ..nothing }
    }

    /// The call that asked a peer for entries has ended, with a reply or without one.
    pub(crate) fn on_fetch_entries_reply(
        &mut self,
        tag: Tag,
        args: &FetchEntriesArgs,
        reply: Option<&FetchEntriesReply>,
        moment: &Moment,
    ) {
        // A leader never replaces its own entries, and a fetch of an older term knows nothing of this one.
        if self.current_fetch().is_none_or(|fetch| fetch.asked != Some(tag.call)) {
            return;
        }
        let given = reply.filter(|reply| self.is_of_use(args, reply));
        let fits = given.is_some_and(|reply| self.log.term_at(args.first - 1) == Some(reply.prev_log_term));
        if let Some(reply) = given.filter(|_| fits) {
            self.store_entries(args.first - 1, &reply.entries);
            log::debug!(
                target: "FTCH", "S{} T{} stores what S{} answers to {args}: {reply}",
                self.me, self.current_term, tag.peer,
            );
        }
        let (last, commit_index) = (self.log.last_index(), self.commit_index);
        let Some(fetch) = &mut self.fetch else { return };
        fetch.asked = None;
        fetch.ask_at = moment.now;
        // Where the logs differ is after what is committed here, so from there on they fit. Once is enough.
        let may_begin_lower = given.is_some() && args.first > commit_index + 1;
        if fits || may_begin_lower {
            fetch.helpers.push_front(tag.peer);
        }
        fetch.first = if fits { last + 1 } else { commit_index + 1 };
    }

    /// Whether an answer gives entries, from the one that was asked for on, and of no later term than the own.
    fn is_of_use(&self, args: &FetchEntriesArgs, reply: &FetchEntriesReply) -> bool {
        let terms = || reply.entries.iter().map(|entry| entry.term);
        let end = reply.first.saturating_add(reply.entries.len() as Index);
        reply.term <= self.current_term
            && reply.first == args.first
            && !reply.entries.is_empty()
            && end <= reply.commit_index.saturating_add(1)
            && terms().next().is_some_and(|first| first >= reply.prev_log_term)
            && terms().is_sorted()
            && terms().all(|term| term <= reply.term)
            && !reply.entries.iter().any(|entry| self.refuses(entry.configuration()))
    }
}

impl Fetch {
    /// Whether nobody is left to ask, and the last one was given its time.
    fn is_over(&self, now: Instant) -> bool {
        self.helpers.is_empty() && self.ask_at <= now
    }
}
