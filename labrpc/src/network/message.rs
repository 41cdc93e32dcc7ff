//! Messages under way, as rules and observers see them, and what happens to them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Address;
use crate::sim::Kind;
use crate::wire::{Describe, Each, Elements, Value};

/// Whether a message asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the caller to the server.
    Request,
    /// From the server back to the caller.
    Reply,
}

/// One message: a request, or the reply to one.
///
/// `from` and `to` are those of the message: a reply to client 7 by server 2 is from `S2` to `C7`.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The number of the call that it is a part of, from 1, in the order of sending. A request and its reply, and
    /// copies of either, share it.
    pub call: u64,
    /// The [`ClientEnd::id`](super::ClientEnd::id) of the end that the call was made with.
    pub end: u64,
    /// Whether it asks or answers.
    pub direction: Direction,
    /// Who sent it.
    pub from: Address,
    /// Who is to get it; [`Address::Nobody`] if the end was never connected.
    pub to: Address,
    /// What is called, as `Raft.AppendEntries`.
    pub method: &'static str,
    /// The length of its encoded form in bytes.
    pub size: usize,
    pub(super) content: Option<&'a dyn Describe>,
}

impl Message<'_> {
    /// Whether it is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.direction == Direction::Request
    }

    /// Whether it is a reply.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.direction == Direction::Reply
    }

    /// The arguments or the reply as a tree. `None` where only bytes are left: for a message that is lost because
    /// nobody was there when it arrived.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.content.map(Describe::to_value)
    }

    /// The number in a field of the arguments or the reply; see [`Describe::int_of`].
    #[must_use]
    pub fn int_of(&self, field: &str) -> Option<i128> {
        self.content?.int_of(field)
    }

    /// The length of what is in a field; see [`Describe::len_of`].
    #[must_use]
    pub fn len_of(&self, field: &str) -> Option<usize> {
        self.content?.len_of(field)
    }

    /// The numbers in a field of each element; see [`Describe::ints_of`].
    #[must_use]
    pub fn ints_of(&self, field: &str, inner: &str) -> Vec<i128> {
        self.content.map_or_else(Vec::new, |content| content.ints_of(field, inner))
    }

    /// Several fields in one reading; see [`Describe::read`].
    pub fn read(
        &self,
        fields: &[&str],
        ints: &mut [Option<i128>],
        elements: Elements<'_>,
        each: &mut Each<'_>,
    ) -> Option<usize> {
        match self.content {
            Some(content) => content.read(fields, ints, elements, each),
            None => {
                ints.fill(None);
                None
            }
        }
    }
}

/// Who, what and how long: `C0 -> S2 Raft.AppendEntries request #7, 64 bytes`, without the content.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, from, to, method, size, .. } = self;
        let direction = if self.is_request() { "request" } else { "reply" };
        write!(f, "{from} -> {to} {method} {direction} #{call}, {size} bytes")
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening<'a> {
    /// It was given to the network: the caller called, or the handler returned.
    Sent,
    /// It arrived: the handler is about to run, or the caller is about to get the reply.
    Delivered,
    /// A rule lost it, or it was sent through a disabled end or to a server that does not exist.
    Dropped {
        /// The rule's [name](super::Rule::name), or what was not there.
        by: &'a str,
    },
    /// A rule holds it back until it is released.
    Held {
        /// The rule's name.
        by: &'a str,
    },
    /// It was of no use: the reply of a server that is gone, or to a call that has ended; a request that found
    /// no server when it arrived.
    Discarded {
        /// Why.
        because: &'a str,
    },
}

impl Happening<'_> {
    /// The kind of event in the trace.
    pub(super) fn kind(self, direction: Direction) -> Kind {
        match (self, direction) {
            (Self::Sent, Direction::Request) => Kind::CallSent,
            (Self::Delivered, Direction::Request) => Kind::CallDelivered,
            (Self::Sent, Direction::Reply) => Kind::CallReplied,
            (Self::Delivered, Direction::Reply) => Kind::CallEnded,
            (Self::Dropped { .. }, _) => Kind::CallDropped,
            (Self::Held { .. }, _) => Kind::Fault,
            (Self::Discarded { .. }, _) => Kind::CallDiscarded,
        }
    }
}

impl fmt::Display for Happening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Delivered => f.write_str("delivered"),
            Self::Dropped { by } => write!(f, "dropped by {by}"),
            Self::Held { by } => write!(f, "held by {by}"),
            Self::Discarded { because } => write!(f, "discarded: {because}"),
        }
    }
}

/// Something that happened to a message, for an [`Observer`].
#[derive(Clone, Copy, Debug)]
pub struct MessageEvent<'a> {
    /// The message.
    pub message: Message<'a>,
    /// What happened to it.
    pub what: Happening<'a>,
    /// The time since the start of the simulation, on no node's clock; in the real world, since the network was made.
    pub time: Duration,
    /// Which server at the called address this is about: the number that
    /// [`Network::add_server`](super::Network::add_server) returned; 0 if there was none, and for the reply of a server
    /// that is not there any more: nobody hears from that one again, and its storage may have been copied already.
    pub incarnation: u64,
}

/// Watches every message, for checkers and timelines.
///
/// It is called in the thread that sends or gets the message, in the instant in which that happens; in a simulation it
/// costs no virtual time, and nothing else runs meanwhile. It must not block and must not take a simulated lock:
/// keep what is to be remembered behind a plain `parking_lot` or `std` mutex. In the real world it is called from
/// many threads at once.
pub trait Observer: Send + Sync {
    /// Something happened to a message.
    fn observe(&self, event: &MessageEvent<'_>);
}

/// A closure is an observer.
impl<F: Fn(&MessageEvent<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &MessageEvent<'_>) {
        self(event);
    }
}

/// All who watch a network; replaced as a whole when somebody joins them.
pub(super) type Observers = Option<Arc<[Arc<dyn Observer>]>>;
