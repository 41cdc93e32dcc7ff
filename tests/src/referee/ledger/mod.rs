//! The ledger: what is certain about every server, from the messages so far.
//!
//! Rules only read it; [`Ledger::enter`] writes, after all rules have agreed. Three kinds of knowledge:
//!
//! - *At least*: a server's term, its votes, the entries that it has acknowledged. True of the server's storage, so
//!   true also after a restart. Whatever might have undone it removes it, at the moment in which the message that
//!   might do so is delivered.
//! - *At most*: entries that a server was ever given, an index that it can know to be committed, one that a majority
//!   can have stored. A server that shows more than that has made it up.
//! - *Said*: what the leader of a term has sent.
//!
//! What is forgotten (old terms, low indexes) lies below a horizon, about which the rules say nothing.

mod calls;
mod duties;
mod entries;
mod pace;
mod server;
mod terms;
mod window;

use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use super::breach::{Line, Position};
use super::fact::{Fact, What};
use super::reading::{Reply, Request};

pub(super) use calls::{Calls, Handled};
pub(super) use duties::Duties;
pub(super) use entries::Entries;
pub(super) use pace::WINDOW;
pub(super) use server::{Server, Stored};
pub(super) use terms::{Committed, Terms};

/// Everything that is certain.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) servers: Vec<Server>,
    pub(super) terms: Terms,
    pub(super) entries: Entries,
    pub(super) committed: Committed,
    /// The highest index that the leader of any term can have found to be committed.
    pub(super) committable: Index,
    pub(super) calls: Calls,
    /// Servers also send each other messages that are not the paper's.
    pub(super) has_other_methods: bool,
    /// Heartbeats also confirm reads.
    pub(super) has_reads: bool,
    /// Somebody tells of every snapshot that a service takes and of every command that a leader accepts.
    pub(super) is_told: bool,
    /// Every entry that a server delivers is taken and told at once.
    pub(super) has_services: bool,
    /// How long something takes tells something about the servers, not about the machine.
    pub(super) has_exact_time: bool,
}

impl Ledger {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers: vec![Server::default(); servers],
            terms: Terms::new(servers),
            entries: Entries::default(),
            committed: Committed::default(),
            committable: 0,
            calls: Calls::default(),
            has_other_methods: false,
            has_reads: false,
            is_told: false,
            has_services: false,
            has_exact_time: false,
        }
    }

    /// An answer came to a request that was forgotten: what can be committed is not known any more.
    pub(super) fn lose_track(&mut self) {
        self.committable = Index::MAX;
        self.servers.iter_mut().for_each(|server| server.bound = Index::MAX);
    }

    /// How many servers are a majority.
    pub(super) fn majority(&self) -> usize {
        self.servers.len() / 2 + 1
    }

    /// Whether a server can have an entry in its log: it was sent to it, or is its own, or in a snapshot that it got,
    /// or nobody knows any more.
    pub(super) fn can_have(&self, server: ServerId, position: Position) -> bool {
        position.index <= self.servers[server].snapshot
            || self.entries.was_given(server, position)
            || self.terms.get(position.term).is_none_or(|book| book.leader_id() == Some(server))
    }

    /// Whether this is the first that is heard of a term's leader.
    pub(super) fn new_leader(&self, fact: &Fact) -> bool {
        let What::Sent { request, .. } = &fact.what else { return false };
        let (is_kept, book) = (self.terms.is_kept(request.term()), self.terms.get(request.term()));
        request.is_of_a_leader() && is_kept && book.is_none_or(|book| book.leader.is_none())
    }

    /// A server that was stopped is about to go on.
    pub(super) fn resumes(&mut self, server: ServerId) {
        self.servers[server].duties.was_stopped();
        self.calls.were_stopped(&self.servers[server].open);
    }

    /// The request that a server is handling for the longest time.
    pub(super) fn oldest_open(&self, server: ServerId) -> Option<&Handled> {
        self.calls.handled(*self.servers[server].open.first()?)
    }

    /// Takes note of a fact that breaks no rule.
    pub(super) fn enter(&mut self, fact: &Fact) {
        match &fact.what {
            What::Sent { request, life, counts } => {
                let server = &mut self.servers[fact.asker];
                server.send(*life, fact, request.term(), *counts);
                server.reach.extend(request.last());
                if let Request::Vote { term, .. } = **request {
                    server.duties.stands(fact.at, term);
                }
                self.enter_leader(fact, request, *counts);
                if *counts {
                    self.enter_request(fact, request);
                }
            }
            What::Delivered { request, incarnation, life } => {
                self.servers[fact.asked].serves_as(*incarnation, *life);
                self.enter_delivery(fact, request, *incarnation);
            }
            What::Answered { request, handled, reply } => self.enter_answer(fact, request, *handled, *reply),
            What::Heard { request, reply, life } => self.enter_heard(fact, request, *reply, *life),
            &What::Applied { index, .. } => self.servers[fact.asker].duties.applies(fact.at, index),
        }
    }

    fn enter_request(&mut self, fact: &Fact, request: &Request) {
        let (asker, line) = (fact.asker, fact.line);
        let Some(book) = self.terms.open(request.term()) else { return };
        book.vote(asker, asker, line);
        match request {
            Request::Vote { term, last } => {
                book.asks(asker, *last, line);
                self.servers[asker].stands(fact.at, *term, line);
            }
            Request::Snapshot { last, .. } => {
                book.says(*last, &[]);
                self.committed.insert(*last, request.term());
            }
            Request::Append { prev, entries, commit, .. } => {
                book.says(*prev, entries);
                self.entries.insert(*prev, entries);
                self.servers[asker].holds(request.last(), request.term(), line);
                self.enter_commit(fact, request.term(), *commit);
            }
        }
    }

    /// The leader of `term` says that everything up to `commit` is committed.
    fn enter_commit(&mut self, fact: &Fact, term: Term, commit: Index) {
        let majority = self.majority();
        let Some(book) = self.terms.get_mut(term) else { return };
        if commit <= book.commit {
            return;
        }
        let known = std::mem::replace(&mut book.commit, commit);
        book.commit_line = Some(fact.line);
        // Without the leader it would be no majority: the leader has counted itself, and so has saved the entry.
        if book.stored_on(commit) == majority
            && let Some(of) = book.term_at(commit)
        {
            self.servers[fact.asker].stores(Position { index: commit, term: of }, term, fact.line);
        }
        for index in known + 1..(commit + 1).min(book.log_end()) {
            if let Some(of) = book.term_at(index) {
                self.committed.insert(Position { index, term: of }, term);
            }
        }
    }

    /// Whoever sends as a leader is one, also if nobody can hear it. Keeps account of how often it sends to whom.
    fn enter_leader(&mut self, fact: &Fact, request: &Request, counts: bool) {
        if !request.is_of_a_leader() {
            return;
        }
        let Some(book) = self.terms.open(request.term()) else { return };
        book.leads(fact, fact.line);
        if book.leader_id() != Some(fact.asker) {
            return;
        }
        if let Request::Append { commit, .. } = request {
            self.servers[fact.asker].duties.knows_commit(fact.at, *commit, fact.line);
        }
        book.pace.sent(fact.at, fact.asked, request, counts);
        if let Request::Append { commit, .. } = request {
            book.tells_commit(*commit, fact.line);
        }
    }

    /// Whether a server may answer a request for a vote as if it had not seen its term.
    fn may_ignore(&self, fact: &Fact, request: &Request, at: Duration) -> bool {
        let server = &self.servers[fact.asked];
        let leads = || self.terms.get(server.floor).is_none_or(|book| book.leader_id() == Some(fact.asked));
        !request.is_of_a_leader() && (server.may_ignore_candidates(at) || server.floor > 0 && leads())
    }

    fn enter_delivery(&mut self, fact: &Fact, request: &Request, incarnation: u64) {
        let (asked, is_refused) = (fact.asked, request.term() < self.servers[fact.asked].floor);
        // What may make the server forget entries does so as soon as it may have been handled, but for its own answer.
        let stored = self.servers[asked].last_certain();
        if !is_refused {
            self.enter_given(asked, request);
            if request.is_of_a_leader() {
                self.servers[asked].is_led(fact.at);
            }
        }
        let server = &mut self.servers[asked];
        let mut handled = Handled {
            line: fact.line,
            was_stopped: false,
            incarnation,
            floor: server.floor,
            stored: stored.map(|stored| stored.position),
            cuts: server.cuts,
            is_mixed: false,
        };
        handled.is_mixed = self.calls.overlap(&server.open, request.term());
        if self.calls.deliver(fact.call, handled) {
            server.open.push(fact.call);
        }
    }

    /// What a request can give to a server, and take from it, if it is accepted.
    fn enter_given(&mut self, asked: ServerId, request: &Request) {
        let server = &mut self.servers[asked];
        if request.is_of_a_leader() {
            server.reach.extend(request.last());
        }
        match request {
            Request::Vote { .. } => {}
            Request::Append { term, prev, entries, commit } => {
                server.may_know(*term, request.last().index, *commit);
                server.cut(|stored| match *term > stored.leader_term {
                    true => self.entries.kept(stored.position, *prev, entries),
                    false => None, // the same leader, or one that is refused
                });
                self.entries.give(asked, *prev, entries);
            }
            Request::Snapshot { term, last } => {
                server.may_know(*term, last.index, last.index);
                server.snapshot = server.snapshot.max(last.index);
                let differs = |stored: &Stored| {
                    self.entries.term_before(stored.position, last.index) != Some(last.term)
                };
                server.cut(|stored| differs(stored).then_some(None));
            }
        }
    }

    fn enter_answer(&mut self, fact: &Fact, request: &Request, handled: Handled, reply: Reply) {
        let (asked, line) = (fact.asked, fact.line);
        let is_ignored = reply.term() < request.term() && self.may_ignore(fact, request, handled.line.at);
        let server = &mut self.servers[asked];
        server.open.retain(|&call| call != fact.call || self.calls.is_open(call));
        server.raise_floor(reply.term(), line);
        if !is_ignored {
            server.raise_floor(request.term(), line);
        }
        match (request, reply) {
            (Request::Vote { term, .. }, Reply::Vote { granted: true, .. }) => {
                server.resets_timer(handled.line.at, *term, line);
                server.duties.grants();
                if let Some(book) = self.terms.open(*term) {
                    book.vote(asked, fact.asker, line);
                }
            }
            (Request::Vote { term, last }, Reply::Vote { term: answered, granted: false }) => {
                let is_new = answered == *term && handled.floor < *term && !handled.is_mixed;
                if is_new
                    && server.reach.is_covered_by(*last)
                    && !server.may_ignore_candidates(handled.line.at)
                {
                    server.duties.refuses(*term, line);
                }
            }
            (Request::Append { term, commit, .. }, Reply::Append { success: true, .. }) => {
                server.resets_timer(handled.line.at, *term, line);
                server.duties.knows_commit(fact.at, (*commit).min(request.last().index), line);
                self.enter_stored(fact, request, handled);
            }
            (Request::Snapshot { term, .. }, Reply::Snapshot { term: answered }) if answered <= *term => {
                self.enter_stored(fact, request, handled);
            }
            _ => {}
        }
    }

    /// A server has said that it stores what a leader sent.
    fn enter_stored(&mut self, fact: &Fact, request: &Request, handled: Handled) {
        let (term, last) = (request.term(), request.last());
        let server = &mut self.servers[fact.asked];
        if !handled.is_mixed && server.cuts == handled.cuts {
            server.stores(last, term, fact.line);
        }
        let majority = self.servers.len() / 2 + 1;
        let Some(book) = self.terms.get_mut(term) else { return };
        book.acked[fact.asked] = book.acked[fact.asked].max(last.index);
        let index = book.committable(majority);
        let Some(leader) = book.leader_id() else { return };
        self.committable = self.committable.max(index);
        self.servers[leader].bound = self.servers[leader].bound.max(index);
    }

    fn enter_heard(&mut self, fact: &Fact, request: &Request, reply: Reply, life: Option<super::fact::Life>) {
        self.servers[fact.asker].hears(life, reply.term(), fact.line);
        if reply.term() == request.term()
            && let Some(book) = self.terms.get_mut(request.term())
        {
            book.pace.heard(fact.asked, fact.at, request, reply);
        }
    }
}

/// Lines in the order of time, without repeats.
pub(super) fn proof(lines: impl IntoIterator<Item = Option<Line>>) -> Vec<Line> {
    let mut lines: Vec<Line> = lines.into_iter().flatten().collect();
    lines.sort_by_key(|line| (line.at, line.call));
    lines.dedup();
    lines
}
