//! What happens to messages, told to the trace and to the observers.

use std::borrow::Cow;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::envelope::{EndedCall, View};
use super::message::{Direction, Happening, Message, MessageEvent};
use super::shared::Shared;
use super::world::World;
use crate::sim::{self, Content, Core, Kind, TracedMessage, with_core};
use crate::wire::Describe;

impl Shared {
    /// Tells the trace and the observers what happened to a message.
    pub(super) fn report(&self, view: &View<'_>, message: Message<'_>, what: Happening<'_>) {
        if matches!(self.world, World::Simulated(_)) {
            record(view, &message, what);
        }
        let Some(observers) = view.observers else { return };
        let time = Duration::from_nanos(self.world.now_ns());
        let event = MessageEvent { message, what, time, incarnation: view.incarnation };
        for observer in observers.iter() {
            observer.observe(&event);
        }
    }

    /// Tells that the caller has got its reply.
    pub(super) fn report_reply(&self, called: &EndedCall, reply: &dyn Describe, bytes: &[u8]) {
        let Some((key, caller, server, method, incarnation)) = called.ids else { return };
        let message = Message {
            call: key.number,
            end: u64::from(called.end),
            direction: Direction::Reply,
            from: server,
            to: caller,
            method,
            size: bytes.len(),
            content: Some(reply),
        };
        let view = View { observers: &called.observers, bytes, incarnation };
        self.report(&view, message, Happening::Delivered);
    }
}

/// Puts a change of the network into the trace.
pub(super) fn record_fault(what: impl FnOnce() -> String) {
    if sim::is_active() {
        // A change of the network is no step, but messages of others meet it.
        with_core(Core::becomes_observed);
        sim::record(Kind::Fault, 0, what);
    }
}

/// Puts what happened to a message into the trace.
fn record(view: &View<'_>, message: &Message<'_>, what: Happening<'_>) {
    // What is in it, which call it is of, and who speaks to whom: so two runs differ in their fingerprints as
    // soon as they differ in a message.
    let parties = message.from.number() << 20 ^ message.to.number();
    let payload = xxh3_64_with_seed(view.bytes, message.call << 32 ^ parties);
    // The content is user code: it is read before the trace is touched, and only if the trace keeps the event.
    let keeps = with_core(|core| core.recorder.keeps_next());
    let kind = what.kind(message.direction);
    if keeps {
        sim::record_message(kind, payload, traced(message, what));
    } else {
        sim::record(kind, payload, String::new);
    }
}

#[cold]
fn traced(message: &Message<'_>, what: Happening<'_>) -> Box<TracedMessage> {
    Box::new(TracedMessage {
        call: message.call,
        is_reply: message.is_reply(),
        from: message.from,
        to: message.to,
        method: Cow::Borrowed(message.method),
        what: match what {
            Happening::Sent => Cow::Borrowed("sent"),
            Happening::Delivered => Cow::Borrowed("delivered"),
            other => Cow::Owned(other.to_string()),
        },
        size: message.size,
        // The trace fills them in when it is whole.
        made: None,
        sent: None,
        content: message.content.map_or(Content::Gone, |content| Content::Tree(content.beginning())),
    })
}
