//! The ledger: what is certain about every server, from the messages so far.
//!
//! Rules only read it; the judge has it enter what happened, after all rules have agreed. Three kinds of knowledge:
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
use super::fact::{Life, Post};
use super::reading::{Reply, Request};

pub(super) use calls::{Call, Calls, Handled};
pub(super) use duties::Duties;
pub(super) use entries::Entries;
pub(super) use pace::WINDOW;
pub(super) use server::{Floor, Server, Stored};
pub(super) use terms::{Committed, TermBook, Terms};

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

    /// An answer came to a request that was forgotten, or in a term that was: what can be committed is not known any
    /// more.
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

    /// The term of an entry in a leader's log: as it was sent, or as it must be because of what was sent after it.
    pub(super) fn term_in_log(&self, book: &TermBook, index: Index) -> Option<Term> {
        let sent =
            (index..book.log_end()).find_map(|index| Some(Position { index, term: book.term_at(index)? }));
        self.entries.term_before(sent?, index)
    }

    /// Whether a server can know an entry to be committed, as far as anybody can tell.
    pub(super) fn can_apply(&self, server: ServerId, position: Position) -> bool {
        let committed = self.committed.get(position.index);
        position.index <= self.servers[server].bound && committed.is_none_or(|(of, _)| of == position.term)
    }

    /// A server that was stopped is about to go on.
    pub(super) fn resumes(&mut self, server: ServerId) {
        self.servers[server].duties.was_stopped();
        self.calls.were_stopped(&self.servers[server].open);
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

    /// A request was sent. If it does not `count`, nobody can hear it, and its sender may be one that was deleted.
    /// Returns whether it is the first that is heard of its term's leader.
    pub(super) fn enter_request(
        &mut self,
        post: Post,
        request: &Request,
        life: Option<Life>,
        counts: bool,
        line: Line,
    ) -> bool {
        let (term, last) = (request.term(), request.last());
        let server = &mut self.servers[post.asker];
        server.send(life, term, counts, line);
        server.reach.extend(last);
        if let Request::Vote { .. } = request {
            server.duties.stands(post.at, term);
        }
        // A candidate that nobody hears may stand for any number of terms. They must not push others out of the books.
        if !counts && !request.is_of_a_leader() {
            return false;
        }
        let Some(book) = self.terms.open(term) else { return false };
        let is_new_leader = request.is_of_a_leader() && book.leader.is_none();
        if request.is_of_a_leader() {
            book.leads(post.asker, life, line);
            if book.leader_id() == Some(post.asker) {
                book.pace.sent(post, request, counts);
                if let Request::Append { commit, .. } = request {
                    server.duties.knows_commit(post.at, *commit, line);
                    book.tells_commit(*commit, line);
                }
            }
        }
        if !counts {
            return is_new_leader;
        }
        book.vote(post.asker, post.asker, line);
        match request {
            Request::Vote { .. } => {
                book.asks(post.asker, last, line);
                server.stands(post.at, term, line);
            }
            Request::Snapshot { .. } => {
                book.says(last, &[]);
                self.committed.insert(last, term);
            }
            Request::Append { prev, entries, commit, .. } => {
                book.says(*prev, entries);
                self.entries.insert(*prev, entries);
                server.holds(last, term, line);
                if *commit > book.commit {
                    self.enter_commit(post.asker, term, *commit, line);
                }
            }
        }
        is_new_leader
    }

    /// The leader of `term` says that everything up to `commit` is committed.
    fn enter_commit(&mut self, leader: ServerId, term: Term, commit: Index, line: Line) {
        let majority = self.majority();
        let Some(book) = self.terms.get_mut(term) else { return };
        let known = std::mem::replace(&mut book.commit, commit);
        book.commit_line = Some(line);
        // Without the leader it would be no majority: the leader has counted itself, and so has saved the entry.
        if book.stored_on(commit) == majority
            && let Some(of) = book.term_at(commit)
        {
            self.servers[leader].stores(Position { index: commit, term: of }, term, line);
        }
        for index in known + 1..(commit + 1).min(book.log_end()) {
            if let Some(of) = book.term_at(index) {
                self.committed.insert(Position { index, term: of }, term);
            }
        }
    }

    /// Whether a server may answer a request for a vote as if it had not seen its term.
    fn may_ignore(&self, asked: ServerId, request: &Request, at: Duration) -> bool {
        let server = &self.servers[asked];
        let floor = server.floor.term;
        let leads = || self.terms.get(floor).is_none_or(|book| book.leader_id() == Some(asked));
        !request.is_of_a_leader() && (server.may_ignore_candidates(at) || floor > 0 && leads())
    }

    /// A request is about to be handled by that incarnation of a server. Returns what the answer must agree with.
    pub(super) fn enter_delivery(
        &mut self,
        post: Post,
        request: &Request,
        incarnation: u64,
        life: Option<Life>,
    ) -> Handled {
        let server = &mut self.servers[post.asked];
        server.serves_as(incarnation, life);
        // What may make the server forget entries does so as soon as it may have been handled, but for its own answer.
        let stored = server.last_certain().map(|stored| stored.position);
        let bound = server.bound;
        if request.term() >= server.floor.term {
            if request.is_of_a_leader() {
                server.is_led(post.at);
            }
            self.enter_given(post.asked, request);
        }
        let server = &self.servers[post.asked];
        Handled {
            at: post.at,
            asker: post.asker,
            was_stopped: false,
            incarnation,
            floor: server.floor.term,
            stored,
            bound,
            cuts: server.cuts,
            is_mixed: self.calls.overlap(&server.open, request.term()),
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

    /// A request was answered.
    pub(super) fn enter_answer(
        &mut self,
        post: Post,
        request: &Request,
        handled: &Handled,
        reply: Reply,
        line: Line,
    ) {
        let is_ignored = reply.term() < request.term() && self.may_ignore(post.asked, request, handled.at);
        let server = &mut self.servers[post.asked];
        server.raise_floor(reply.term(), line);
        if !is_ignored {
            server.raise_floor(request.term(), line);
        }
        match (request, reply) {
            (Request::Vote { term, .. }, Reply::Vote { granted: true, .. }) => {
                server.resets_timer(handled.at, *term, line);
                server.duties.grants();
                if let Some(book) = self.terms.open(*term) {
                    book.vote(post.asked, post.asker, line);
                }
            }
            (Request::Vote { term, last }, Reply::Vote { term: answered, granted: false }) => {
                let is_new = answered == *term && handled.floor < *term && !handled.is_mixed;
                if is_new && server.reach.is_covered_by(*last) && !server.may_ignore_candidates(handled.at) {
                    server.duties.refuses(*term, line);
                }
            }
            (Request::Append { term, commit, .. }, Reply::Append { success: true, .. }) => {
                server.resets_timer(handled.at, *term, line);
                server.duties.knows_commit(post.at, (*commit).min(request.last().index), line);
                self.enter_stored(post.asked, request, handled, line);
            }
            (Request::Snapshot { term, .. }, Reply::Snapshot { term: answered }) if answered <= *term => {
                self.enter_stored(post.asked, request, handled, line);
            }
            _ => {}
        }
    }

    /// A server has said that it stores what a leader sent.
    fn enter_stored(&mut self, asked: ServerId, request: &Request, handled: &Handled, line: Line) {
        let (term, last, majority) = (request.term(), request.last(), self.majority());
        let server = &mut self.servers[asked];
        if !handled.is_mixed && server.cuts == handled.cuts {
            server.stores(last, term, line);
        }
        if !self.terms.is_kept(term) {
            return self.lose_track();
        }
        let Some(book) = self.terms.get_mut(term) else { return };
        if last.index <= book.acked[asked] {
            return; // nothing new
        }
        book.acked[asked] = last.index;
        let index = book.committable(majority);
        let Some(leader) = book.leader_id() else { return };
        self.committable = self.committable.max(index);
        self.servers[leader].bound = self.servers[leader].bound.max(index);
    }

    /// A reply has reached the asker.
    pub(super) fn enter_heard(&mut self, post: Post, request: &Request, reply: Reply, life: Option<Life>) {
        self.servers[post.asker].hears(life, reply.term(), || post.reply(reply));
        if reply.term() == request.term()
            && let Some(book) = self.terms.get_mut(request.term())
        {
            book.pace.heard(post, request, reply);
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
