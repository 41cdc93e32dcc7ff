//! The judge: puts what happens to each call to the rules, and then into the ledger.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use crate::fact::{Delivery, Envelope, Fact, Life, Sending, What};
use crate::ledger::{Content, Ledger};
use crate::message::{Position, Reply, Request};
use crate::notice::Notice;
use crate::proof::{Line, proof};
use crate::rules::{Accusation, Case, On, RULES, Rule};
use crate::violation::Violation;

/// How many of the last messages are kept for a proof.
const LINES_KEPT: usize = 64;
/// How many requests for votes that do not count are kept. Whoever asks forgets them in a second.
const PRE_VOTES_KEPT: usize = 1024;
/// With fewer messages than this a proof has the requests of its replies as well.
const PROOF_MAX: usize = 6;
/// How many of the last messages stand for a proof where the rule names none.
const CONTEXT_MAX: usize = 4;

/// What is known, and the last messages.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) ledger: Ledger,
    lines: VecDeque<Line>,
    /// How often messages of other names were seen before the first of the paper's.
    other_methods: u32,
    /// The terms of the last requests for votes that do not count, by call.
    pre_votes: BTreeMap<u64, Term>,
    /// What services answer to, which stand above the Rafts.
    pub(crate) methods_of_services: BTreeSet<String>,
    /// The rules, by what they are about.
    rules: [Vec<&'static Rule>; On::ALL.len()],
}

impl Judge {
    pub(crate) fn new(servers: usize) -> Self {
        // Sorted once, so that a message costs only the rules that have something to say about it.
        let rules = On::ALL.map(|on| RULES.iter().copied().filter(|rule| rule.on.contains(&on)).collect());
        Self {
            ledger: Ledger::new(servers),
            lines: VecDeque::with_capacity(LINES_KEPT),
            other_methods: 0,
            pre_votes: BTreeMap::new(),
            methods_of_services: BTreeSet::new(),
            rules,
        }
    }

    /// A message of another name was seen. Returns how often that was so before the first of the paper's.
    pub(crate) fn sees_other_method(&mut self, method: &str, may_bring_entries: bool) -> u32 {
        self.ledger.has_other_methods = true;
        self.ledger.has_unknown_contents |= may_bring_entries;
        // A line is a message of the paper's. From the first one on this implementation can be judged.
        let counts = self.lines.is_empty() && !self.methods_of_services.contains(method);
        self.other_methods += u32::from(counts);
        self.other_methods
    }

    /// A server asks whether it would have a vote in that term.
    pub(crate) fn asks_pre_vote(&mut self, call: u64, term: Term) {
        self.pre_votes.insert(call, term);
        if self.pre_votes.len() > PRE_VOTES_KEPT {
            self.pre_votes.pop_first(); // calls are numbered in order
        }
    }

    /// In which term, if that is what a call asks.
    pub(crate) fn asked_pre_vote(&self, call: u64) -> Option<Term> {
        self.pre_votes.get(&call).copied()
    }

    /// The answer. It is kept what was asked, for the network may repeat the request.
    pub(crate) fn answers_pre_vote(&mut self, envelope: Envelope, term: Term, reply: Option<Reply>) {
        // A refusal tells the term of who refuses. With a yes some say the term that they were asked about.
        if let Some(Reply::Vote { term, granted: false }) = reply {
            self.ledger.highest_term = self.ledger.highest_term.max(term);
        }
        let highest = self.ledger.highest_term;
        self.ledger.servers[envelope.callee].answers_pre_vote(envelope.at, term, highest);
    }

    /// Whether the request of a call is known.
    pub(crate) fn knows(&self, call: u64) -> bool {
        self.ledger.calls.get(call).is_some()
    }

    /// This is the request of a call that is not known: it was forgotten, or has ended, or its sender was gone.
    pub(crate) fn learns(&mut self, call: u64, request: Request) {
        self.ledger.calls.add(call, request, None);
    }

    /// What was answered to a call, if that is certain.
    pub(crate) fn only_answer(&self, call: u64) -> Option<Reply> {
        self.ledger.calls.get(call)?.only_answer()
    }

    /// A request is sent. It `counts` if it can get to its server: then the sender is not one that was deleted, whose
    /// storage was copied before.
    pub(crate) fn sends(
        &mut self,
        envelope: Envelope,
        request: Request,
        life: Option<Life>,
        counts: bool,
    ) -> Option<Notice> {
        // Whoever sends it: a term that anybody has told may be anybody's.
        self.ledger.highest_term = self.ledger.highest_term.max(request.term());
        // Threads of a killed incarnation may run on until they see that they were killed. What they send was
        // theirs, not the new incarnation's.
        let sender = &self.ledger.servers[envelope.caller];
        if sender.is_gone(life) {
            return None;
        }
        let content = Content::of(envelope.callee, &request);
        let may_repeat = sender.may_repeat(life, &content);
        let sending = Sending { counts, content, may_repeat, is_slow: sender.is_slow };
        let on = if request.is_of_a_leader() { On::Leading } else { On::Asking };
        let fact = Fact { envelope, what: What::Sent { request: &request, life, sending } };
        // First the rules, then the ledger: a fact must not be evidence for or against itself.
        let violation = self.check(on, &fact);
        if violation.is_some() {
            return violation;
        }
        let line = fact.line();
        let leads = self.ledger.enter_request(envelope, &request, life, sending, line);
        self.keep(line);
        let term = request.term();
        // What cannot arrive will neither be delivered nor answered.
        if counts {
            self.ledger.calls.add(envelope.call, request, Some(envelope.at));
        }
        leads.then_some(Notice::Leads(envelope.caller, term))
    }

    /// A request is about to be handled, by that incarnation.
    pub(crate) fn delivers(
        &mut self,
        envelope: Envelope,
        incarnation: u64,
        life: Option<Life>,
    ) -> Option<Notice> {
        let request = &self.ledger.calls.get(envelope.call)?.request;
        let fact = Fact { envelope, what: What::Delivered { request, incarnation } };
        // A handler that never returns sends nothing that could be judged. It shows when the next request
        // comes.
        let violation = self.check(On::Delivered, &fact);
        if violation.is_some() {
            return violation;
        }
        let mut call = self.ledger.calls.take(envelope.call)?;
        let delivery = self.ledger.enter_delivery(envelope, &call.request, incarnation, life);
        if call.deliver(delivery) {
            self.ledger.servers[envelope.callee].opens(envelope.call);
        }
        self.ledger.calls.put(envelope.call, call);
        None
    }

    /// The handler has returned, at a server that is still there: so whatever the reply tells is what a restart begins
    /// with, if it was saved.
    pub(crate) fn answers(
        &mut self,
        envelope: Envelope,
        reply: Option<Reply>,
        incarnation: u64,
    ) -> Option<Notice> {
        let Some(mut call) = self.ledger.calls.take(envelope.call) else {
            self.ledger.highest_term = self.ledger.highest_term.max(reply.map_or(0, Reply::term));
            // The leader may count this acknowledgement, and for which index is forgotten.
            match reply {
                Some(Reply::Vote { granted: true, .. }) => self.ledger.has_lost_votes = true,
                Some(reply) if reply.is_to_a_leader() => self.ledger.lose_track(),
                _ => {}
            }
            return None;
        };
        let delivery = call.answer(incarnation);
        if !call.is_open() {
            self.ledger.servers[envelope.callee].closes(envelope.call);
        }
        let violation = match (delivery, reply) {
            (Some(delivery), Some(reply)) => {
                call.add_answer(reply);
                self.answers_with(envelope, &call.request, &delivery, reply)
            }
            _ => None,
        };
        self.ledger.calls.put(envelope.call, call);
        self.ledger.highest_term = self.ledger.highest_term.max(reply.map_or(0, Reply::term));
        violation
    }

    fn answers_with(
        &mut self,
        envelope: Envelope,
        request: &Request,
        delivery: &Delivery,
        reply: Reply,
    ) -> Option<Notice> {
        let fact = Fact { envelope, what: What::Answered { request, delivery, reply } };
        let violation = self.check(if reply.is_to_a_leader() { On::Acknowledged } else { On::Voted }, &fact);
        if violation.is_none() {
            let line = fact.line();
            self.ledger.enter_answer(envelope, request, delivery, reply, line);
            self.keep(line);
        }
        violation
    }

    /// The reply has reached the caller, which ends the call. A request that arrives once more is read again.
    pub(crate) fn hears(&mut self, envelope: Envelope, reply: Option<Reply>, life: Option<Life>) {
        let Some(call) = self.ledger.calls.take(envelope.call) else { return };
        // The answer was judged when it was given. That it arrives says only what its caller knows from now
        // on.
        if let Some(reply) = reply.filter(|_| call.is_prompt(envelope.at)) {
            self.ledger.enter_heard(envelope, &call.request, reply, life);
        }
        // The request was repeated, and one of its handlers is still at work: its answer must find the call.
        if call.is_open() {
            self.ledger.calls.put(envelope.call, call);
        } else {
            self.ledger.calls.end(envelope.call);
        }
    }

    /// A server delivered a committed entry to its service. That is kept for no proof: there are many, and they say
    /// little.
    pub(crate) fn applies(
        &mut self,
        at: Duration,
        server: ServerId,
        index: Index,
        term: Term,
    ) -> Option<Notice> {
        // What is counted in another way cannot be compared.
        if self.ledger.has_own_indexes {
            return None;
        }
        // What came in a message that cannot be read may be anything. Else nearly every entry is the one that was expected: two
        // look-ups, and no rule is asked. The first command may be delivered before the call that gave it has returned.
        let is_known = self.ledger.sees_all_contents() && !self.ledger.awaits_first_index();
        if is_known && !self.ledger.can_apply(server, Position { index, term }) {
            let envelope = Envelope { at, call: 0, caller: server, callee: server };
            let violation = self.check(On::Applied, &Fact { envelope, what: What::Applied { index, term } });
            if violation.is_some() {
                return violation;
            }
        }
        self.ledger.servers[server].duties.applies(at, index);
        None
    }

    /// Asks the rules. The first that says no names the violation.
    fn check(&self, on: On, fact: &Fact<'_>) -> Option<Notice> {
        // Looked up once, because most rules about what is sent want it.
        let record = match fact.what {
            What::Sent { request, .. } => self.ledger.terms.get(request.term()),
            _ => None,
        };
        let case = Case { ledger: &self.ledger, fact, record };
        let accusation = |rule: &&'static Rule| Some((*rule, (rule.check)(&case)?));
        let (rule, accusation) = self.rules[on as usize].iter().find_map(accusation)?;
        Some(Notice::Violation(Box::new(self.violation(rule, accusation, fact))))
    }

    fn keep(&mut self, line: Line) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// Puts the proof together: what the rule names and the call that broke it, each reply with its request. Where the rule names
    /// nothing, the last words of those concerned stand for it; else they would only hide it.
    fn violation(&self, rule: &Rule, accusation: Accusation, fact: &Fact<'_>) -> Violation {
        let breaks = fact.line();
        // Who answers decides what to answer when it has got the request.
        let asked = match fact.what {
            What::Answered { request, delivery, .. } => {
                Some(Envelope { at: delivery.at, ..fact.envelope }.request(request))
            }
            _ => None,
        };
        let mut named: Vec<Line> = accusation.proof.iter().copied().chain(asked).collect();
        if named.is_empty() {
            let concerns = |line: &&Line| {
                accusation.servers.contains(&line.from) || accusation.servers.contains(&line.to)
            };
            named.extend(self.lines.iter().rev().filter(concerns).take(CONTEXT_MAX));
        }
        let asked_for = |reply: &Line| {
            self.lines.iter().copied().find(|line| {
                line.call == reply.call && (line.from, line.to) == (reply.to, reply.from) && line.call != 0
            })
        };
        let requests: Vec<Line> = match named.len() {
            0..PROOF_MAX => {
                named.iter().filter(|line| line.content.is_reply()).filter_map(asked_for).collect()
            }
            // A long proof is one of votes, say: the requests would only make it longer.
            _ => Vec::new(),
        };
        let mut lines = proof(named.into_iter().chain(requests).map(Some));
        // Of a request that was delivered one line is enough: the one that its reply brings along.
        lines.retain(|line| {
            asked.is_none_or(|asked| line.call != asked.call || line.content.is_reply() || *line == asked)
        });
        lines.push(breaks);
        let mut violation = Violation::new(accusation.headline, accusation.expected, accusation.seen)
            .rule(rule.title)
            .hint(rule.hint)
            .servers(accusation.servers)
            .term(accusation.term);
        violation.entry = accusation.entry;
        violation.at = fact.envelope.at;
        violation.proof =
            lines.iter().map(|line| format!("{:>10.6} s  {line}", line.at.as_secs_f64())).collect();
        violation
    }
}
