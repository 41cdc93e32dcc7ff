//! The referee itself: what it is told from outside, and the way from an event on the network to the judge.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::network::{Address, Direction, Happening, Message, MessageEvent, Observer};
use labrpc::sim::{self, NodeHandle};
use parking_lot::Mutex;
use raft_interface::{Change, Configuration, Index, ServerId, Term};

use crate::committable::Committable;
use crate::fact::{Envelope, Life};
use crate::judge::Judge;
use crate::ledger::{Duties, Server};
use crate::message::{Kind, Position, Request};
use crate::names::Names;
use crate::notice::Notice;
use crate::reader::Unreadable;

/// How often messages of other names may be seen between servers before the first of the paper's: where they are sent,
/// and where requests arrive.
const OTHER_METHODS_MAX: u32 = 150;

/// What is to be told of a message that can be read.
type Judged = Result<Option<Notice>, Unreadable>;

/// Watches the servers `0..servers` of one network.
pub struct Referee {
    names: Names,
    /// Nothing is judged any more.
    is_over: AtomicBool,
    judge: Mutex<Judge>,
    tell: Box<dyn Fn(&Notice) + Send + Sync>,
}

impl Referee {
    /// A referee for so many servers, for implementations with these names. It calls `tell` in the thread in which
    /// something happened, without any lock.
    #[must_use]
    pub fn new(servers: usize, names: Names, tell: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        // A cluster of one has no wire.
        let is_over = AtomicBool::new(servers < 2);
        let mut judge = Judge::new(servers);
        // In the real world a pause may be the machine's, so nothing is said there about how long something
        // takes.
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
    /// [accepts](Self::ends_start). Otherwise anything that may be committed may be in a snapshot, and any server that may
    /// lead may have entries that nobody has seen.
    #[must_use]
    pub fn with_told_calls(mut self) -> Self {
        self.judge.get_mut().ledger.has_told_calls = true;
        self
    }

    /// The services take whatever is delivered at once, and every entry and snapshot will be told, to
    /// [`applied`](Self::applied) and [`installed`](Self::installed).
    #[must_use]
    pub fn with_services(mut self) -> Self {
        self.judge.get_mut().ledger.has_services = true;
        self
    }

    /// This configuration is in force at first, and servers may be [asked](Self::may_change) for others.
    #[must_use]
    pub fn with_configuration(mut self, configuration: Configuration) -> Self {
        self.judge.get_mut().ledger.begin_with(configuration);
        self
    }

    /// Somebody is about to ask a leader to hand its office to another server, which may then stand at any time.
    pub fn may_order_to_stand(&self) {
        self.judge.lock().ledger.has_orders_to_stand = true;
    }

    /// Somebody is about to ask a server for a change of the configuration.
    pub fn may_change(&self, change: Change) {
        self.judge.lock().ledger.may_change(change);
    }

    /// What can be committed by now, of a term and at all; `None` if nobody knows.
    #[must_use]
    pub fn committable(&self, term: Term) -> Option<Committable> {
        let judge = self.judge.lock();
        // A cluster of one has no wire, and what is not judged any more is not followed either.
        if self.is_over.load(Ordering::Relaxed) { None } else { Committable::of(&judge.ledger, term) }
    }

    /// The names that it looks for.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Whether it can read all that servers have sent each other so far, so that who has stored and voted for what is judged by
    /// that.
    #[must_use]
    pub fn reads_everything(&self) -> bool {
        if self.is_over.load(Ordering::Relaxed) {
            return false;
        }
        let ledger = &self.judge.lock().ledger;
        ledger.sees_all_contents() && !ledger.has_own_indexes
    }

    /// Whether the services count as the messages do, for all that anybody can tell. A service that gives its Raft commands
    /// unheard leaves that open: nobody has seen where in the log the first of them lies.
    #[must_use]
    pub fn knows_the_indexes(&self) -> bool {
        self.judge.lock().ledger.is_told_calls() && self.reads_everything()
    }

    /// The service of a server is about to hand it a snapshot.
    pub fn takes_snapshot(&self, server: ServerId, index: Index) {
        self.judge.lock().ledger.servers[server].trims(index);
    }

    /// A server is about to start, for the first time or again, on a node of its own that must be kept as long as the
    /// referee; its service begins with the snapshot at `base`: 0 without one, `None` if nobody knows how far it goes.
    pub fn starts(&self, at: Duration, server: ServerId, base: Option<Index>, node: &NodeHandle) {
        let server = &mut self.judge.lock().ledger.servers[server];
        server.starts(Life::of(node), at);
        server.duties = Duties::new(base);
    }

    /// What the service on a server answers to. It may say what it likes, and say it before its Raft does. But what it has said to
    /// another may reach that one's Raft, so the rules see that there are other messages.
    pub fn service_answers<'a>(&self, methods: impl Iterator<Item = &'a str>) {
        self.judge.lock().methods_of_services.extend(methods.map(str::to_owned));
    }

    /// A server is gone: what its threads still say, if they live on, is not judged.
    pub fn stops(&self, server: ServerId) {
        self.judge.lock().ledger.servers[server].stops();
    }

    /// A server that is down has lost its storage: nothing is certain of it any more.
    pub fn storage_lost(&self, server: ServerId) {
        self.judge.lock().ledger.servers[server] = Server::default();
    }

    /// Whether the calling thread speaks for the server as it was started last, as far as anybody can tell.
    #[must_use]
    pub fn hears_of(&self, server: ServerId) -> bool {
        let servers = &self.judge.lock().ledger.servers;
        servers.get(server).is_some_and(|server| !server.is_gone(Life::of_this_thread()))
    }

    /// The term of who answers a request for a vote. `None` if the vote would not have counted: with a yes to that some say the term
    /// that they were asked about.
    #[must_use]
    pub fn answer_to_candidate(&self, message: &Message<'_>) -> Option<Term> {
        let term = self.names().answer_to_candidate(message)?;
        self.judge.lock().asked_pre_vote(message.call).is_none().then_some(term)
    }

    /// A command is about to be given to a server; [`ends_start`](Self::ends_start) must follow, whatever comes of it. Returns how
    /// long the log of that server is at least, as far as its messages tell.
    #[must_use]
    pub fn begins_start(&self, server: ServerId) -> Index {
        let ledger = &mut self.judge.lock().ledger;
        ledger.open_starts += 1;
        ledger.log_end(server)
    }

    /// The call that gave a command to a server has returned. It has put it into its log at this index, as the leader of this term;
    /// `None` if it has not. `before` is what [`begins_start`](Self::begins_start) returned.
    pub fn ends_start(&self, server: ServerId, accepted: Option<(Index, Term)>, before: Index) {
        let ledger = &mut self.judge.lock().ledger;
        ledger.open_starts -= 1;
        if let Some((index, term)) = accepted {
            ledger.accepts(server, Position { index, term }, before);
        }
    }

    /// A server that runs has delivered a snapshot to its service.
    pub fn installed(&self, at: Duration, server: ServerId, index: Index) {
        self.judge.lock().ledger.servers[server].duties.applies(at, index);
    }

    /// A server whose threads were stopped is about to go on.
    pub fn resumes(&self, server: ServerId) {
        self.judge.lock().ledger.resumes(server);
    }

    /// Each save of a server takes long from now on, or no longer.
    pub fn disk_changes(&self, server: ServerId, is_slow: bool) {
        self.judge.lock().ledger.disk_changes(server, is_slow);
    }

    /// From now on the servers may do what they like: the test is over.
    pub fn dismiss(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// A server that runs has delivered a committed entry to its service.
    pub fn applied(&self, at: Duration, server: ServerId, index: Index, term: Term) {
        if !self.is_over.load(Ordering::Relaxed) {
            let notice = self.judge.lock().applies(at, server, index, term);
            if let Some(notice) = notice {
                self.announce(notice);
            }
        }
    }

    fn announce(&self, notice: Notice) {
        match notice {
            leads @ Notice::Leads(..) => (self.tell)(&leads),
            last => self.announce_last(&last),
        }
    }

    fn stand_aside(&self, why: String) {
        self.announce_last(&Notice::StandsAside(why));
    }

    fn announce_last(&self, notice: &Notice) {
        // In the real world two threads may meet a broken rule at one time. A run has one violation: that of
        // the first.
        if !self.is_over.swap(true, Ordering::Relaxed) {
            (self.tell)(notice);
        }
    }

    /// Judges what happened to a message.
    ///
    /// # Errors
    ///
    /// Why the message cannot be read.
    fn consider(&self, envelope: Envelope, event: &MessageEvent<'_>) -> Judged {
        match (event.message.direction, event.what) {
            (Direction::Request, Happening::Sent) => self.sent(envelope, event),
            (Direction::Request, Happening::Delivered) => self.delivered(envelope, event),
            // Incarnation 0: the server was deleted while it answered. Its storage may have been copied
            // before it changed, so the reply binds no later incarnation.
            (Direction::Reply, Happening::Sent) if event.incarnation != 0 => self.answered(envelope, event),
            (Direction::Reply, Happening::Delivered) => self.heard(envelope, event),
            // That a message was dropped or held says something of the network, and nothing of a server.
            _ => Ok(None),
        }
    }

    // A message is read before the judge is locked: its `Serialize` is user code.

    fn sent(&self, envelope: Envelope, event: &MessageEvent<'_>) -> Judged {
        let Some(request) = self.request(&event.message)? else {
            if let Some(term) = self.names.pre_vote(&event.message) {
                self.judge.lock().asks_pre_vote(envelope.call, term);
            }
            return Ok(None);
        };
        Ok(self.judge.lock().sends(envelope, request, Life::of_this_thread(), event.incarnation != 0))
    }

    fn delivered(&self, envelope: Envelope, event: &MessageEvent<'_>) -> Judged {
        let mut judge = self.judge.lock();
        if self.names.is_timeout_now(event.message.method) {
            judge.ledger.servers[envelope.callee].is_told_to_stand(envelope.at);
            return Ok(None);
        }
        // It was read when it was sent. It is read again only if the call was forgotten since, or if it has
        // ended and the network repeats the request; and without the lock, since reading runs code of others.
        if !judge.knows(envelope.call) {
            drop(judge);
            let Some(request) = self.request(&event.message)? else { return Ok(None) };
            judge = self.judge.lock();
            judge.learns(envelope.call, request);
        }
        // The handler's thread belongs to the server.
        Ok(judge.delivers(envelope, event.incarnation, Life::of_this_thread()))
    }

    fn answered(&self, envelope: Envelope, event: &MessageEvent<'_>) -> Judged {
        let kind = self.kind(&event.message);
        // A yes to a question that does not count is no vote.
        if kind.is_none_or(|kind| kind == Kind::Vote) {
            let term = self.judge.lock().asked_pre_vote(envelope.call);
            if let Some(term) = term {
                let reply = self.names.reply(Kind::Vote, &event.message).ok().flatten();
                self.judge.lock().answers_pre_vote(envelope, term, reply);
                return Ok(None);
            }
        }
        let Some(kind) = kind else { return Ok(None) };
        let reply = self.names.reply(kind, &event.message)?;
        Ok(self.judge.lock().answers(envelope, reply, event.incarnation))
    }

    fn heard(&self, envelope: Envelope, event: &MessageEvent<'_>) -> Judged {
        let mut judge = self.judge.lock();
        if !judge.knows(envelope.call) {
            return Ok(None);
        }
        // If the request was answered once, that answer is what arrives. If it was repeated and answered
        // twice, only the message tells which one this is.
        let mut reply = judge.only_answer(envelope.call);
        if reply.is_none() {
            drop(judge);
            let Some(kind) = self.kind(&event.message) else { return Ok(None) };
            reply = self.names.reply(kind, &event.message)?;
            judge = self.judge.lock();
        }
        judge.hears(envelope, reply, Life::of_this_thread());
        Ok(None)
    }

    /// `None` if it is none of the paper's, or asks for a vote that does not count.
    fn request(&self, message: &Message<'_>) -> Result<Option<Request>, Unreadable> {
        let Some(kind) = self.kind(message) else { return Ok(None) };
        // Neither a term nor a vote changes by it, so no rule of Figure 2 is about it; see `rules/pre_votes`.
        if self.names.is_pre_vote(kind, message) {
            return Ok(None);
        }
        self.names.request(kind, message).map(Some)
    }

    /// Which of the paper's messages it is. Others are counted.
    fn kind(&self, message: &Message<'_>) -> Option<Kind> {
        let kind = self.names.kind(message.method);
        // It concerns its receiver, and nobody else.
        if kind.is_none() && self.names.is_timeout_now(message.method) {
            return None;
        }
        // Not at the first one: servers may greet each other in their own ways. But none that have said so
        // much without an election use the paper's names.
        if kind.is_none()
            && self
                .judge
                .lock()
                .sees_other_method(message.method, self.names.may_bring_entries(message.method))
                > OTHER_METHODS_MAX
        {
            self.stand_aside(format!(
                "the servers send each other {}, and nothing of the paper's names",
                message.method
            ));
        }
        kind
    }
}

impl Observer for Referee {
    fn observe(&self, event: &MessageEvent<'_>) {
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        let Some(envelope) = envelope(event) else { return };
        match self.consider(envelope, event) {
            Ok(Some(notice)) => self.announce(notice),
            Ok(None) => {}
            Err(why) => {
                let what = if event.message.is_request() { "request" } else { "reply" };
                self.stand_aside(format!("the {what} of {} {why}", event.message.method));
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
fn envelope(event: &MessageEvent<'_>) -> Option<Envelope> {
    let message = &event.message;
    // Clerks and the tester call servers, too, and Figure 2 is not about those calls.
    let (from, to) = (server(message.from)?, server(message.to)?);
    let (caller, callee) = if message.is_request() { (from, to) } else { (to, from) };
    Some(Envelope { at: event.time, call: message.call, caller, callee })
}

fn server(address: Address) -> Option<ServerId> {
    match address {
        Address::Server(number) => Some(number as ServerId),
        _ => None,
    }
}
