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
use raft_interface::{Index, ServerId, Term};

use crate::message::{Position, Reply, Request};
use crate::proof::{Content, Line};

/// Tells the incarnations of a server apart as senders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Exactly: each start has a node of its own.
    Node(NodeId),
    /// In the real world: where the name of the thread's node lies.
    Label(usize),
}

impl Life {
    /// The life of the calling thread; `None` for the tester's threads, in which `start` may send.
    pub(crate) fn of_this_thread() -> Option<Self> {
        if sim::is_active() {
            let node = NodeId::current();
            // A test may call the server in a thread of its own, and an implementation may send in that thread.
            // Which incarnation sends then is unknown.
            return (node != NodeId::TESTER).then_some(Self::Node(node));
        }
        let node = NodeHandle::current();
        (!node.name().starts_with("tester")).then(|| Self::of(&node))
    }

    /// The life of the threads of a node. In the real world as long as the node is kept: another one may later lie at
    /// the same place.
    pub(crate) fn of(node: &NodeHandle) -> Self {
        if sim::is_active() { Self::Node(node.id()) } else { Self::Label(node.name().as_ptr().addr()) }
    }

    /// Whether these are certainly two lives.
    pub(crate) fn differs(a: Option<Self>, b: Option<Self>) -> bool {
        matches!((a, b), (Some(Self::Node(a)), Some(Self::Node(b))) if a != b)
    }
}

/// When something happened, to which call, and between whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) at: Duration,
    /// The number of the call; 0 for what a server tells its service.
    pub(crate) call: u64,
    /// Who sends the request.
    pub(crate) caller: ServerId,
    /// Who answers it; for what a server tells its service, both are that server.
    pub(crate) callee: ServerId,
}

/// What was certain of a server when a request was delivered to it: the least that the answer must agree with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    /// When it was delivered.
    pub(crate) at: Duration,
    /// Who sends the request.
    pub(crate) caller: ServerId,
    /// The server was stopped meanwhile.
    pub(crate) was_stopped: bool,
    /// The incarnation of the server.
    pub(crate) incarnation: u64,
    /// The server's term was at least this.
    pub(crate) floor: Term,
    /// The server stored this entry, and so all before it.
    pub(crate) stored: Option<Position>,
    /// Without this request, the server could know at most this index to be committed.
    pub(crate) commit_max: Index,
    /// The server's count of cuts just after the delivery.
    pub(crate) cuts: u64,
    /// A request of another term was handled at the same time; which of both came first is unknown.
    pub(crate) is_mixed: bool,
}

/// What is known of how a request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// It can get to its server.
    pub(crate) counts: bool,
    /// What it says, by which it is known when it is sent again.
    pub(crate) content: crate::ledger::Content,
    /// It may be one that was sent before, and is sent again because nobody has answered.
    pub(crate) may_repeat: bool,
    /// Its sender may not have got round to what has arrived there: each of its saves takes long.
    pub(crate) is_slow: bool,
}

/// Something that happened to a call, or to a service, for the rules to judge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact<'a> {
    pub(crate) envelope: Envelope,
    pub(crate) what: What<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// A request was sent.
    Sent { request: &'a Request, life: Option<Life>, sending: Sending },
    /// A request is about to be handled, by that incarnation.
    Delivered { request: &'a Request, incarnation: u64 },
    /// The handler has returned.
    Answered { request: &'a Request, delivery: &'a Delivery, reply: Reply },
    /// A server delivered a committed entry to its service.
    Applied { index: Index, term: Term },
}

impl Fact<'_> {
    /// The term that it is about.
    pub(crate) fn term(&self) -> Term {
        match self.what {
            What::Sent { request, .. } | What::Delivered { request, .. } | What::Answered { request, .. } => {
                request.term()
            }
            What::Applied { term, .. } => term,
        }
    }

    /// It as a line of a proof.
    pub(crate) fn line(&self) -> Line {
        match self.what {
            What::Sent { request, .. } | What::Delivered { request, .. } => self.envelope.request(request),
            What::Answered { reply, .. } => self.envelope.reply(reply),
            What::Applied { index, term } => self.envelope.line(Content::Applied { index, term }),
        }
    }
}

impl Envelope {
    /// The request as a line of a proof.
    pub(crate) fn request(self, request: &Request) -> Line {
        self.line(request.into())
    }

    /// The reply as a line of a proof.
    pub(crate) fn reply(self, reply: Reply) -> Line {
        let Self { caller, callee, .. } = self;
        Self { caller: callee, callee: caller, ..self }.line(reply.into())
    }

    fn line(self, content: Content) -> Line {
        Line { at: self.at, from: self.caller, to: self.callee, call: self.call, content }
    }
}
