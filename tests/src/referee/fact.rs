//! Facts: what happened on the wire, in the order in which the referee gets to know it.
//!
//! # What is certain, and since when
//!
//! A server changes its state under its own lock, and nobody outside sees when. What is certain is an interval: a
//! request is handled after it was [`Delivered`](What::Delivered) and before it is [`Answered`](What::Answered). An
//! answer is therefore judged by what was known when its request was delivered, not by what became known meanwhile.
//! A request that a server sends may have been built long before: of one message nothing can be said but that its
//! content was true once. The rules that need more than that wait for repeated evidence.

use std::time::Duration;

use labrpc::sim::{self, NodeHandle, NodeId};
use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};

use super::breach::{Content, Line};
use super::ledger::Handled;
use super::reading::{Reply, Request};

/// Tells the incarnations of a server apart as senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Exactly: each start has a node of its own.
    Node(NodeId),
    /// In the real world, nearly: where the name of the thread's node lies.
    Label(usize),
}

impl Life {
    /// The life of the calling thread; `None` for the tester's threads, in which `start` may send.
    pub(super) fn of_caller() -> Option<Self> {
        if sim::is_active() {
            let node = NodeId::current();
            return (node != NodeId::TESTER).then_some(Self::Node(node));
        }
        let node = NodeHandle::current();
        (!node.name().starts_with("tester")).then(|| Self::Label(node.name().as_ptr().addr()))
    }

    /// Whether these are certainly two lives.
    pub(super) fn differs(a: Option<Self>, b: Option<Self>) -> bool {
        matches!((a, b), (Some(Self::Node(a)), Some(Self::Node(b))) if a != b)
    }
}

/// Something that happened to a call, or to a service.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) at: Duration,
    /// The number of the call.
    pub(super) call: u64,
    /// Who asks. For [`What::Applied`] the server itself.
    pub(super) asker: ServerId,
    /// Who is asked.
    pub(super) asked: ServerId,
    pub(super) what: What,
    /// The fact as a line of a proof. Many keep it, so it is made once.
    pub(super) line: Line,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A request was sent. It `counts` if it can get to its server: then the sender is not one that was deleted, whose
    /// storage was copied before.
    Sent { request: Arc<Request>, life: Option<Life>, counts: bool },
    /// A request is about to be handled, by that incarnation.
    Delivered { request: Arc<Request>, incarnation: u64, life: Option<Life> },
    /// The handler has returned, at a server that is still there: so whatever the reply tells is what a restart begins
    /// with, if it was saved.
    Answered { request: Arc<Request>, handled: Handled, reply: Reply },
    /// The reply has reached the asker.
    Heard { request: Arc<Request>, reply: Reply, life: Option<Life> },
    /// A server delivered a committed entry to its service.
    Applied { index: Index, term: Term },
}

impl What {
    /// The term that it is about.
    pub(super) fn term(&self) -> Term {
        match self {
            Self::Sent { request, .. }
            | Self::Delivered { request, .. }
            | Self::Answered { request, .. }
            | Self::Heard { request, .. } => request.term(),
            Self::Applied { term, .. } => *term,
        }
    }
}

impl Fact {
    pub(super) fn new(at: Duration, call: u64, asker: ServerId, asked: ServerId, what: What) -> Self {
        let (from, to, content) = match &what {
            What::Sent { request, .. } | What::Delivered { request, .. } => (asker, asked, request.content()),
            What::Answered { reply, .. } | What::Heard { reply, .. } => (asked, asker, reply.content()),
            &What::Applied { index, term } => (asker, asker, Content::Applied { index, term }),
        };
        Self { at, call, asker, asked, what, line: Line { at, from, to, call, content } }
    }
}
