//! What an event says. It is made into text when somebody reads it: most events of a trace are never read.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::Address;
use crate::wire::Value;

/// What an event says; shown as text.
#[derive(Clone, Debug)]
pub enum Words {
    /// Where in the source it happened.
    Place(&'static Location<'static>),
    /// What its writer has to say; may be empty.
    Text(String),
    /// The message that it happened to.
    Message(Box<TracedMessage>),
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(location) => write!(f, "at {}", place(location)),
            Self::Text(text) => f.write_str(text),
            Self::Message(message) => fmt::Display::fmt(message, f),
        }
    }
}

/// The message of an event: enough to draw an arrow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TracedMessage {
    /// The number of the call, which a request, its reply and copies of either share.
    pub call: u64,
    /// Whether it is the reply.
    pub is_reply: bool,
    /// Who sent it.
    pub from: Address,
    /// Who is to get it.
    pub to: Address,
    /// What is called, as `Raft.AppendEntries`.
    pub method: Cow<'static, str>,
    /// What happened to it: `sent`, `delivered`, `dropped by Loss` and so on.
    pub what: Cow<'static, str>,
    /// Its size in bytes.
    pub size: usize,
    /// What is in it.
    pub content: Content,
}

impl fmt::Display for TracedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, is_reply, from, to, method, what, size, content } = self;
        let direction = if *is_reply { "reply" } else { "request" };
        write!(f, "{what}: {from} -> {to} {method} {direction} #{call}, {size} bytes")?;
        if matches!(content, Content::Gone) { Ok(()) } else { write!(f, ": {content}") }
    }
}

/// What is in a message; shown, and stored, as text.
#[derive(Clone, Debug)]
pub enum Content {
    /// It was not there any more.
    Gone,
    /// As the message told it of itself, but for the ends of long lists.
    Tree(Value),
    /// In words, read from a file.
    Words(String),
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => Ok(()),
            Self::Tree(value) => fmt::Display::fmt(value, f),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = String::deserialize(deserializer)?;
        Ok(if words.is_empty() { Self::Gone } else { Self::Words(words) })
    }
}

/// `file:line` of a place in the source.
pub(crate) fn place(location: &Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}
