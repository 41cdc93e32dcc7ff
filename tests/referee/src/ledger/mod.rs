//! The ledger: what is certain about every server, from the messages so far.
//!
//! Rules only read it; the judge has it enter what happened, after all rules have agreed. Three kinds of knowledge:
//!
//! - *At least*: a server's term, its votes, the entries that it has acknowledged. True of the server's storage, so
//!   true also after a restart. Whatever might have undone it removes it, at the moment in which the message that
//!   might do so is delivered.
//! - *At most*: entries that a server was ever given, an index that it can know to be committed, one that a majority
//!   can have stored. A server that shows more than that has made it up.
//! - *Sent*: what the leader of a term has sent.
//!
//! What is forgotten (old terms, low indexes) lies below a horizon, about which the rules say nothing.

mod calls;
mod duties;
mod enter;
mod entries;
mod evidence;
mod pace;
mod quorum;
mod server;
mod terms;
mod transfers;
mod unanswered;
mod window;

use raft_interface::{Change, Configuration, Index, ServerId, Term};

use crate::message::Position;

pub(super) use calls::{Call, Calls};
pub(super) use duties::Duties;
pub(super) use entries::Entries;
pub(super) use evidence::Floor;
pub(super) use pace::WINDOW;
pub(super) use quorum::Quorum;
pub(super) use server::Server;
pub(super) use terms::{Committed, TermRecord, Terms};
pub(super) use unanswered::Content;

/// Everything that is certain.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) servers: Vec<Server>,
    /// Who is enough to elect and to commit.
    pub(super) quorum: Quorum,
    pub(super) terms: Terms,
    pub(super) entries: Entries,
    pub(super) committed: Committed,
    /// The highest index that the leader of any term can have found to be committed.
    pub(super) committable: Index,
    pub(super) calls: Calls,
    /// Servers also send each other messages that are not the paper's.
    pub(super) has_other_methods: bool,
    /// Some of those may bring entries, or tell what is committed.
    pub(super) has_unknown_contents: bool,
    /// A vote was given that nobody can assign to a term any more.
    pub(super) has_lost_votes: bool,
    /// The indexes that services see are not those on the wire: where a leader begins its term with an entry of its own
    /// (§8), it may count commands only. Then what is told of services cannot be compared with messages.
    pub(super) has_own_indexes: bool,
    /// The highest term of any message but of those that ask for votes that do not count.
    pub(super) highest_term: Term,
    /// The highest index that any leader has put a command at; none above it need ever be applied.
    pub(super) accepted: Index,
    /// Calls that give a command to a server and have not returned.
    pub(super) open_starts: usize,
    /// A leader may tell another server to stand for election, in whatever message.
    pub(super) has_orders_to_stand: bool,
    /// Heartbeats also confirm reads.
    pub(super) has_reads: bool,
    /// Somebody tells of every snapshot that a service takes and of every command that a leader accepts.
    pub(super) has_told_calls: bool,
    /// Every entry that a server delivers is taken and told at once.
    pub(super) has_services: bool,
    /// How long something takes tells something about the servers, not about the machine.
    pub(super) has_exact_time: bool,
}

impl Ledger {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers: vec![Server::default(); servers],
            quorum: Quorum::of_all(servers),
            terms: Terms::new(servers),
            entries: Entries::default(),
            committed: Committed::default(),
            committable: 0,
            calls: Calls::default(),
            has_other_methods: false,
            has_unknown_contents: false,
            has_lost_votes: false,
            has_own_indexes: false,
            highest_term: 0,
            accepted: 0,
            open_starts: 0,
            has_orders_to_stand: false,
            has_reads: false,
            has_told_calls: false,
            has_services: false,
            has_exact_time: false,
        }
    }

    /// This configuration is in force at first.
    pub(super) fn begin_with(&mut self, configuration: Configuration) {
        self.quorum.begin_with(configuration);
        self.look_for_lone_voters();
    }

    /// Somebody asks for a change of the configuration.
    pub(super) fn may_change(&mut self, change: Change) {
        self.quorum.may_change(change);
        // A leader that loses its vote may hand its office over, in whatever message (thesis §3.10).
        self.has_orders_to_stand |= !matches!(change, Change::AddLearner(_) | Change::Promote(_));
        // What was acknowledged before may be enough from now on: the next configuration is in force as soon as it is appended.
        for record in self.terms.all() {
            let Some(leader) = record.leader_id() else { continue };
            let index = record.committable(&self.quorum);
            self.committable = self.committable.max(index);
            self.servers[leader].commit_max = self.servers[leader].commit_max.max(index);
        }
        self.look_for_lone_voters();
    }

    fn look_for_lone_voters(&mut self) {
        if self.quorum.may_be_one() {
            self.lose_track(); // nobody hears what such a one commits
        }
    }

    /// Whether a server can have an entry in its log: it was sent to it, or is its own, or in a snapshot that it got,
    /// or nobody knows any more.
    pub(super) fn can_have(&self, server: ServerId, position: Position) -> bool {
        // In a snapshot, in an AppendEntries, or as the leader who made it. Of a forgotten term anything may
        // be true.
        position.index <= self.servers[server].snapshot
            || self.entries.was_delivered(server, position)
            || self.terms.get(position.term).is_none_or(|record| record.leader_id() == Some(server))
    }

    /// The term of an entry in a leader's log: as it was sent, or as it must be because of what was sent after it.
    pub(super) fn term_in_log(&self, record: &TermRecord, index: Index) -> Option<Term> {
        // As in Figure 8, a leader may commit entries of earlier terms that it never sent itself: only one
        // that comes after them. What is before that one, others have sent.
        let sent = (index..record.log_end())
            .find_map(|index| Some(Position { index, term: record.term_at(index)? }));
        self.entries.term_before(sent?, index)
    }

    /// Whether all that a server can have of a log, or know to be committed, came in messages that were read.
    pub(super) fn sees_all_contents(&self) -> bool {
        !self.has_unknown_contents
    }

    /// The end of the log of a server that leads, or that it certainly stores, at least.
    pub(super) fn log_end(&self, server: ServerId) -> Index {
        let record = self.terms.get(self.servers[server].floor.term);
        let sent = record.filter(|record| record.leader_id() == Some(server)).map(TermRecord::log_last);
        let stored = self.servers[server].last_certain().map(|stored| stored.position.index);
        // A leader that has sent nothing yet has said how long its log is when it stood.
        let stood = record.and_then(|record| record.candidates[server]).map(|(last, _)| last.index);
        sent.into_iter().chain(stored).chain(stood).max().unwrap_or_default()
    }

    /// A leader has put a command at an index, in a log that was `before` entries long at least.
    pub(super) fn accepts(&mut self, server: ServerId, at: Position, before: Index) {
        // A command comes after all that was in the log when it was given. So these are indexes of another kind.
        self.has_own_indexes |= at.index <= before;
        self.accepted = self.accepted.max(at.index);
        self.servers[server].reach.extend(at);
    }

    /// A command is under way to a server, and is the first one: nobody has heard yet which indexes commands get.
    pub(super) fn awaits_first_index(&self) -> bool {
        self.accepted == 0 && self.open_starts > 0
    }

    /// What the service of a server does is told, in the indexes of the wire.
    pub(super) fn is_told_calls(&self) -> bool {
        self.has_told_calls && !self.has_own_indexes
    }

    /// Whether a server can know an entry to be committed, as far as anybody can tell.
    pub(super) fn can_apply(&self, server: ServerId, position: Position) -> bool {
        let committed = self.committed.get(position.index);
        position.index <= self.servers[server].commit_max
            && committed.is_none_or(|(of, _)| of == position.term)
    }

    /// The request that a server is handling for the longest time, and the number of its call.
    pub(super) fn oldest_open(&self, server: ServerId) -> Option<(u64, &Call)> {
        let number = *self.servers[server].open.first()?;
        Some((number, self.calls.get(number)?))
    }

    /// The calls that a server is handling.
    pub(super) fn open_calls(&self, server: ServerId) -> impl Iterator<Item = &Call> {
        self.servers[server].open.iter().filter_map(|&number| self.calls.get(number))
    }
}
