//! The replicated state: the same on all servers after the same commands. No threads, no time, no chance.

use std::collections::BTreeMap;

use kvraft_interface::{VALUE_BYTES_MAX, Version};
use raft_interface::Index;
use serde::{Deserialize, Serialize};

/// What is to be done. In the log, and on the way to a server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Op {
    /// 4A's counter.
    Add(i64),
    Get(String),
    Put(String, String),
    Append(String, String),
    /// Puts if the key is at that version.
    PutIf(String, String, Version),
}

/// An operation, and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Command {
    /// The clerk's id; 0 if nobody needs to recognise the command.
    pub(super) client: u64,
    /// Its number among the clerk's commands, from 1. A retry has the same.
    pub(super) number: u64,
    pub(super) op: Op,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Counter(i64),
    Value(Option<(String, Version)>),
    Done,
    WrongVersion(Version),
    TooLong,
    /// This server does not lead, and has done nothing.
    WrongLeader,
    /// Nobody can know: ask again.
    Unknown,
}

/// The state.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) counter: i64,
    /// Values with their versions.
    values: BTreeMap<String, (String, Version)>,
    /// For each clerk the number of its last write, and what came of that. A clerk does one thing at a time.
    last_writes: BTreeMap<u64, (u64, Reply)>,
}

impl Machine {
    /// Applies a command, unless it was applied before.
    pub(super) fn apply(&mut self, command: &Command) -> Reply {
        if let Some((number, reply)) = self.last_writes.get(&command.client)
            && command.number <= *number
        {
            // Of an older one the clerk has the answer already.
            return if command.number == *number { reply.clone() } else { Reply::Unknown };
        }
        let reply = self.execute(&command.op);
        let is_write = !matches!(command.op, Op::Get(_));
        if is_write && command.client != 0 {
            self.last_writes.insert(command.client, (command.number, reply.clone()));
        }
        reply
    }

    fn execute(&mut self, op: &Op) -> Reply {
        match op {
            Op::Add(delta) => {
                self.counter += delta;
                Reply::Counter(self.counter)
            }
            Op::Get(key) => Reply::Value(self.values.get(key).cloned()),
            Op::Put(key, value) => self.write(key, value.clone()),
            Op::Append(key, tail) => {
                let value = self.values.get(key).map_or("", |(value, _)| value);
                if value.len() + tail.len() > VALUE_BYTES_MAX {
                    return Reply::TooLong;
                }
                self.write(key, format!("{value}{tail}"))
            }
            Op::PutIf(key, value, version) => match self.version(key) {
                now if now == *version => self.write(key, value.clone()),
                now => Reply::WrongVersion(now),
            },
        }
    }

    fn write(&mut self, key: &str, value: String) -> Reply {
        let version = self.version(key) + 1;
        self.values.insert(key.to_owned(), (value, version));
        Reply::Done
    }

    /// 0 for a key that is not there.
    fn version(&self, key: &str) -> Version {
        self.values.get(key).map_or(0, |(_, version)| *version)
    }
}

/// A machine, and what it has applied.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) index: Index,
    pub(super) machine: Machine,
}

impl Snapshot {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}
