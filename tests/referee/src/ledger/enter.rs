//! How the ledger grows: what each fact adds to what is certain, and what it makes uncertain.

use raft_interface::{Index, ServerId, Term};

use super::Ledger;
use super::server::Stored;
use super::unanswered::Content;
use crate::fact::{Delivery, Envelope, Life, Sending};
use crate::message::{Position, Reply, Request};
use crate::proof::Line;

impl Ledger {
    /// A server that was stopped is about to go on.
    pub(crate) fn resumes(&mut self, server: ServerId) {
        let stopped = &mut self.servers[server];
        stopped.duties.was_stopped();
        (stopped.stale, stopped.early) = (None, None);
        self.terms.resumes(server);
        self.calls.were_stopped(&self.servers[server].open);
    }

    /// From now on a server's saves take long, or no longer. Where each message is handled and saved before the next, what has arrived
    /// waits: a leader may send for long what was confirmed to it, and has not heard of that yet.
    pub(crate) fn disk_changes(&mut self, server: ServerId, is_slow: bool) {
        let changed = &mut self.servers[server];
        (changed.is_slow, changed.stale) = (is_slow, None);
        self.terms.resumes(server);
    }

    /// An answer came to a request that was forgotten, or in a term that was: what can be committed is not known any
    /// more.
    pub(crate) fn lose_track(&mut self) {
        self.committable = Index::MAX;
        self.servers.iter_mut().for_each(|server| server.commit_max = Index::MAX);
    }

    /// A request was sent. If it does not `count`, nobody can hear it, and its sender may be one that was deleted.
    /// Returns whether it is the first that is heard of its term's leader.
    pub(crate) fn enter_request(
        &mut self,
        envelope: Envelope,
        request: &Request,
        life: Option<Life>,
        sending: Sending,
        line: Line,
    ) -> bool {
        let (counts, accepted) = (sending.counts, self.accepted);
        let (term, last) = (request.term(), request.last());
        let server = &mut self.servers[envelope.caller];
        let mut is_odd = server.send(life, term, sending, line);
        server.reach.extend(last);
        if let Request::Vote { .. } = request {
            server.has_stood(term);
            server.duties.stands(envelope.at, term);
        }
        // A candidate that nobody hears may stand for any number of terms, and must not push out the others.
        if !counts && !request.is_of_a_leader() {
            server.unanswered.send(sending.content, is_odd);
            return false;
        }
        let Some(record) = self.terms.get_or_insert(term) else { return false };
        // A leader's message tells that it leads and to whom it sends, even if it gets nowhere.
        let is_new_leader = request.is_of_a_leader() && record.leader.is_none();
        if request.is_of_a_leader() {
            record.leads(envelope.caller, life, line);
            if record.leader_id() == Some(envelope.caller) {
                is_odd |= record.pace.sent(envelope, request, sending, line);
                if let Request::Append { commit, .. } = request {
                    server.duties.knows_commit(envelope.at, (*commit).min(accepted), line);
                }
            }
        }
        server.unanswered.send(sending.content, is_odd);
        // Its sender may have been deleted, after its storage was copied: what is in the message binds no
        // later incarnation.
        if !counts {
            return is_new_leader;
        }
        // A candidate votes for itself (§5.2), and only a candidate becomes a leader.
        record.vote(envelope.caller, envelope.caller, line);
        match request {
            Request::Vote { .. } => {
                record.asks(envelope.caller, last, line);
                server.stands(envelope.at, term, line);
            }
            Request::Snapshot { .. } => {
                record.sends(last, &[]);
                // A snapshot holds nothing but committed entries, and a rule has just agreed that these can
                // be.
                self.committed.insert(last, term);
            }
            Request::Append { prev, entries, commit, .. } => {
                record.sends(*prev, entries);
                self.entries.insert(*prev, entries);
                // It was in the log when the message was built. If a later leader has sent something since, that may
                // have been handled before this was sent.
                if server.is_led_by_none_after(term) {
                    server.holds(last, term, line);
                }
                if *commit > record.commit {
                    self.enter_commit(envelope.caller, term, *commit, line);
                }
            }
        }
        is_new_leader
    }

    /// The leader of `term` says that everything up to `commit` is committed.
    fn enter_commit(&mut self, leader: ServerId, term: Term, commit: Index, line: Line) {
        let Some(record) = self.terms.get_mut(term) else { return };
        let known = std::mem::replace(&mut record.commit, commit);
        // Without the leader it would be no majority: the leader has counted itself, and so has saved the entry.
        let others = record.stored_on(commit).filter(|&server| server != leader);
        if !self.quorum.agree(others)
            && let Some(of) = record.term_at(commit)
        {
            self.servers[leader].stores(Position { index: commit, term: of }, term, line);
        }
        // As far as the leader's log was sent. Above that nobody knows which entries this commits.
        for index in known + 1..(commit + 1).min(record.log_end()) {
            if let Some(of) = record.term_at(index) {
                self.committed.insert(Position { index, term: of }, term);
            }
        }
    }

    /// Whether a server may answer a request for a vote as if it had not seen its term.
    fn may_ignore(&self, callee: ServerId, request: &Request, delivery: &Delivery) -> bool {
        let server = &self.servers[callee];
        // Who has just heard from a leader, or leads, may disregard the request with its term (thesis
        // §4.2.3). An answer in the old term is then no step back.
        let leads = |floor: Term| {
            floor > 0 && self.terms.get(floor).is_none_or(|record| record.leader_id() == Some(callee))
        };
        // It may have led when it handled the request, and have heard of a later term by another message before the answer left.
        let has_led = leads(delivery.floor) || leads(server.floor.term);
        !request.is_of_a_leader() && (server.may_ignore_candidates(delivery.at) || has_led)
    }

    /// A request is about to be handled by that incarnation of a server. Returns what the answer must agree with.
    pub(crate) fn enter_delivery(
        &mut self,
        envelope: Envelope,
        request: &Request,
        incarnation: u64,
        life: Option<Life>,
    ) -> Delivery {
        let server = &mut self.servers[envelope.callee];
        server.serves_as(incarnation, life);
        // What may make the server forget entries does so as soon as it may have been handled, but for its own answer.
        let stored = server.last_certain().map(|stored| stored.position);
        let commit_max = server.commit_max;
        // An older one is refused and changes nothing. If it is accepted all the same, `older_terms` says so.
        if request.term() >= server.floor.term {
            if request.is_of_a_leader() {
                server.is_led(envelope.at);
            }
            self.enter_contents(envelope.callee, request);
        }
        let server = &self.servers[envelope.callee];
        Delivery {
            at: envelope.at,
            caller: envelope.caller,
            was_stopped: false,
            incarnation,
            floor: server.floor.term,
            stored,
            commit_max,
            // Counted after the contents were entered: a cut that this request brings does not excuse its own
            // answer, a later one does.
            cuts: server.cuts,
            is_mixed: self.calls.overlap(&server.open, request.term()),
        }
    }

    /// What a request can give to a server, and take from it, if it is accepted.
    fn enter_contents(&mut self, callee: ServerId, request: &Request) {
        let server = &mut self.servers[callee];
        if request.is_of_a_leader() {
            server.reach.extend(request.last());
        }
        match request {
            Request::Vote { .. } => {}
            Request::Append { term, prev, entries, commit } => {
                server.may_know(*term, request.last().index, *commit);
                // A leader's messages never contradict each other, so one that is late and short removes
                // nothing that was acknowledged to the same leader. One of a later leader may.
                server.cut(|stored| match *term > stored.leader_term {
                    true => self.entries.kept(stored.position, *prev, entries),
                    false => None, // the same leader, or one that is refused
                });
                self.entries.deliver(callee, *prev, entries);
            }
            Request::Snapshot { term, last, piece } => {
                if let &Some(piece) = piece {
                    server.transfers.deliver(*term, *last, piece);
                    // Nothing is installed before the last byte is there.
                    if !server.transfers.may_be_whole(*term, *last, piece) {
                        return;
                    }
                }
                server.may_know(*term, last.index, last.index);
                server.snapshot = server.snapshot.max(last.index);
                // What follows a snapshot's last entry is kept if that entry is there, and else nothing is
                // (Fig. 13, receiver 6 and 7).
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
        envelope: Envelope,
        request: &Request,
        delivery: &Delivery,
        reply: Reply,
        line: Line,
    ) {
        // Who says yes has not ignored the request, even if its reply bears the term that it was in before.
        let is_ignored = !reply.is_yes()
            && reply.term() < request.term()
            && self.may_ignore(envelope.callee, request, delivery);
        let (accepted, highest) = (self.accepted, self.highest_term);
        let server = &mut self.servers[envelope.callee];
        server.answered_at = envelope.at;
        if let Some(term) = server.is_moved(delivery.at, reply.term(), highest) {
            server.moved.push((term, line));
        }
        // Who answers a request has seen its term, and is in it or in a later one (Fig. 2, All servers 2).
        server.raise_floor(reply.term(), line);
        if !is_ignored {
            server.raise_floor(request.term(), line);
        }
        match (request, reply) {
            (Request::Vote { term, .. }, Reply::Vote { granted: true, .. }) => {
                // As of the delivery, the earliest moment at which the timer can have been reset: whoever
                // stands later than an election timeout after that is in the right, however long the answer
                // took.
                server.resets_timer(delivery.at, *term, line);
                server.duties.grants();
                if let Some(record) = self.terms.get_or_insert(*term) {
                    record.vote(envelope.callee, envelope.caller, line);
                    let voters = record.votes_for(envelope.caller).map(|(voter, _)| voter);
                    if self.quorum.agree(voters.chain([envelope.caller])) {
                        self.servers[envelope.caller].reach.may_lead(*term);
                    }
                }
            }
            (Request::Vote { term, last }, Reply::Vote { term: answered, granted: false }) => {
                // The reasons to refuse that do not show otherwise: it was in this term already and may have
                // voted, another request was handled at the same time and may have got the vote, it may have
                // an entry that the candidate lacks, or it has just heard from a leader, or started.
                let is_new = answered == *term && delivery.floor < *term && !delivery.is_mixed;
                if is_new && server.reach.is_covered_by(*last) && !server.may_withhold_votes(delivery.at) {
                    server.duties.refuses(*term, line);
                }
            }
            (Request::Append { term, commit, .. }, Reply::Append { success: true, matched, .. }) => {
                server.resets_timer(delivery.at, *term, line);
                let last = request.last().index;
                let matched = matched.unwrap_or(last).min(last);
                // As of the answer: by then it certainly knows.
                server.duties.knows_commit(envelope.at, (*commit).min(matched).min(accepted), line);
                if matched == last {
                    self.enter_stored(envelope.callee, request, delivery, line);
                }
                // A leader that does not look at it counts all.
                self.enter_acknowledged(envelope.callee, request);
            }
            // The reply has no success: a higher term is how it refuses (Fig. 13, receiver 1).
            (&Request::Snapshot { term, last, piece }, Reply::Snapshot { term: answered, has_taken })
                if answered <= term =>
            {
                let is_whole = piece.is_none_or(|piece| server.transfers.may_be_whole(term, last, piece));
                if !is_whole || has_taken == Some(false) {
                    return;
                }
                // Where nobody can say no, what looks like a yes may be none. MIT's lab of 2021 gives the snapshot to the service,
                // answers, and takes it when the service agrees, or never. That harms nobody: what it covers is committed without
                // this server, and the leader hears of it with the next AppendEntries. The leader may take it for a yes.
                if has_taken == Some(true) && piece.is_none_or(|piece| piece.is_last) {
                    self.enter_stored(envelope.callee, request, delivery, line);
                }
                self.enter_acknowledged(envelope.callee, request);
            }
            _ => {}
        }
    }

    /// A server has confirmed that it stores what a leader sent.
    fn enter_stored(&mut self, callee: ServerId, request: &Request, delivery: &Delivery, line: Line) {
        let server = &mut self.servers[callee];
        // What another message may have cut meanwhile is not certainly stored. The leader may count it all the same.
        if !delivery.is_mixed && server.cuts == delivery.cuts {
            server.stores(request.last(), request.term(), line);
        }
    }

    /// A leader may count what it sent as stored by a server.
    fn enter_acknowledged(&mut self, callee: ServerId, request: &Request) {
        let (term, last) = (request.term(), request.last());
        if !self.terms.is_kept(term) {
            // Nobody knows what this acknowledgement, to the leader of a forgotten term, commits.
            return self.lose_track();
        }
        let Some(record) = self.terms.get_mut(term) else { return };
        if last.index <= record.acked[callee] {
            return; // nothing new
        }
        record.acked[callee] = last.index;
        let Some(leader) = record.leader_id() else { return };
        let known = self.committable.min(self.servers[leader].commit_max);
        let index = record.committable_after(known, &self.quorum);
        self.committable = self.committable.max(index);
        self.servers[leader].commit_max = self.servers[leader].commit_max.max(index);
    }

    /// A reply has reached the caller.
    pub(crate) fn enter_heard(
        &mut self,
        envelope: Envelope,
        request: &Request,
        reply: Reply,
        life: Option<Life>,
    ) {
        let caller = &mut self.servers[envelope.caller];
        caller.hears(life, reply.term(), || envelope.reply(reply));
        caller.is_answered(life, &Content::of(envelope.callee, request));
        // A reply of a later term ends the leader's term, and says nothing of the follower's log.
        if reply.term() == request.term()
            && let Some(record) = self.terms.get_mut(request.term())
        {
            record.pace.heard(envelope, request, reply);
        }
    }
}
