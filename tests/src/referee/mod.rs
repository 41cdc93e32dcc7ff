//! The referee: watches the wire and knows Figure 2.
//!
//! It sees the messages of any implementation that uses the paper's names, and what the harness tells it of calls and
//! applied entries; no state, no log lines.
//! From them it knows what every server must have in its storage and what it cannot have, and it stops a test at the
//! message that breaks a rule, not when a scenario runs into a timeout ten seconds later.
//!
//! # How it works
//!
//! 1. Every event of a message on the network comes to [`Referee::observe`]. `reading` makes numbers of the message.
//! 2. Together with what is known of the call it becomes a fact (`fact`): a request was sent, or delivered; a reply was
//!    given, or has arrived; an entry was applied.
//! 3. Every [rule](RULES) is asked whether the fact agrees with what is certain so far (`ledger`).
//! 4. If all say yes, the fact is entered. If one says no, that is a [`Breach`]: the rule, the facts, and the messages
//!    that prove it.
//!
//! # When it is silent
//!
//! A rule speaks only if no correct server could have sent the message, whatever was lost, delayed, repeated or
//! overtaken, whoever crashed between saving and answering, however the threads of a server took turns. So:
//!
//! - A reply is judged by what was certain when its request was delivered, and counts only if its server was still
//!   there: the storage of a server that was deleted may have been copied before.
//! - A request may have been built long before it is sent. What it must not contradict is what was true even then.
//! - What a later message may have undone is not certain any more as soon as that message is delivered.
//!
//! An implementation whose messages cannot be read is told so once, and not judged.
//!
//! # The rules
//!
//! | file | rule | mistakes that it names |
//! |---|---|---|
//! | `terms` | the term never goes back | term lost in a restart, or set to a lower one |
//! | `older_terms` | requests of older terms are refused | no check of the term |
//! | `one_vote` | one vote per term | vote not checked, reset, or not saved in time |
//! | `up_to_date` | votes for up-to-date logs only | half of the comparison missing |
//! | `one_leader` | one leader per term | a role that outlives its term |
//! | `election` | a leader has a majority of votes | half as majority, replies counted twice |
//! | `log_matching` | an index and a term name one entry | wrong previous term, shared memory |
//! | `matching_entry` | success only after a matching entry | no check, or only of the index |
//! | `acknowledged_entries` | acknowledged entries stay | log cut for no reason, or not saved |
//! | `leader_completeness` | leaders have what was committed | all that break the election |
//! | `commit_index` | what a majority stores, of this term | Figure 8; matchIndex too high |
//! | `commit_growth` | a leader's commit index never goes back | computed anew, without a maximum |
//! | `snapshots` | only what is committed | a snapshot of another index than was asked for |
//! | `applied_entries` | the follower's commit index | the minimum missing |
//! | `stepped_down` | nothing in a term that is over | the term of a reply ignored |
//! | `timer` | no election without a timeout | timer not reset |
//! | `next_index` | back after a rejection, on after a success | nextIndex not moved |
//! | `heartbeats` | neither missing nor a storm | a loop that waits, or does not |
//! | `free_votes` | a free vote is granted | votedFor not reset, `>` for `>=` |
//! | `random_timeouts` | timeouts are random | a fixed timeout |
//! | `answers` | a server answers soon | a lock held during a call |
//! | `applying` | what is committed is applied | nobody woken |
//!
//! # What it leaves out
//!
//! Liveness in general: that something happens at all is for scenarios to ask. The last few rules look only at what a
//! server leaves undone for seconds of virtual time although it runs. Membership changes.

mod breach;
mod fact;
mod ledger;
mod reading;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::network::{Address, Direction, Happening, Message, MessageEvent, Observer};
use labrpc::sim;
use labrpc::sync::Arc;
use parking_lot::Mutex;
use raft_interface::{Index, ServerId, Term};

pub use breach::{Breach, Line, Position};
pub use reading::Names;
pub use rules::{RULES, Rule};

use fact::{Fact, Life, What};
use ledger::{Duties, Ledger};
use reading::{Kind, Unreadable};
use rules::On;

/// How many of the last messages are kept for a proof.
const LINES_KEPT: usize = 64;
/// How many messages of other names the servers may send each other before the first of the paper's.
const OTHERS_MAX: u32 = 200;
/// How many messages a breach shows at most.
const PROOF_MAX: usize = 6;

/// What the referee tells whoever attached it.
#[derive(Clone, Debug)]
pub enum Call {
    /// A server sends as the leader of a term, for the first time.
    Leads(ServerId, Term),
    /// A rule was broken. The last thing that the referee says.
    Breach(Box<Breach>),
    /// The messages cannot be read, and why. The referee says nothing more.
    StandsAside(String),
}

/// Who asks and who is asked.
type Parties = (ServerId, ServerId);
/// What is to be told of a message that can be read.
type Told = Result<Option<Call>, Unreadable>;

/// Watches the servers `0..servers` of one network.
pub struct Referee {
    names: Names,
    /// Nothing is judged any more.
    is_over: AtomicBool,
    judge: Mutex<Judge>,
    tell: Box<dyn Fn(&Call) + Send + Sync>,
}

impl Referee {
    /// A referee for so many servers, for implementations with these names. It calls `tell` in the thread in which
    /// something happened, without any lock.
    #[must_use]
    pub fn new(servers: usize, names: Names, tell: impl Fn(&Call) + Send + Sync + 'static) -> Self {
        // A cluster of one has no wire.
        let is_over = AtomicBool::new(servers < 2);
        let mut judge = Judge::new(servers);
        judge.ledger.has_exact_time = sim::is_active();
        Self { names, is_over, judge: Mutex::new(judge), tell: Box::new(tell) }
    }

    /// The servers confirm reads with messages that look like heartbeats (§8): many of them are no storm.
    #[must_use]
    pub fn with_reads(mut self) -> Self {
        self.judge.get_mut().ledger.has_reads = true;
        self
    }

    /// Every snapshot that a service takes will be [told](Self::takes_snapshot), and every command that a server
    /// [accepts](Self::accepts). Otherwise anything that may be committed may be in a snapshot, and any server that may
    /// lead may have entries that nobody has seen.
    #[must_use]
    pub fn with_told_calls(mut self) -> Self {
        self.judge.get_mut().ledger.is_told = true;
        self
    }

    /// The services take whatever is delivered at once, and every entry and snapshot will be told, to
    /// [`applied`](Self::applied) and [`installed`](Self::installed).
    #[must_use]
    pub fn with_services(mut self) -> Self {
        self.judge.get_mut().ledger.has_services = true;
        self
    }

    /// The service of a server is about to hand it a snapshot.
    pub fn takes_snapshot(&self, server: ServerId, index: Index) {
        self.judge.lock().ledger.servers[server].trims(index);
    }

    /// A server is about to start, for the first time or again; its service begins with the snapshot at `base`.
    pub fn starts(&self, server: ServerId, base: Index) {
        self.judge.lock().ledger.servers[server].duties = Duties::new(base);
    }

    /// A server has put a command into its log, as the leader of a term.
    pub fn accepts(&self, server: ServerId, index: Index, term: Term) {
        self.judge.lock().ledger.servers[server].reach.extend(Position { index, term });
    }

    /// A server that runs has delivered a snapshot to its service.
    pub fn installed(&self, at: Duration, server: ServerId, index: Index) {
        self.judge.lock().ledger.servers[server].duties.applies(at, index);
    }

    /// A server whose threads were stopped is about to go on.
    pub fn resumes(&self, server: ServerId) {
        self.judge.lock().ledger.resumes(server);
    }

    /// From now on the servers may do what they like: the test is over.
    pub fn dismiss(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// A server that runs has delivered a committed entry to its service.
    pub fn applied(&self, at: Duration, server: ServerId, index: Index, term: Term) {
        if !self.is_over.load(Ordering::Relaxed) {
            let what = What::Applied { index, term };
            let fact = Fact::new(at, 0, server, server, what);
            let call = self.judge.lock().judge(&fact);
            call.into_iter().for_each(|call| self.say(call));
        }
    }

    fn say(&self, call: Call) {
        match call {
            leads @ Call::Leads(..) => (self.tell)(&leads),
            last => self.say_at_last(&last),
        }
    }

    /// A message that is none of the paper's.
    fn observe_other(&self, event: &MessageEvent<'_>) {
        if ![event.message.from, event.message.to].into_iter().all(|address| server(address).is_some()) {
            return;
        }
        let mut judge = self.judge.lock();
        judge.ledger.has_other_methods = true;
        judge.others += u32::from(judge.lines.is_empty());
        if judge.others > OTHERS_MAX {
            drop(judge);
            let method = event.message.method;
            self.stand_aside(format!(
                "the servers send each other {method}, and nothing of the paper's names"
            ));
        }
    }

    fn stand_aside(&self, why: String) {
        self.say_at_last(&Call::StandsAside(why));
    }

    fn say_at_last(&self, call: &Call) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            (self.tell)(call);
        }
    }

    /// Makes a fact of what happened to a message, and judges it.
    ///
    /// # Errors
    ///
    /// Why the message cannot be read.
    fn consider(&self, kind: Kind, event: &MessageEvent<'_>) -> Told {
        let Some(parties) = parties(&event.message) else { return Ok(None) };
        match (event.message.direction, event.what) {
            (Direction::Request, Happening::Sent) => self.sent(kind, event, parties),
            (Direction::Request, Happening::Delivered) => self.delivered(kind, event, parties),
            (Direction::Reply, Happening::Sent) if event.incarnation != 0 => {
                self.answered(kind, event, parties)
            }
            (Direction::Reply, Happening::Delivered) => self.heard(kind, event, parties),
            _ => Ok(None),
        }
    }

    // A message is read before the judge is locked: its `Serialize` is user code.

    fn sent(&self, kind: Kind, event: &MessageEvent<'_>, parties: Parties) -> Told {
        if self.names.is_pre_vote(kind, &event.message) {
            return Ok(None);
        }
        let request = Arc::new(self.names.request(kind, &event.message)?);
        let (life, counts) = (Life::of_caller(), event.incarnation != 0);
        let mut judge = self.judge.lock();
        if judge.ledger.servers[parties.0].is_ghost(life) {
            return Ok(None);
        }
        if counts {
            judge.ledger.calls.add(event.message.call, Arc::clone(&request));
        }
        Ok(judge.decide(event, parties, What::Sent { request, life, counts }))
    }

    fn delivered(&self, kind: Kind, event: &MessageEvent<'_>, parties: Parties) -> Told {
        let MessageEvent { message, incarnation, .. } = *event;
        let mut judge = self.judge.lock();
        let known = judge.ledger.calls.get(message.call).map(|call| Arc::clone(&call.request));
        let request = match known {
            Some(request) => request,
            None => {
                drop(judge);
                if self.names.is_pre_vote(kind, &message) {
                    return Ok(None);
                }
                let request = Arc::new(self.names.request(kind, &message)?);
                judge = self.judge.lock();
                judge.ledger.calls.add(message.call, Arc::clone(&request));
                request
            }
        };
        // The handler's thread belongs to the server.
        let life = Life::of_caller();
        Ok(judge.decide(event, parties, What::Delivered { request, incarnation, life }))
    }

    fn answered(&self, kind: Kind, event: &MessageEvent<'_>, parties: Parties) -> Told {
        let message = &event.message;
        let reply = self.names.reply(kind, message)?;
        let mut judge = self.judge.lock();
        let calls = &mut judge.ledger.calls;
        let Some(request) = calls.get(message.call).map(|call| Arc::clone(&call.request)) else {
            if kind != Kind::Vote {
                judge.ledger.lose_track();
            }
            return Ok(None);
        };
        let (Some(handled), Some(reply)) = (calls.answer(message.call, event.incarnation), reply) else {
            return Ok(None);
        };
        calls.gives(message.call, reply);
        Ok(judge.decide(event, parties, What::Answered { request, handled, reply }))
    }

    fn heard(&self, kind: Kind, event: &MessageEvent<'_>, parties: Parties) -> Told {
        let message = &event.message;
        let mut judge = self.judge.lock();
        let Some((request, known)) = judge.ledger.calls.end(message.call) else { return Ok(None) };
        let reply = match known {
            Some(reply) => reply,
            None => {
                drop(judge);
                let Some(reply) = self.names.reply(kind, message)? else { return Ok(None) };
                judge = self.judge.lock();
                reply
            }
        };
        Ok(judge.decide(event, parties, What::Heard { request, reply, life: Life::of_caller() }))
    }
}

impl Observer for Referee {
    fn observe(&self, event: &MessageEvent<'_>) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        let method = event.message.method;
        let Some(kind) = self.names.kind(method) else { return self.observe_other(event) };
        match self.consider(kind, event) {
            Ok(Some(call)) => self.say(call),
            Ok(None) => {}
            Err(why) => {
                let what = if event.message.is_request() { "request" } else { "reply" };
                self.stand_aside(format!("the {what} of {method} {why}"));
            }
        }
    }
}

impl fmt::Debug for Referee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referee").field("judge", &self.judge).finish_non_exhaustive()
    }
}

/// `None` if not both are servers.
fn parties(message: &Message<'_>) -> Option<Parties> {
    let (from, to) = (server(message.from)?, server(message.to)?);
    Some(if message.is_request() { (from, to) } else { (to, from) })
}

fn server(address: Address) -> Option<ServerId> {
    match address {
        Address::Server(number) => Some(number as ServerId),
        _ => None,
    }
}

/// What is known, and the last messages.
#[derive(Debug)]
struct Judge {
    ledger: Ledger,
    lines: VecDeque<Line>,
    /// Messages of other names before the first of the paper's.
    others: u32,
    /// The rules, by what they are about.
    rules: [Vec<&'static Rule>; On::ALL.len()],
}

impl Judge {
    fn new(servers: usize) -> Self {
        let rules = On::ALL.map(|on| RULES.into_iter().filter(|rule| rule.on.contains(&on)).collect());
        Self { ledger: Ledger::new(servers), lines: VecDeque::with_capacity(LINES_KEPT), others: 0, rules }
    }

    /// Judges what happened to a message.
    fn decide(&mut self, event: &MessageEvent<'_>, (asker, asked): Parties, what: What) -> Option<Call> {
        self.judge(&Fact::new(event.time, event.message.call, asker, asked, what))
    }

    /// Asks the rules, and enters the fact if none is broken.
    fn judge(&mut self, fact: &Fact) -> Option<Call> {
        let rules = On::of(&fact.what).map_or(&[][..], |on| &self.rules[on as usize]);
        for &rule in rules {
            if let Some(broken) = (rule.check)(&self.ledger, fact) {
                return Some(Call::Breach(Box::new(self.breach(rule, broken, fact))));
            }
        }
        let leads = self.ledger.new_leader(fact).then(|| Call::Leads(fact.asker, fact.what.term()));
        self.ledger.enter(fact);
        if !matches!(fact.what, What::Delivered { .. } | What::Heard { .. }) {
            if self.lines.len() == LINES_KEPT {
                self.lines.pop_front();
            }
            self.lines.push_back(fact.line);
        }
        leads
    }

    /// Puts the proof together: what the rule names, the call that broke it, and the last words of those concerned.
    fn breach(&self, rule: &'static Rule, broken: breach::Broken, fact: &Fact) -> Breach {
        let breach::Broken { headline, expected, seen, servers, term, proof } = broken;
        let concerns = |line: &&Line| servers.contains(&line.from) || servers.contains(&line.to);
        let room = PROOF_MAX.saturating_sub(proof.len() + 1);
        let mut context: Vec<Option<Line>> =
            self.lines.iter().rev().filter(concerns).take(room).copied().map(Some).collect();
        context.extend(proof.into_iter().map(Some));
        let mut proof = ledger::proof(context);
        proof.push(fact.line);
        Breach { rule, headline, expected, seen, servers, term, at: fact.at, proof }
    }
}
