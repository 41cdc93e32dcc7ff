//! The clerk: a client's side of the service.
//!
//! It sends a request to the server that answered last, and goes on trying, there and elsewhere, until one of them
//! has replied (`route` says where and when). Three rules keep its word good:
//!
//! - It reports success only when a server has said so. Silence, a timeout and a lost leadership are not success.
//! - A retry is the same request: the same session and the same number. So it takes effect at most once.
//! - It tells "did not take effect" from "nobody knows" ([`ClerkError::Maybe`]). It is the latter once a try was left without a
//!   definite answer, and no later try brings one that covers it.
//!
//! A clerk does one operation at a time: the methods take `&mut self`. That is what sessions ask of clients.
//!
//! # Two kinds of write
//!
//! [`put`](Clerk::put), [`append`](Clerk::append) and [`put_if`](Clerk::put_if) belong to a session, which the first of them
//! opens. Each takes effect exactly once, and a retry gets the first try's reply.
//!
//! [`put_version`](Clerk::put_version) is the `Put` of 6.5840. It needs no session: the version keeps a retry from taking
//! effect again. The price is that a retry which meets another version cannot tell who made that version, and reports
//! [`ClerkError::Maybe`]. It relies on a network that, as MIT's, delivers no request twice: of two copies one may be told
//! "wrong version" because of the other.

use labrpc::network::ClientEnd;
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::Index;

use crate::op::{Command, Reply, Sequence, SessionId, Version, Write};
use crate::query::{Answer, Consistency, QueryArgs};
use crate::route::{Heard, Route};
use crate::rpc::{EXECUTE, GET, GetArgs, QUERY, ReadPath, Request, Response};
use crate::{ClerkError, Refusal};

/// How a clerk behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClerkConfig {
    /// How it reads. Default: at the leader, through the log.
    pub reads: ClerkReads,
    /// After this time without an answer it gives an operation up, when the try under way ends. `None`, the default: never, as
    /// MIT's.
    pub give_up_after: Option<Duration>,
}

/// Whom a clerk asks when it reads, and what the answer is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClerkReads {
    /// The leader, which makes sure in this way that the value is not an old one.
    Leader(ReadPath),
    /// Any server, which asks the leader first how far it has to be. Linearizable.
    AnyServer,
    /// Any server, as it is. The value was committed and may be old, but no read sees an older state than the one before it.
    Weak,
}

impl Default for ClerkReads {
    fn default() -> Self {
        Self::Leader(ReadPath::default())
    }
}

/// A client of the service.
#[derive(Debug)]
pub struct Clerk {
    ends: Vec<ClientEnd>,
    config: ClerkConfig,
    /// To the leader.
    route: Route,
    /// To some server that answers queries.
    queries: Route,
    /// The highest position that an answer to a query has named. Never goes back.
    position: Index,
    /// Opened by the first write that needs it, and again when it has expired.
    session: Option<SessionId>,
    /// The number of the last write of the session.
    sequence: Sequence,
}

/// How a request ended.
struct Ended {
    /// The reply; `None` when the clerk has given up.
    reply: Option<Reply>,
    /// Whether a try before the one with the reply may have taken effect, or still may.
    is_uncertain: bool,
}

impl Clerk {
    /// A clerk of the servers that `ends` reach, in the order of their ids.
    ///
    /// # Panics
    ///
    /// If there is no server.
    #[must_use]
    pub fn new(ends: Vec<ClientEnd>, config: ClerkConfig) -> Self {
        assert!(!ends.is_empty(), "a clerk needs a server");
        let route = Route::new(ends.len());
        Self { ends, config, queries: route.clone(), route, position: 0, session: None, sequence: 0 }
    }

    /// The value and version of a key; `None` if it was never written.
    ///
    /// # Errors
    ///
    /// [`ClerkError::NoLeader`] when the clerk has given up; [`ClerkError::TooLarge`].
    pub fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        let reply = match self.config.reads {
            ClerkReads::Leader(via) => self.ask(&Request::Get(GetArgs { key: key.to_owned(), via }))?.reply,
            ClerkReads::AnyServer => self.query(key, Consistency::Linearizable)?,
            // Whichever server answers, it has what the last one had.
            ClerkReads::Weak => self.query(key, Consistency::NotBefore(self.position))?,
        };
        match reply {
            Some(Reply::Value(value)) => Ok(value),
            Some(_) => Err(ClerkError::Protocol),
            None => Err(ClerkError::NoLeader),
        }
    }

    /// The highest position of which an answer to a query was: the index of the last entry that the machine had applied which
    /// answered. 0 before the first.
    #[must_use]
    pub fn position(&self) -> Index {
        self.position
    }

    /// Replaces a value, exactly once.
    ///
    /// # Errors
    ///
    /// [`ClerkError`]; only [`ClerkError::Maybe`] leaves open whether it took effect.
    pub fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.write_once(key, Write::Put(value.to_owned()))
    }

    /// Puts `tail` at the end of a value, exactly once.
    ///
    /// # Errors
    ///
    /// As [`Self::put`], and [`ClerkError::ValueTooLong`].
    pub fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.write_once(key, Write::Append(tail.to_owned()))
    }

    /// Replaces a value if its key is at `version` (0: was never written), exactly once.
    ///
    /// # Errors
    ///
    /// As [`Self::put`], and [`ClerkError::WrongVersion`].
    pub fn put_if(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        self.write_once(key, Write::PutIf(value.to_owned(), version))
    }

    /// As [`Self::put_if`], without a session, as in 6.5840.
    ///
    /// # Errors
    ///
    /// As [`Self::put_if`]; [`ClerkError::Maybe`] also when a retry meets another version.
    pub fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        let write = Write::PutIf(value.to_owned(), version);
        let ended = self.ask(&Request::Execute(Command::Plain { key: key.to_owned(), write }))?;
        match ended.reply {
            // Whose version is it? Perhaps that of an earlier try of this very write.
            Some(Reply::WrongVersion(_)) if ended.is_uncertain => Err(ClerkError::Maybe),
            _ => ended.of_write(),
        }
    }

    /// A write with a session. Its number is taken once, before the first try.
    fn write_once(&mut self, key: &str, write: Write) -> Result<(), ClerkError> {
        loop {
            let session = self.session()?;
            // Once for all tries of this write: a retry with a number of its own would be a second write to the
            // servers.
            self.sequence += 1;
            let (key, write) = (key.to_owned(), write.clone());
            let command = Command::Once { session, sequence: self.sequence, key, write };
            let ended = self.ask(&Request::Execute(command))?;
            if ended.reply != Some(Reply::SessionExpired) {
                return ended.of_write();
            }
            // The write was not applied by this try, and if there was no other before it, it is safe to begin
            // again.
            self.session = None;
            if ended.is_uncertain {
                return Err(ClerkError::Maybe); // the session has taken its memory of an earlier try with it
            }
        }
    }

    /// The number of the session, which is opened if there is none. One that is opened twice because of a lost reply
    /// is left to expire.
    fn session(&mut self) -> Result<SessionId, ClerkError> {
        if let Some(session) = self.session {
            return Ok(session);
        }
        match self.ask(&Request::Execute(Command::Register))?.reply {
            Some(Reply::Registered(session)) => {
                self.session = Some(session);
                self.sequence = 0;
                Ok(session)
            }
            Some(_) => Err(ClerkError::Protocol),
            None => Err(ClerkError::NoLeader), // without a session the write was never sent
        }
    }

    /// Sends a request until a server has replied, or it is time to give up.
    fn ask(&mut self, request: &Request) -> Result<Ended, ClerkError> {
        let give_up_at = self.give_up_at();
        let mut is_uncertain = false;
        loop {
            let heard = match self.call(request) {
                Some(Ok(reply)) => {
                    self.route.answered();
                    return Ok(Ended { reply: Some(reply), is_uncertain });
                }
                Some(Err(Refusal::TooLarge(what))) => return Err(what.into()),
                Some(Err(refusal)) => {
                    // Once uncertain, always: that a later try is refused for certain says nothing about an
                    // earlier one.
                    is_uncertain |= refusal.may_take_effect();
                    Heard::from(refusal)
                }
                None => {
                    is_uncertain = true; // the request may be lost, or its reply, or it is still on the way
                    Heard::Nothing
                }
            };
            if give_up_at.is_some_and(|at| Instant::now() >= at) {
                return Ok(Ended { reply: None, is_uncertain });
            }
            if let Some(pause) = self.route.next(heard) {
                thread::sleep(pause);
            }
        }
    }

    /// Asks one server after the other until one has answered; `None` when the clerk has given up.
    fn query(&mut self, key: &str, consistency: Consistency) -> Result<Option<Reply>, ClerkError> {
        let args = QueryArgs { key: key.to_owned(), consistency };
        let give_up_at = self.give_up_at();
        loop {
            match self.ends[self.queries.server()].call::<_, Result<Answer, Refusal>>(QUERY, &args) {
                Some(Ok(Answer { reply, position })) => {
                    self.queries.answered();
                    self.position = self.position.max(position);
                    return Ok(Some(reply));
                }
                Some(Err(Refusal::TooLarge(what))) => return Err(what.into()),
                Some(Err(_)) | None => {}
            }
            if give_up_at.is_some_and(|at| Instant::now() >= at) {
                return Ok(None);
            }
            // Hints are not followed: the server that leads is as good as any.
            if let Some(pause) = self.queries.next(Heard::Nothing) {
                thread::sleep(pause);
            }
        }
    }

    fn give_up_at(&self) -> Option<Instant> {
        self.config.give_up_after.map(|patience| Instant::now() + patience)
    }

    /// One try.
    fn call(&self, request: &Request) -> Option<Response> {
        let end = &self.ends[self.route.server()];
        match request {
            Request::Get(args) => end.call(GET, args),
            Request::Execute(command) => end.call(EXECUTE, command),
        }
    }
}

impl Ended {
    /// The result of a write.
    fn of_write(self) -> Result<(), ClerkError> {
        match self.reply {
            Some(Reply::Done) => Ok(()),
            Some(Reply::WrongVersion(version)) => Err(ClerkError::WrongVersion(version)),
            Some(Reply::ValueTooLong) => Err(ClerkError::ValueTooLong),
            Some(_) => Err(ClerkError::Protocol),
            None if self.is_uncertain => Err(ClerkError::Maybe),
            None => Err(ClerkError::NoLeader),
        }
    }
}
