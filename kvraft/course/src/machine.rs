//! The machine: the state that all servers have in common.
//!
//! It is the same everywhere after the same commands. So nothing in it depends on time, on chance, or on which server it is: there are
//! no threads, no locks and no calls in this file.

use std::collections::BTreeMap;

use kvraft_interface::{VALUE_BYTES_MAX, Version};
use serde::{Deserialize, Serialize};

/// What is to be done. In the log, and on the way from a clerk to a server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Op {
    /// 4A: adds to the counter.
    Add(i64),
    /// 4B: reads a key.
    Get(String),
    /// Replaces the value of a key.
    Put(String, String),
    /// Puts something at the end of it.
    Append(String, String),
    /// Replaces it if the key is at that version.
    PutIf(String, String, Version),
}

/// An operation, and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    /// The clerk's id; 0 if nobody needs to recognise the command.
    pub(crate) client: u64,
    /// Its number among the clerk's commands, from 1 on. A retry has the same.
    pub(crate) number: u64,
    pub(crate) op: Op,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The counter, after [`Op::Add`].
    Counter(i64),
    /// The value and its version, of [`Op::Get`]; `None` if the key was never written.
    Value(Option<(String, Version)>),
    /// It is written.
    Done,
    /// The key is at this other version, and nothing was written.
    WrongVersion(Version),
    /// The value would become too long, and nothing was written.
    TooLong,
    /// This server does not lead, and has done nothing.
    WrongLeader,
    /// Nobody can know what became of it: ask again.
    Unknown,
}

/// The state.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// 4A's counter.
    pub(crate) counter: i64,
    /// Values with their versions: 1 for a key that was written once. A key that was never written is not in it.
    values: BTreeMap<String, (String, Version)>,
    /// For each clerk the number of its last write, and what came of that. A clerk does one thing at a time, so one is enough.
    last_writes: BTreeMap<u64, (u64, Reply)>,
}

impl Machine {
    /// Applies a command, unless it was applied before.
    pub(crate) fn apply(&mut self, command: &Command) -> Reply {
        let Command { client, number, op } = command;
        // begin solution 4B.2: a write that was done before is not done again
        // hint: `last_writes` has the number of the clerk's last write, and its result. Clerk 0 is nobody: it has no entry there.
        // hint: A number that is not greater changes nothing; if it is the last one, the remembered result is the answer.
        // instead: self.execute(op)
        if let Some((last, reply)) = self.last_writes.get(client)
            && number <= last
        {
            // Of an older one the clerk has the answer already.
            return if number == last { reply.clone() } else { Reply::Unknown };
        }
        let reply = self.execute(op);
        if *client != 0 && !matches!(op, Op::Get(_)) {
            self.last_writes.insert(*client, (*number, reply.clone()));
        }
        reply
        // end solution
    }

    fn execute(&mut self, op: &Op) -> Reply {
        match op {
            Op::Add(delta) => self.add(*delta),
            Op::Get(key) => Reply::Value(self.values.get(key).cloned()),
            Op::Put(key, value) => self.write(key, value.clone()),
            Op::Append(key, tail) => self.append(key, tail),
            Op::PutIf(key, value, version) => self.put_if(key, value, *version),
        }
    }

    /// Adds to the counter. The reply says what it is then.
    fn add(&mut self, delta: i64) -> Reply {
        self.counter += delta;
        Reply::Counter(self.counter)
    }

    /// Replaces the value of a key, which is at the next version then.
    fn write(&mut self, key: &str, value: String) -> Reply {
        // begin solution 4B.1: write the value, at the next version
        let version = self.version(key) + 1;
        self.values.insert(key.to_owned(), (value, version));
        Reply::Done
        // end solution
    }

    /// Puts `tail` at the end of a value, unless that would be longer than `VALUE_BYTES_MAX`. A key that was never written has none.
    fn append(&mut self, key: &str, tail: &str) -> Reply {
        // begin solution 4B.1: write the value with the tail at its end
        let value = self.value(key);
        if value.len() + tail.len() > VALUE_BYTES_MAX {
            return Reply::TooLong;
        }
        self.write(key, format!("{value}{tail}"))
        // end solution
    }

    /// Replaces a value if its key is at `version`.
    fn put_if(&mut self, key: &str, new: &str, version: Version) -> Reply {
        // begin solution 4B.1: write the value if the key is at that version
        // hint: This is where it is judged, and not where the request comes in: two of them may be in the log one after the other.
        let now = self.version(key);
        if now == version { self.write(key, new.to_owned()) } else { Reply::WrongVersion(now) }
        // end solution
    }

    /// Empty for a key that was never written.
    fn value(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |(value, _)| value)
    }

    /// 0 for a key that was never written.
    fn version(&self, key: &str) -> Version {
        self.values.get(key).map(|(_, version)| *version).unwrap_or_default()
    }

    /// What of it a snapshot holds: all that a server must know to go on from here as if it had applied everything itself.
    pub(crate) fn to_store(&self) -> Self {
        Self { counter: self.counter, values: self.values_to_store(), last_writes: self.writes_to_store() }
    }

    fn values_to_store(&self) -> BTreeMap<String, (String, Version)> {
        // begin solution 4C.1: the keys, with values and versions
        // hint: What is there now, not how it came about. 4A has a counter only, and does without.
        // instead: if !self.values.is_empty() {
        // instead:     todo!("4C.1: the keys, with values and versions");
        // instead: }
        // instead: BTreeMap::new()
        self.values.clone()
        // end solution
    }

    fn writes_to_store(&self) -> BTreeMap<u64, (u64, Reply)> {
        // begin solution 4C.2: what a server needs to recognise a retry
        // hint: A write that is in the snapshot must not be done again by a server that begins with it.
        // instead: BTreeMap::new()
        self.last_writes.clone()
        // end solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_takes_effect_once_whoever_asks_again() {
        let mut machine = Machine::default();
        let mut apply = |client, number, op| machine.apply(&Command { client, number, op });
        let append = |tail: &str| Op::Append("k".into(), tail.into());
        for _ in 0..2 {
            assert!(matches!(apply(1, 1, append("a")), Reply::Done));
        }
        assert!(matches!(apply(2, 1, append("b")), Reply::Done), "another clerk");
        assert!(matches!(apply(1, 2, append("c")), Reply::Done), "its next one");
        assert!(matches!(apply(1, 1, append("a")), Reply::Unknown), "an old one");
        for _ in 0..2 {
            assert!(matches!(apply(0, 0, append("d")), Reply::Done), "nobody recognises it");
        }
        let Reply::Value(Some((value, version))) = apply(1, 3, Op::Get("k".into())) else {
            panic!("a value")
        };
        assert_eq!((value.as_str(), version), ("abcdd", 5));
    }

    #[test]
    fn version_decides() {
        let mut machine = Machine::default();
        let mut put = |version| machine.put_if("k", "v", version);
        assert!(matches!(put(1), Reply::WrongVersion(0)));
        assert!(matches!(put(0), Reply::Done));
        assert!(matches!(put(0), Reply::WrongVersion(1)));
        assert!(matches!(put(1), Reply::Done));
    }
}
