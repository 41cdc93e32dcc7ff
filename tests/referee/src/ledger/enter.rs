//! How the ledger grows: what each fact adds to what is certain, and what it makes uncertain.

use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use super::Ledger;
use super::server::Stored;
use crate::fact::{Handled, Life, Post};
use crate::message::{Position, Reply, Request};
use crate::proof::Line;

impl Ledger {
    /// A server that was stopped is about to go on.
    pub(crate) fn resumes(&mut self, server: ServerId) {
        self.servers[server].duties.was_stopped();
        self.calls.were_stopped(&self.servers[server].open);
    }

    /// An answer came to a request that was forgotten, or in a term that was: what can be committed is not known any
    /// more.
    pub(crate) fn lose_track(&mut self) {
        self.committable = Index::MAX;
        self.servers.iter_mut().for_each(|server| server.bound = Index::MAX);
    }

    /// A request was sent. If it does not `count`, nobody can hear it, and its sender may be one that was deleted.
    /// Returns whether it is the first that is heard of its term's leader.
    pub(crate) fn enter_request(
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
    pub(crate) fn enter_delivery(
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
    pub(crate) fn enter_answer(
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
    pub(crate) fn enter_heard(&mut self, post: Post, request: &Request, reply: Reply, life: Option<Life>) {
        self.servers[post.asker].hears(life, reply.term(), || post.reply(reply));
        if reply.term() == request.term()
            && let Some(book) = self.terms.get_mut(request.term())
        {
            book.pace.heard(post, request, reply);
        }
    }
}
