//! A clerk: looks for the leader, and asks again.

use std::time::Duration;

use kvraft_interface::{AnyClerk, ClerkError, TooLarge, VALUE_BYTES_MAX, Version, check_key};
use labrpc::network::ClientEnd;
use labrpc::{rand, thread};

use super::machine::{Command, Op, Reply};

/// The pause after a round through all servers.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Clerk {
    ends: Vec<ClientEnd>,
    /// Whom to ask first: who answered last.
    leader: usize,
    /// Random, so that no other clerk has it; never 0.
    id: u64,
    /// How many commands there were.
    number: u64,
}

impl Clerk {
    pub(super) fn new(ends: Vec<ClientEnd>) -> Self {
        Self { ends, leader: 0, id: rand::random_range(1..u64::MAX), number: 0 }
    }

    /// Asks until somebody answers. Says as well whether it is not known what became of a try before.
    fn ask(&mut self, client: u64, op: Op) -> (Reply, bool) {
        self.number += 1;
        let command = Command { client, number: self.number, op };
        let mut is_unclear = false;
        for tries in 1.. {
            match self.ends[self.leader].call::<_, Reply>("Plain.Do", &command) {
                Some(Reply::WrongLeader) => {}
                None | Some(Reply::Unknown) => is_unclear = true,
                Some(reply) => return (reply, is_unclear),
            }
            self.leader = (self.leader + 1) % self.ends.len();
            if tries % self.ends.len() == 0 {
                thread::sleep(PAUSE);
            }
        }
        unreachable!("it asks for ever")
    }

    fn write(
        &mut self,
        key: &str,
        value: &str,
        op: impl FnOnce(String, String) -> Op,
    ) -> Result<(), ClerkError> {
        check_sizes(key, value)?;
        match self.ask(self.id, op(key.to_owned(), value.to_owned())).0 {
            Reply::Done => Ok(()),
            Reply::WrongVersion(version) => Err(ClerkError::WrongVersion(version)),
            Reply::TooLong => Err(ClerkError::ValueTooLong),
            _ => Err(ClerkError::Protocol),
        }
    }
}

fn check_sizes(key: &str, value: &str) -> Result<(), ClerkError> {
    check_key(key)?;
    if value.len() > VALUE_BYTES_MAX { Err(TooLarge::Value(value.len()).into()) } else { Ok(()) }
}

impl AnyClerk for Clerk {
    fn get(&mut self, key: &str) -> Result<Option<(String, Version)>, ClerkError> {
        check_key(key)?;
        match self.ask(self.id, Op::Get(key.to_owned())).0 {
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

    fn put_version(&mut self, key: &str, value: &str, version: Version) -> Result<(), ClerkError> {
        check_sizes(key, value)?;
        // Without an id nobody recognises a retry. A wrong version after a try that is unclear may be the clerk's own.
        match self.ask(0, Op::PutIf(key.to_owned(), value.to_owned(), version)) {
            (Reply::Done, _) => Ok(()),
            (Reply::WrongVersion(_), true) => Err(ClerkError::Maybe),
            (Reply::WrongVersion(now), false) => Err(ClerkError::WrongVersion(now)),
            _ => Err(ClerkError::Protocol),
        }
    }
}
