//! A scripted peer: what it sends, in the words of the test.

use std::time::Duration;

use labrpc::network::{Server, Service};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::wire::Value;
use raft_interface::{Index, ServerId, Term};

use super::bench::{Bench, SERVER};
use super::follower::Follower;
use super::kinds::of_unknown_kind;
use super::message::{Asking, Entry, Hint, Piece, Reply, Request, command, snapshot};
use super::replies::{can_refuse_pieces, unknown_hint};
use super::slot::{PreVotes, no_method};
use super::state::{Behaviour, SentRequest};
use crate::record::Role;

/// A scripted peer of the server.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    pub(super) bench: &'a Bench,
    /// Its number, from 1: the server is 0.
    pub id: ServerId,
}

/// A RequestVote that is about to be sent. Its candidate's log is empty unless the test says otherwise.
#[derive(Debug)]
#[must_use = "send it, or say what is expected"]
pub struct VoteRequest<'a> {
    pub(super) peer: Peer<'a>,
    term: Term,
    last: (Index, Term),
    asking: Asking,
}

/// An AppendEntries that is about to be sent: a heartbeat of a leader with an empty log unless the test says otherwise.
#[derive(Debug)]
#[must_use = "send it, or say what is expected"]
pub struct Append<'a> {
    pub(super) peer: Peer<'a>,
    term: Term,
    prev: (Index, Term),
    entries: Vec<Entry>,
    commit: Index,
}

/// What the server answered to an AppendEntries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The server's current term.
    pub term: Term,
    /// Whether it had the entry before the new ones, and now has these.
    pub success: bool,
    /// Where it says that a leader may go on, after a refusal.
    pub hint: Option<Hint>,
}

impl Bench {
    /// The scripted peers get the methods that the server has: it is what its like calls.
    pub(super) fn add_peers(&self) {
        let methods = self.0.slot.lock().methods.clone();
        for peer in self.peers() {
            let mut service = Service::new(&methods.service);
            for name in &methods.names {
                let inner = Arc::clone(&self.0);
                let (full_name, to) = (format!("{}.{name}", methods.service), peer.id);
                service = service.plain_method(name, move |value| inner.receive(to, &full_name, &value));
            }
            let node = NodeHandle::new(self.0.lab.node_name(peer.id));
            self.0.network.add_server(peer.id as u32, Server::new(&node).service(service));
        }
    }

    /// All scripted peers, S1 first.
    pub fn peers(&self) -> Vec<Peer<'_>> {
        (1..self.0.size).map(|id| Peer { bench: self, id }).collect()
    }

    /// The scripted peer of that number, from 1.
    ///
    /// # Panics
    ///
    /// If there is no such peer.
    pub fn peer(&self, id: ServerId) -> Peer<'_> {
        assert!((1..self.0.size).contains(&id), "there is no peer S{id}");
        Peer { bench: self, id }
    }
}

impl<'a> Peer<'a> {
    /// Asks for a vote as a candidate of `term`.
    pub fn asks_vote(self, term: Term) -> VoteRequest<'a> {
        VoteRequest { peer: self, term, last: (0, 0), asking: Asking::Vote }
    }

    /// Asks whether it would have the vote if it stood in `term`.
    pub fn asks_pre_vote(self, term: Term) -> VoteRequest<'a> {
        VoteRequest { asking: Asking::PreVote, ..self.asks_vote(term) }
    }

    /// Asks for a vote as a candidate of `term` by order of the leader.
    pub fn asks_vote_for_transfer(self, term: Term) -> VoteRequest<'a> {
        VoteRequest { asking: Asking::VoteForTransfer, ..self.asks_vote(term) }
    }

    /// Tells the server, as the leader of `term`, to stand for election at once. Returns its term, unless there is no reply.
    pub fn tells_to_stand(self, term: Term) -> Option<Term> {
        self.sends(&Request::TimeoutNow { term }).map(Reply::term)
    }

    /// Sends entries, or none, as the leader of `term`.
    pub fn appends(self, term: Term) -> Append<'a> {
        Append { peer: self, term, prev: (0, 0), entries: Vec::new(), commit: 0 }
    }

    /// Sends a snapshot up to an entry of this index and term, as the leader of `term`. Returns the server's term, unless there
    /// is no reply.
    pub fn installs(self, term: Term, included: (Index, Term)) -> Option<Term> {
        let (last_included_index, last_included_term) = included;
        let data = snapshot(last_included_index);
        let piece = Piece::WHOLE;
        let request = Request::Install { term, last_included_index, last_included_term, piece, data };
        self.sends(&request).map(Reply::term)
    }

    /// Sends a request and waits for the reply.
    pub(super) fn sends(self, request: &Request) -> Option<Reply> {
        let inner = &self.bench.0;
        let lab = &inner.lab;
        match request {
            Request::Install { piece, .. } if piece.is_whole() => self.bench.needs_snapshots(),
            Request::Install { .. } => self.bench.needs_pieces(),
            Request::Vote { asking: Asking::PreVote, .. } => self.bench.needs_pre_votes(),
            _ => {}
        }
        let method = self.method_for(request);
        let envelope = inner.envelope();
        let reply = self.call(&method, &request.write(&inner.names, &envelope, self.id));
        let reply = reply.unwrap_or_else(|why| lab.skip(&why));
        lab.check();
        let Some(value) = reply else {
            inner.note(format!("S{} -> S{SERVER}: {request}: no reply", self.id));
            return None;
        };
        if matches!(request, Request::Append { .. }) {
            inner.state.lock().unknown_hint = unknown_hint(&inner.names, &envelope, &value);
        }
        if request.is_install() {
            inner.state.lock().can_refuse_pieces = Some(can_refuse_pieces(&inner.names, &value));
        }
        let Some(reply) = Reply::read(&inner.names, request, &value) else {
            inner.skip_unreadable_reply(&method, &value);
        };
        if reply.tells_own_term(request) {
            lab.record().note_told(SERVER, reply.term());
            lab.record().note_sent(SERVER, reply.term(), Role::Follower);
        }
        if request.is_of_a_leader() && reply.term() == request.term() {
            lab.record().note_answer(SERVER, reply.term());
        }
        inner.note(format!("S{} -> S{SERVER}: {request}: {reply}", self.id));
        if request.is_of_a_leader() && reply.term() == request.term() {
            inner.state.lock().led_at = Some(lab.now());
        }
        Some(reply)
    }

    /// The server's method for such a request. Skips the test if it has none.
    fn method_for(self, request: &Request) -> String {
        let inner = &self.bench.0;
        let has_method = inner.slot.lock().methods.pre_votes == Some(PreVotes::Method);
        let names = match request {
            Request::Vote { asking: Asking::PreVote, .. } if has_method => &inner.names.request_pre_vote,
            _ => request.method(&inner.names),
        };
        let method = inner.slot.lock().methods.full_name(names);
        method.unwrap_or_else(|| inner.lab.skip(&no_method(names)))
    }

    /// Calls a method of the server and waits for the reply.
    pub(super) fn call(self, method: &str, args: &Value) -> Result<Option<Value>, String> {
        self.bench.needs_nothing_made_up(method, args);
        let network = &self.bench.0.network;
        // An end for each request: one that gets no reply holds up none that follows.
        let end = network.make_connected_end(self.id as u32, SERVER as u32);
        let reply = end.call_plain(method, args);
        network.delete_end(&end);
        reply
    }

    // ----- answers -----

    /// Does not answer from now on.
    pub fn is_silent(self) {
        self.set(Behaviour::Silent);
    }

    /// Answers when the test does, from now on.
    pub fn waits(self) {
        self.set(Behaviour::Waits);
    }

    /// Votes for and follows whoever sends to it, from now on.
    pub fn follows(self) {
        self.set(Behaviour::Follows);
    }

    /// Votes for whoever asks, and answers no leader, from now on.
    pub fn votes_only(self) {
        self.set(Behaviour::VotesOnly);
    }

    /// Votes, and lags behind as a follower, from now on: entries do not fit, and those that would are still on their way.
    pub fn lags(self) {
        self.set(Behaviour::Lags);
    }

    /// The same, but an answer to a snapshot comes from the test.
    pub fn holds_snapshots(self) {
        self.set(Behaviour::HoldsSnapshots);
    }

    /// The same, but an answer to a snapshot never comes.
    pub fn loses_snapshots(self) {
        self.set(Behaviour::LosesSnapshots);
    }

    /// Says no to requests for votes that do not count, from now on. In the beginning each peer says yes.
    pub fn refuses_pre_votes(self) {
        self.refuses_pre_votes_in(0);
    }

    /// The same, for it is in this term already, and says so.
    pub fn refuses_pre_votes_in(self, term: Term) {
        self.bench.0.state.lock().refuses_pre_votes.insert(self.id, term);
    }

    /// Says yes to them again.
    pub fn grants_pre_votes(self) {
        self.bench.0.state.lock().refuses_pre_votes.remove(&self.id);
    }

    fn set(self, behaviour: Behaviour) {
        self.bench.0.state.lock().behaviours[self.id] = behaviour;
    }

    /// Gives the peer, as a follower, a log with entries of these terms.
    pub fn has_log(self, terms: &[Term]) {
        let log = (1..).zip(terms).map(|(index, &term)| Entry { term, command: command(index, term) });
        self.bench.0.state.lock().followers[self.id].log = log.collect();
    }

    /// Gives the peer an entry more, of this term, after those that it has as a follower: it has led since.
    pub fn appended(self, term: Term) {
        let mut state = self.bench.0.state.lock();
        let follower = &mut state.followers[self.id];
        let index = follower.last_index() + 1;
        follower.log.push(Entry { term, command: command(index, term) });
    }

    /// What the peer has become as a follower.
    pub fn follower(self) -> Follower {
        self.bench.0.state.lock().followers[self.id].clone()
    }

    /// The next request that the server sends to this peer and that is of interest.
    pub fn next_request(
        self,
        patience: Duration,
        is_wanted: impl Fn(&Request) -> bool + Copy,
    ) -> Option<SentRequest> {
        self.bench.wait_for(patience, |state| state.next(Some(self.id), is_wanted))
    }
}

impl VoteRequest<'_> {
    /// The candidate's last entry has this index and term.
    pub fn with_last(mut self, index: Index, term: Term) -> Self {
        self.last = (index, term);
        self
    }

    /// Sends it. Returns the server's term and whether it grants its vote, unless there is no reply.
    pub fn send(&self) -> Option<(Term, bool)> {
        let (last_log_index, last_log_term) = self.last;
        let request = Request::Vote { term: self.term, last_log_index, last_log_term, asking: self.asking };
        match self.peer.sends(&request)? {
            Reply::Vote { term, vote_granted } => {
                self.peer.bench.0.state.lock().has_voted |= vote_granted && self.asking != Asking::PreVote;
                Some((term, vote_granted))
            }
            _ => None,
        }
    }

    /// The same candidate asks again, in another term.
    pub(super) fn again_in(&self, term: Term) -> Self {
        Self { term, ..*self }
    }

    pub(super) fn describe(&self) -> String {
        let Self { peer, term, last, asking } = self;
        let what = if *asking == Asking::PreVote { "pre-vote" } else { "vote" };
        format!(
            "S{}'s request for a {what} in term {term}, with last entry {} of term {}",
            peer.id, last.0, last.1
        )
    }
}

impl Append<'_> {
    /// The entries follow this one.
    pub fn after(mut self, index: Index, term: Term) -> Self {
        self.prev = (index, term);
        self
    }

    /// Entries of these terms.
    pub fn entries(mut self, terms: &[Term]) -> Self {
        let first = self.prev.0 + 1;
        self.entries = (first..)
            .zip(terms)
            .map(|(index, &term)| Entry { term, command: command(index, term) })
            .collect();
        self
    }

    /// The leader's commit index.
    pub fn commit(mut self, index: Index) -> Self {
        self.commit = index;
        self
    }

    /// Sends it. `None` if there is no reply.
    pub fn send(&self) -> Option<Appended> {
        let Self { term, prev, entries, .. } = self;
        {
            // Before it is sent: the server may deliver an entry before its reply is here.
            let commands = &mut self.peer.bench.0.state.lock().commands;
            for (index, entry) in (prev.0 + 1..).zip(entries) {
                commands.insert((index, entry.term), entry.command.clone());
            }
        }
        let request = Request::Append {
            term: *term,
            prev: *prev,
            entries: entries.clone(),
            leader_commit: self.commit,
        };
        match self.peer.sends(&request)? {
            Reply::Append { term, success, hint } => Some(Appended { term, success, hint }),
            _ => None,
        }
    }

    /// Sends it with entries of a kind that nobody knows. Returns whether the server takes them. Skips the test if its entries
    /// do not say of which kind they are: that must have been seen before.
    pub fn is_taken_with_unknown_kind(&self) -> bool {
        let inner = &self.peer.bench.0;
        if !inner.state.lock().has_kinds {
            inner.lab.skip("entries do not say of which kind they are, in a field kind");
        }
        let Self { term, prev, entries, commit, .. } = self;
        let entries = entries.clone();
        let request = Request::Append { term: *term, prev: *prev, entries, leader_commit: *commit };
        let message =
            of_unknown_kind(&inner.names, request.write(&inner.names, &inner.envelope(), self.peer.id));
        let reply = self.peer.call(&self.peer.method_for(&request), &message);
        inner.lab.check();
        inner.note(format!("S{} -> S{SERVER}: {request}, of an unknown kind: {reply:?}", self.peer.id));
        // One that cannot be read is not taken.
        let reply = reply.ok().flatten().and_then(|value| Reply::read(&inner.names, &request, &value));
        matches!(reply, Some(Reply::Append { success: true, .. }))
    }

    pub(super) fn describe(&self) -> String {
        let Self { peer, term, prev, entries, .. } = self;
        format!(
            "S{}'s AppendEntries of term {term} with {} entries after entry {} of term {}",
            peer.id,
            entries.len(),
            prev.0,
            prev.1
        )
    }
}
