//! What clients ask for, what they are told, and how large both may be.
//!
//! A [`Command`] is what one entry of the log says. It is encoded once, by the server that gets the request, and decoded by
//! every replica that applies it.

use std::fmt;

pub use kvraft_interface::{KEY_BYTES_MAX, TooLarge, VALUE_BYTES_MAX, Version, check_key};
use raft_interface::Index;
use serde::{Deserialize, Serialize};

/// A session's number: the index of the log entry that opened it, so no two sessions share one (thesis §6.3).
pub type SessionId = Index;
/// A client's own count of its writes, from 1. A retry bears the number of the first try.
pub type Sequence = u64;

/// A write to one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Write {
    /// Replace the value.
    Put(String),
    /// Put this at the end of the value; a key that was never written holds the empty string.
    Append(String),
    /// Replace the value if the key is at this version (the `Put` of 6.5840).
    PutIf(String, Version),
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Open a session. The reply is its number.
    Register,
    /// A write that takes effect once, however often it stands in the log.
    Once {
        /// Who writes.
        session: SessionId,
        /// Which of its writes this is.
        sequence: Sequence,
        /// The key.
        key: String,
        /// What to do with it.
        write: Write,
    },
    /// A write without a session, as in 6.5840: the version alone keeps a retry from taking effect again, and the
    /// writer may not learn whether the first try did. Only for [`Write::PutIf`].
    Plain {
        /// The key.
        key: String,
        /// What to do with it.
        write: Write,
    },
    /// A read through the log. It changes nothing, so it needs no session.
    Get {
        /// The key.
        key: String,
    },
}

/// As a call: `put(x, "1") #3 of session 8`.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, key: &str, write: &Write| match write {
            Write::Put(value) => write!(f, "put({key}, {value:?})"),
            Write::Append(value) => write!(f, "append({key}, {value:?})"),
            Write::PutIf(value, version) => write!(f, "put({key}, {value:?}, at version {version})"),
        };
        match self {
            Self::Register => f.write_str("open a session"),
            Self::Once { session, sequence, key, write: what } => {
                write(f, key, what)?;
                write!(f, " #{sequence} of session {session}")
            }
            Self::Plain { key, write: what } => write(f, key, what),
            Self::Get { key } => write!(f, "get({key})"),
        }
    }
}

/// What the state machine replies to a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To `Register`: the number of the new session.
    Registered(SessionId),
    /// To a write: it took effect.
    Done,
    /// To a read: the value and its version; `None` if the key was never written.
    Value(Option<(String, Version)>),
    /// To a conditional write: the key is at this other version (0: it was never written). Nothing was changed.
    WrongVersion(Version),
    /// To an append: the value would exceed [`VALUE_BYTES_MAX`]. Nothing was changed.
    ValueTooLong,
    /// To a write with a session: there is no such session, or no longer. This try changed nothing.
    SessionExpired,
    /// To a write with a session: the client has gone on to a later write since. This try changed nothing.
    Superseded,
    /// The entry is not an encoded [`Command`], or not one that may stand in the log. It changed nothing.
    NotUnderstood,
}

impl Write {
    /// The bytes that it carries.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Put(value) | Self::Append(value) | Self::PutIf(value, _) => value,
        }
    }
}

impl Command {
    /// Checks the lengths of what it carries. A server does so before the command gets into the log.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] when the key or the value exceeds its limit.
    pub fn check_size(&self) -> Result<(), TooLarge> {
        match self {
            Self::Register => Ok(()),
            Self::Get { key } => check_key(key),
            Self::Once { key, write, .. } | Self::Plain { key, write } => {
                check_key(key)?;
                let len = write.value().len();
                if len > VALUE_BYTES_MAX { Err(TooLarge::Value(len)) } else { Ok(()) }
            }
        }
    }

    /// Its form in the log.
    #[must_use]
    pub fn encode(&self) -> raft_interface::Command {
        encode(self).into()
    }

    /// Reads an entry of the log; `None` if it is not a command.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// The bytes of plain data.
pub(crate) fn encode(data: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(data).expect("maps, numbers and strings can always be encoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_is_read_as_it_was_written() {
        let commands = [
            Command::Register,
            Command::Once { session: 7, sequence: 1, key: "k".into(), write: Write::Append("v".into()) },
            Command::Plain { key: "k".into(), write: Write::PutIf(String::new(), 3) },
            Command::Get { key: "k".into() },
        ];
        for command in commands {
            assert_eq!(Command::decode(&command.encode()), Some(command));
        }
        assert_eq!(Command::decode(b""), None);
        assert_eq!(Command::decode(b"\xff"), None);
    }

    #[test]
    fn limits_are_the_last_lengths_that_pass() {
        let write = |key: usize, value: usize| {
            let write = Write::Put("v".repeat(value));
            Command::Once { session: 1, sequence: 1, key: "k".repeat(key), write }.check_size()
        };
        assert_eq!(write(KEY_BYTES_MAX, VALUE_BYTES_MAX), Ok(()));
        assert_eq!(write(KEY_BYTES_MAX + 1, 0), Err(TooLarge::Key(KEY_BYTES_MAX + 1)));
        assert_eq!(write(0, VALUE_BYTES_MAX + 1), Err(TooLarge::Value(VALUE_BYTES_MAX + 1)));
        let long = Command::Get { key: "k".repeat(KEY_BYTES_MAX + 1) };
        assert_eq!(long.check_size(), Err(TooLarge::Key(KEY_BYTES_MAX + 1)));
    }
}
