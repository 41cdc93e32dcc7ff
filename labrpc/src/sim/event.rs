//! One event of a run: its kind, its words, and its line in a file.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::nanoseconds::Seconds;
use super::words::{Mark, TracedMessage, Words};

/// What kind of thing an event is. The numbers are part of the fingerprint: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
#[allow(missing_docs)] // each variant is the name of the operation
pub enum Kind {
    Spawn = 1,
    Exit = 2,
    Panic = 3,
    Yield = 4,
    Block = 5,
    Resume = 6,
    Lock = 7,
    TryLock = 8,
    Notify = 9,
    Send = 10,
    Recv = 11,
    Select = 12,
    Atomic = 13,
    Park = 14,
    Join = 15,
    Once = 16,
    Chance = 17,
    Crash = 18,
    Pause = 19,
    Unpause = 20,
    ClockRate = 21,
    Wait = 22,
    CallSent = 32,
    CallDropped = 33,
    CallDelivered = 34,
    CallReplied = 35,
    CallDiscarded = 36,
    CallEnded = 37,
    Fault = 38,
    Note = 48,
    Log = 49,
    Mark = 50,
}

impl Kind {
    /// Whether an event of this kind is a line for people: of a log, or of what happens to a whole node.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        use Kind::{ClockRate, Crash, Log, Note, Panic, Pause, Unpause};
        matches!(self, Log | Note | Panic | Crash | Pause | Unpause | ClockRate)
    }

    /// Whether an event of this kind is only there for those who read the trace: it has no part in the fingerprint, and the
    /// index of the event that follows it.
    #[must_use]
    pub fn is_annotation(self) -> bool {
        matches!(self, Self::Log | Self::Mark)
    }
}

/// One event of a full trace.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place among all events of the run, from 0. A log line, or a mark, has the index of the event that follows it.
    pub index: u64,
    /// How many steps were taken by then: a run that [continues](super::Policy::then) otherwise from the next step on has this
    /// event.
    pub step: u64,
    /// Virtual time since the start of the run, in nanoseconds.
    pub time_ns: u64,
    /// The name of the node.
    pub node: Arc<str>,
    /// The name of the thread; its number when it has none.
    pub thread: Arc<str>,
    /// The number of the thread, which no other thread of the run has; [`Event::NETWORK`] for what the network does
    /// by itself.
    pub thread_number: u64,
    /// What kind of thing happened.
    pub kind: Kind,
    /// A hash of what the event carried; 0 when it carried nothing.
    pub payload: u64,
    /// What happened. Not part of the fingerprint.
    pub words: Words,
}

impl Event {
    /// The [`thread_number`](Self::thread_number) of what the network does by itself.
    pub const NETWORK: u64 = u32::MAX as u64;

    /// The message that it happened to, if it is about one.
    #[must_use]
    pub fn message(&self) -> Option<&TracedMessage> {
        match &self.words {
            Words::Message(message) => Some(message),
            _ => None,
        }
    }

    /// What a tester knows of it, if the event is that.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        match &self.words {
            Words::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    /// Whether this is the same event of another run: what goes into the fingerprint is equal. Words may differ.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |event: &Self| (event.index, event.time_ns, event.kind, event.payload);
        key(self) == key(other) && self.node == other.node && self.thread == other.thread
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} ", self.index, Seconds(self.time_ns))?;
        write!(f, "{}/{} {:?}", self.node, self.thread, self.kind)?;
        match self.kind {
            // Of these it is the number of the thread.
            Kind::Spawn | Kind::Join => write!(f, " thread-{}", self.payload)?,
            _ if self.payload != 0 => write!(f, " {:016x}", self.payload)?,
            _ => {}
        }
        match &self.words {
            Words::Text(text) if text.is_empty() => Ok(()),
            words => write!(f, " {words}"),
        }
    }
}

/// An event as a line of a file: its words are there as text, and once more in parts if it is about a message.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    index: u64,
    #[serde(default)]
    step: u64,
    time: u64,
    node: Arc<str>,
    thread: Arc<str>,
    tid: u64,
    kind: Kind,
    payload: u64,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, TracedMessage>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<Cow<'a, Mark>>,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = Line {
            index: self.index,
            step: self.step,
            time: self.time_ns,
            node: Arc::clone(&self.node),
            thread: Arc::clone(&self.thread),
            tid: self.thread_number,
            kind: self.kind,
            payload: self.payload,
            detail: self.words.to_string(),
            message: self.message().map(Cow::Borrowed),
            mark: self.mark().map(Cow::Borrowed),
        };
        line.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = Line::deserialize(deserializer)?;
        let words = match (line.message, line.mark) {
            (Some(message), _) => {
                let mut message = Box::new(message.into_owned());
                message.set_words(&line.detail);
                Words::Message(message)
            }
            (None, Some(mark)) => {
                let mut mark = Box::new(mark.into_owned());
                mark.set_words(&line.detail);
                Words::Mark(mark)
            }
            (None, None) => Words::Text(line.detail),
        };
        Ok(Self {
            index: line.index,
            step: line.step,
            time_ns: line.time,
            node: line.node,
            thread: line.thread,
            thread_number: line.tid,
            kind: line.kind,
            payload: line.payload,
            words,
        })
    }
}
