//! What an event says. It is made into text when somebody reads it: most events of a trace are never read.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::Address;
use crate::wire::{FromJson, Json, Value};

/// What an event says; shown as text.
#[derive(Clone, Debug)]
pub enum Words {
    /// Where in the source it happened.
    Place(&'static Location<'static>),
    /// What its writer has to say; may be empty.
    Text(String),
    /// The message that it happened to.
    Message(Box<TracedMessage>),
    /// What a tester knows of it.
    Mark(Box<Mark>),
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(location) => write!(f, "at {}", place(location)),
            Self::Text(text) => f.write_str(text),
            Self::Message(message) => fmt::Display::fmt(message, f),
            Self::Mark(mark) => fmt::Display::fmt(mark, f),
        }
    }
}

/// Something that a tester knows and tells the trace with [`mark`](super::mark): that a server was started again, that it
/// saves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// What happened, in a word: `save`, `start`.
    pub what: Cow<'static, str>,
    /// More of it.
    pub fields: Content,
}

impl Mark {
    /// Tells one that was read from a file how it was shown before.
    pub(super) fn set_words(&mut self, detail: &str) {
        if let Some(words) = detail.strip_prefix(&*self.what).and_then(|rest| rest.strip_prefix(' ')) {
            self.fields.set_words(words);
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.fields)
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
    /// When its sender had it ready, and went to the network with it: virtual time in nanoseconds. `None` if the trace does not
    /// go back so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<u64>,
    /// When it was given to the network, likewise. A copy has the time of its original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    /// What is in it.
    pub content: Content,
}

impl TracedMessage {
    /// What happened to which message, without what is in it.
    fn head(&self) -> String {
        let Self { call, is_reply, from, to, method, what, size, .. } = self;
        let direction = if *is_reply { "reply" } else { "request" };
        format!("{what}: {from} -> {to} {method} {direction} #{call}, {size} bytes")
    }

    /// Tells one that was read from a file how it was shown before.
    pub(super) fn set_words(&mut self, detail: &str) {
        if let Some(words) = detail.strip_prefix(&self.head()).and_then(|rest| rest.strip_prefix(": ")) {
            self.content.set_words(words);
        }
    }
}

impl fmt::Display for TracedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head())?;
        if matches!(self.content, Content::Gone) { Ok(()) } else { write!(f, ": {}", self.content) }
    }
}

/// What is in a message or a mark; stored as JSON.
#[derive(Clone, Debug)]
pub enum Content {
    /// It was not there any more.
    Gone,
    /// As the message told it of itself, but for the ends of long lists.
    Tree(Value),
    /// The same, read from a file, with the words for it.
    Stored(Value, String),
}

impl Content {
    /// The whole as a tree; `None` if it was not there any more.
    #[must_use]
    pub fn tree(&self) -> Option<&Value> {
        match self {
            Self::Gone => None,
            Self::Tree(tree) | Self::Stored(tree, _) => Some(tree),
        }
    }

    /// Tells one that was read from a file how it was shown before.
    pub(super) fn set_words(&mut self, shown: &str) {
        if let Self::Stored(_, words) = self {
            *words = shown.to_owned();
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => Ok(()),
            Self::Tree(value) => fmt::Display::fmt(value, f),
            Self::Stored(_, words) => f.write_str(words),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.tree() {
            None => serializer.serialize_none(),
            Some(tree) => Json(tree).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let content = Option::<FromJson>::deserialize(deserializer)?;
        Ok(content.map_or(Self::Gone, |FromJson(tree)| {
            let words = tree.to_string();
            Self::Stored(tree, words)
        }))
    }
}

/// `file:line` of a place in the source.
pub(crate) fn place(location: &Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}
