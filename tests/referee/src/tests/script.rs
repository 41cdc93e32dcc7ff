//! Scripts of facts: every step is a message, and the first violation is remembered with its step.

use std::collections::BTreeMap;
use std::time::Duration;

use labrpc::sim::{NodeHandle, NodeId, Sim};
use raft_interface::{Change, Configuration, Index, ServerId, Term};

use crate::fact::{Envelope, Life};
use crate::judge::Judge;
use crate::ledger::{Call, Duties};
use crate::message::{Entry, Position, Reply, Request};
use crate::notice::Notice;
use crate::violation::Violation;

/// Before the first entry.
pub(super) const EMPTY: Position = Position { index: 0, term: 0 };

/// Servers, their messages, and the judge.
pub(super) struct Script {
    judge: Judge,
    at: Duration,
    calls: u64,
    ends: BTreeMap<u64, (ServerId, ServerId)>,
    /// How often each server was started.
    starts: Vec<usize>,
    nodes: Vec<NodeId>,
    /// The first violation. The step that made it must be the last one.
    violation: Option<Box<Violation>>,
}

pub(super) fn at(index: Index, term: Term) -> Position {
    Position { index, term }
}

impl Script {
    pub(super) fn new(servers: usize) -> Self {
        let nodes = Sim::new(1).run(|| ["a", "b", "c"].map(|name| NodeHandle::new(name).id()));
        let (nodes, _) = nodes.unwrap_or_else(|failure| panic!("{failure:?}"));
        Self {
            judge: Judge::new(servers),
            at: Duration::ZERO,
            calls: 0,
            ends: BTreeMap::new(),
            starts: vec![0; servers],
            nodes: nodes.into(),
            violation: None,
        }
    }

    /// A millisecond later something happens to a call.
    fn step(&mut self, call: u64) -> Envelope {
        self.tick();
        let (caller, callee) = self.ends[&call];
        Envelope { at: self.at, call, caller, callee }
    }

    fn tick(&mut self) {
        assert!(self.violation.is_none(), "a step after the violation: {:#?}", self.violation);
        self.at += Duration::from_millis(1);
    }

    fn keep_violation(&mut self, notice: Option<Notice>) {
        if let Some(Notice::Violation(violation)) = notice {
            self.violation = Some(violation);
        }
    }

    fn life(&self, server: ServerId) -> Option<Life> {
        Some(Life::Node(self.nodes[self.starts[server]]))
    }

    fn incarnation(&self, server: ServerId) -> u64 {
        self.starts[server] as u64 + 1
    }

    /// Time passes.
    pub(super) fn wait(&mut self, millis: u64) {
        self.at += Duration::from_millis(millis);
    }

    /// A server starts again.
    pub(super) fn restart(&mut self, server: ServerId) {
        self.starts[server] += 1;
        let life = Life::Node(self.nodes[self.starts[server]]);
        let before = Life::Node(self.nodes[self.starts[server] - 1]);
        let server = &mut self.judge.ledger.servers[server];
        // Scripts do not say when servers start for the first time.
        server.starts(before, Duration::ZERO);
        server.starts(life, self.at);
        server.duties = Duties::new(Some(0));
    }

    /// The harness tells everything, and time is virtual.
    pub(super) fn all_is_told(mut self) -> Self {
        let ledger = &mut self.judge.ledger;
        (ledger.has_told_calls, ledger.has_services, ledger.has_exact_time) = (true, true, true);
        self
    }

    /// This configuration is in force at first.
    pub(super) fn begins_with(mut self, configuration: Configuration) -> Self {
        self.judge.ledger.begin_with(configuration);
        self
    }

    /// Somebody asks for a change.
    pub(super) fn may_change(&mut self, change: Change) {
        self.judge.ledger.may_change(change);
    }

    /// A server that was stopped goes on.
    pub(super) fn resume(&mut self, server: ServerId) {
        self.judge.ledger.resumes(server);
    }

    /// A server's saves take long from now on, or no longer.
    pub(super) fn slow_disk(&mut self, server: ServerId, is_slow: bool) {
        self.judge.ledger.disk_changes(server, is_slow);
    }

    /// A request is sent. Returns its call.
    pub(super) fn send(&mut self, caller: ServerId, callee: ServerId, request: Request) -> u64 {
        self.send_if(true, caller, callee, request)
    }

    /// A request is sent by a server that is disconnected.
    pub(super) fn send_to_nobody(&mut self, caller: ServerId, callee: ServerId, request: Request) {
        self.send_if(false, caller, callee, request);
    }

    fn send_if(&mut self, counts: bool, caller: ServerId, callee: ServerId, request: Request) -> u64 {
        self.calls += 1;
        self.ends.insert(self.calls, (caller, callee));
        let (envelope, life) = (self.step(self.calls), self.life(caller));
        let notice = self.judge.sends(envelope, request, life, counts);
        self.keep_violation(notice);
        envelope.call
    }

    /// It is about to be handled.
    pub(super) fn deliver(&mut self, call: u64) {
        let envelope = self.step(call);
        let notice =
            self.judge.delivers(envelope, self.incarnation(envelope.callee), self.life(envelope.callee));
        self.keep_violation(notice);
    }

    /// A request is about to be handled that was not seen when it was sent, by a server that is gone.
    pub(super) fn deliver_late(&mut self, caller: ServerId, callee: ServerId, request: Request) -> u64 {
        self.calls += 1;
        self.ends.insert(self.calls, (caller, callee));
        self.judge.learns(self.calls, request);
        self.deliver(self.calls);
        self.calls
    }

    /// The handler returns.
    pub(super) fn answer(&mut self, call: u64, reply: Reply) {
        let envelope = self.step(call);
        assert!(self.judge.ledger.calls.get(call).is_some_and(Call::is_open), "a delivered request");
        let notice = self.judge.answers(envelope, Some(reply), self.incarnation(envelope.callee));
        self.keep_violation(notice);
    }

    /// The handler of a call returns, of which nothing may be known any more.
    pub(super) fn answer_if_forgotten(&mut self, call: u64, reply: Reply) {
        assert!(!self.judge.knows(call), "the call is known");
        let envelope = self.step(call);
        let notice = self.judge.answers(envelope, Some(reply), self.incarnation(envelope.callee));
        self.keep_violation(notice);
    }

    /// The reply reaches the caller.
    pub(super) fn hear(&mut self, call: u64, reply: Reply) {
        let envelope = self.step(call);
        assert!(self.judge.knows(call), "a call that has not ended");
        self.judge.hears(envelope, Some(reply), self.life(envelope.caller));
    }

    /// A command is given to a server, and the call does not return.
    pub(super) fn begin_start(&mut self) {
        self.judge.ledger.open_starts += 1;
    }

    /// A leader puts a command into its log.
    pub(super) fn accept(&mut self, server: ServerId, index: Index, term: Term) {
        let before = self.judge.ledger.log_end(server);
        self.judge.ledger.accepts(server, at(index, term), before);
    }

    /// The service of a server takes a snapshot.
    pub(super) fn trim(&mut self, server: ServerId, index: Index) {
        self.judge.ledger.has_told_calls = true;
        self.judge.ledger.servers[server].trims(index);
    }

    pub(super) fn apply(&mut self, server: ServerId, index: Index, term: Term) {
        self.tick();
        let notice = self.judge.applies(self.at, server, index, term);
        self.keep_violation(notice);
    }

    /// A leader that gives up its office tells a server to stand.
    pub(super) fn tell_to_stand(&mut self, server: ServerId) {
        self.tick();
        self.judge.ledger.servers[server].is_told_to_stand(self.at);
    }

    /// Asks whether it would have the vote in that term, and gets a yes.
    pub(super) fn pre_vote(&mut self, candidate: ServerId, voter: ServerId, term: Term) {
        self.answered_pre_vote(candidate, voter, term, Reply::Vote { term: term - 1, granted: true });
    }

    /// The same, with that answer.
    pub(super) fn answered_pre_vote(
        &mut self,
        candidate: ServerId,
        voter: ServerId,
        term: Term,
        reply: Reply,
    ) {
        self.calls += 1;
        self.ends.insert(self.calls, (candidate, voter));
        self.judge.asks_pre_vote(self.calls, term);
        let envelope = self.step(self.calls);
        assert_eq!(self.judge.asked_pre_vote(envelope.call), Some(term));
        self.judge.answers_pre_vote(envelope, term, Some(reply));
    }

    /// Sends and delivers.
    pub(super) fn request(&mut self, caller: ServerId, callee: ServerId, request: Request) -> u64 {
        let call = self.send(caller, callee, request);
        if self.violation.is_none() {
            self.deliver(call);
        }
        call
    }

    /// Asks for a vote; `last` is the end of the candidate's log.
    pub(super) fn ask(&mut self, candidate: ServerId, voter: ServerId, term: Term, last: Position) -> u64 {
        self.request(candidate, voter, Request::Vote { term, last })
    }

    /// Asks for a vote and gets it.
    pub(super) fn vote(&mut self, candidate: ServerId, voter: ServerId, term: Term, last: Position) {
        let call = self.ask(candidate, voter, term, last);
        self.answer(call, Reply::Vote { term, granted: true });
    }

    /// Elects a leader with the votes of these servers.
    pub(super) fn elect(&mut self, leader: ServerId, term: Term, last: Position, voters: &[ServerId]) {
        self.wait(300);
        for &voter in voters {
            self.vote(leader, voter, term, last);
        }
    }

    /// Sends entries of these terms after `prev`.
    pub(super) fn append(
        &mut self,
        leader: ServerId,
        follower: ServerId,
        term: Term,
        prev: Position,
        entries: &[Term],
        commit: Index,
    ) -> u64 {
        self.request(leader, follower, appending(term, prev, entries, commit))
    }

    /// The same, acknowledged.
    pub(super) fn replicate(
        &mut self,
        leader: ServerId,
        follower: ServerId,
        term: Term,
        prev: Position,
        entries: &[Term],
        commit: Index,
    ) {
        let call = self.append(leader, follower, term, prev, entries, commit);
        self.succeed(call, term);
    }

    pub(super) fn succeed(&mut self, call: u64, term: Term) {
        self.answer(call, Reply::Append { term, success: true, conflict: None, matched: None });
    }

    /// Success, which reaches the leader.
    pub(super) fn confirm(&mut self, call: u64, term: Term) {
        self.succeed(call, term);
        self.hear(call, Reply::Append { term, success: true, conflict: None, matched: None });
    }

    /// A server is gone, and its threads live on.
    pub(super) fn stop(&mut self, server: ServerId) {
        self.judge.ledger.servers[server].stops();
    }

    /// Servers send each other a message that is none of the paper's.
    pub(super) fn other_method(&mut self, may_bring_entries: bool) {
        self.judge.sees_other_method("Raft.Other", may_bring_entries);
    }

    pub(super) fn reject(&mut self, call: u64, term: Term, conflict: Index) {
        self.answer(call, Reply::Append { term, success: false, conflict: Some(conflict), matched: None });
    }

    pub(super) fn is_broken(&self) -> bool {
        self.violation.is_some()
    }

    /// Nothing was broken.
    pub(super) fn keeps_the_rules(self) {
        assert!(self.violation.is_none(), "a false accusation: {:#?}", self.violation);
    }

    /// The last step broke this rule. Returns the headline.
    #[track_caller]
    pub(super) fn breaks(self, title: &str) -> String {
        let violation = self.violation.expect("a violation");
        assert!(violation.rule.is_some_and(|rule| rule.contains(title)), "another rule: {violation:#?}");
        let at = format!("{:.6} s", violation.at.as_secs_f64());
        assert!(
            violation.proof.last().is_some_and(|line| line.trim_start().starts_with(&at)),
            "the last line breaks the rule: {violation:#?}"
        );
        violation.headline
    }
}

/// A snapshot as a whole, and the reply of a server that has nothing to add to Figure 13.
pub(super) fn snapshot(term: Term, last: Position) -> Request {
    Request::Snapshot { term, last, piece: None }
}
pub(super) const INSTALLED: Reply = Reply::Snapshot { term: 1, has_taken: None };

/// Entries of the same index and term are equal.
pub(super) fn appending(term: Term, prev: Position, entries: &[Term], commit: Index) -> Request {
    let entry = |(index, &term): (Index, &Term)| Entry { term, digest: index << 8 | term };
    let entries = (prev.index + 1..).zip(entries).map(entry).collect();
    Request::Append { term, prev, entries, commit }
}
