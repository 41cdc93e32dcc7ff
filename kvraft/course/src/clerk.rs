//! A clerk, which runs in a client: looks for the leader, and asks again.

use std::time::Duration;

use kvraft_interface::{AnyClerk, ClerkError, TooLarge, VALUE_BYTES_MAX, Version, check_key};
use labrpc::network::ClientEnd;
use labrpc::{rand, thread};

use crate::machine::{Command, Op, Reply};
use crate::server::DO;

/// The pause after a round through all servers.
const PAUSE: Duration = Duration::from_millis(20);

/// A clerk. It does one thing at a time.
pub(crate) struct Clerk {
    /// The ways to all servers, by number.
    ends: Vec<ClientEnd>,
    /// Whom to ask first: who answered last.
    leader: usize,
    /// Random, so that no other clerk has it; never 0.
    id: u64,
    /// How many commands there were.
    number: u64,
}

/// What came of a command.
struct Answer {
    reply: Reply,
    /// Whether it is not known what became of a try before.
    is_unclear: bool,
}

impl Clerk {
    /// A clerk for the servers that these ends reach.
    pub(crate) fn new(ends: Vec<ClientEnd>) -> Self {
        Self { ends, leader: 0, id: rand::random_range(1..u64::MAX), number: 0 }
    }

    /// Asks the server that is taken for the leader, once. `None` if no answer came.
    fn call(&self, command: &Command) -> Option<Reply> {
        self.ends[self.leader].call(DO, command)
    }

    /// Asks until a server answers that has done it. `client` is this clerk's id, or 0: then nobody recognises a retry.
    // hint: A server that does not lead, or does not answer, is not the one to ask: try the next. Pause after a round through all of them.
    // hint: 4B.2: count the commands. A retry has the number of the first try.
    // hint: 4B.2: whoever did not answer, or answered `Unknown`, may have done it, or still will.
    fn ask(&mut self, client: u64, op: Op) -> Answer {
        // begin solution 4B.1: ask until somebody answers, the last leader first
        self.number += 1;
        let command = Command { client, number: self.number, op };
        let mut is_unclear = false;
        for tries in 1.. {
            match self.call(&command) {
                Some(Reply::WrongLeader) => {}
                None | Some(Reply::Unknown) => is_unclear = true,
                Some(reply) => return Answer { reply, is_unclear },
            }
            self.leader = (self.leader + 1) % self.ends.len();
            if tries % self.ends.len() == 0 {
                thread::sleep(PAUSE);
            }
        }
        unreachable!("it asks for ever")
        // end solution
    }

    /// Writes, as this clerk.
    fn write(
        &mut self,
        key: &str,
        value: &str,
        op: impl FnOnce(String, String) -> Op,
    ) -> Result<(), ClerkError> {
        check_sizes(key, value)?;
        match self.ask(self.id, op(key.to_owned(), value.to_owned())).reply {
            Reply::Done => Ok(()),
            Reply::WrongVersion(version) => Err(ClerkError::WrongVersion(version)),
            Reply::TooLong => Err(ClerkError::ValueTooLong),
            _ => Err(ClerkError::Protocol),
        }
    }
}

/// Refuses what the interface does not allow.
fn check_sizes(key: &str, value: &str) -> Result<(), ClerkError> {
    check_key(key)?;
    if value.len() > VALUE_BYTES_MAX { Err(TooLarge::Value(value.len()).into()) } else { Ok(()) }
}

impl AnyClerk for Clerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        check_key(key)?;
        match self.ask(self.id, Op::Get(key.to_owned())).reply {
            Reply::Value(value) => Ok(value),
            _ => Err(ClerkError::Protocol),
        }
    }

    fn put(&mut self, key: &str, value: &str) -> Result<(), ClerkError> {
        self.write(key, value, Op::Put)
    }

    fn append(&mut self, key: &str, tail: &str) -> Result<(), ClerkError> {
        self.write(key, tail, Op::Append)
    }

    fn put_if(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        self.write(key, value, |key, value| Op::PutIf(key, value, version))
    }

    // The same without an id: nobody recognises a retry.
    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        check_sizes(key, value)?;
        let answer = self.ask(0, Op::PutIf(key.to_owned(), value.to_owned(), version));
        match answer.reply {
            Reply::Done => Ok(()),
            Reply::WrongVersion(now) => Err(refusal(now, answer.is_unclear)),
            _ => Err(ClerkError::Protocol),
        }
    }
}

/// What is known when a write without an id was refused because the key is at version `now`, and not at the one that was asked for.
/// `is_unclear`: a try before may have written.
fn refusal(now: Version, is_unclear: bool) -> ClerkError {
    // begin solution 4B.2: say so if it may be the clerk's own write that is there
    // hint: After a first try a wrong version is certain, on a network that brings no request twice.
    // instead: ClerkError::WrongVersion(now)
    match is_unclear {
        true => ClerkError::Maybe,
        false => ClerkError::WrongVersion(now),
    }
    // end solution
}
