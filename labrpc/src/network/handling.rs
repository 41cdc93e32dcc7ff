//! A request at its server: the handler runs, and its reply is sent.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::calls::CallKey;
use super::envelope::{Envelope, View};
use super::message::{Direction, Happening, Observers};
use super::pending::Outcome;
use super::service::Exchange;
use super::shared::Shared;
use super::state::Incarnation;
use super::world::World;
use crate::sim::{self, Kind};
use crate::wire::{self, Describe, Encoded, WireError};

impl Shared {
    /// As [`Self::serve`]; a panic of the handler fails the test, unless its machine has no power any more. A simulation sees to that
    /// itself.
    pub(super) fn serve_guarded(
        self: &Arc<Self>,
        server: Arc<Incarnation>,
        request: Envelope,
        observers: Observers,
    ) {
        if matches!(self.world, World::Simulated(_)) {
            return self.serve(server, request, observers);
        }
        let (key, name, to, node) = (request.key, request.name, request.to, server.node.clone());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.serve(server, request, observers)));
        if let Err(payload) = outcome {
            // Nobody answers from there: to the caller it is as if the server could not be reached.
            if node.is_crashed() {
                let shared = Arc::clone(self);
                let lose = move || shared.lose(key, false);
                return self.world.schedule(self.draw_timeout(), Box::new(lose));
            }
            let message = sim::panic_message(&*payload);
            self.fail(key, format!("the handler of {name} on {to} panicked: {message}"));
        }
    }

    /// Handles a request, in a thread of the server's node.
    fn serve(self: &Arc<Self>, server: Arc<Incarnation>, request: Envelope, observers: Observers) {
        let is_plain = request.plain.is_some();
        let Some(method) = server.handler(request.method) else {
            let known = server.methods.join(", ");
            let message = format!(
                "{} called {} on {}, which has no such method; it has: {known}",
                request.from, request.name, request.to
            );
            return self.refuse(request.key, is_plain, message);
        };
        let handling = Handling { shared: self, server: &server, request: &request, observers: &observers };
        let encoded = Encoded::new(&request.bytes, request.plain.as_deref());
        if let Err(error) = (method.handler)(encoded, &handling) {
            let Envelope { key, from, to, name, type_name, .. } = &request;
            let message = format!(
                "{to} cannot read the arguments of {name}, which {from} sent as {type_name}: {error}"
            );
            self.refuse(*key, is_plain, message);
        }
        wire::give_back(request.bytes);
    }

    /// A server cannot make sense of a request. Who speaks in trees is told so; else it [fails](Self::fail) the test.
    fn refuse(&self, key: CallKey, is_plain: bool, message: String) {
        if !is_plain {
            return self.fail(key, message);
        }
        let ended = self.state.lock().calls.remove(key);
        if let Some(call) = ended {
            call.pending.complete(Outcome::Broken(message));
        }
    }

    fn send_reply(self: &Arc<Self>, handling: &Handling<'_>, reply: &dyn Describe, envelope: Envelope) {
        if matches!(self.world, World::Simulated(_)) {
            // Between what the handler did last and the reply that tells of it others must be able to run: it
            // is there that a crash or a deleted server does most harm.
            sim::step(Kind::Send, 0, Location::caller());
        }
        let incarnation = handling.server.number;
        let message = envelope.message(Some(reply));
        let mut state = self.state.lock();
        // Looked at again, for the handler may have taken long. Without it: a server stores a value and is
        // deleted before it replies; its successor was given the disk as it was before; the client hears that
        // the value is stored, and it is gone.
        let refused = state.send_reply(envelope.key, incarnation);
        // An observer is told of a server that is gone as of none: what it knew may have been copied to its
        // successor before.
        let incarnation = if state.is_there(envelope.from, incarnation) { incarnation } else { 0 };
        let (rules, observers) = (state.rules(), state.observers());
        drop(state);
        let view = View { observers: &observers, bytes: &envelope.bytes, incarnation };
        // Sent, even if it is discarded next: what was never sent could not be discarded.
        self.report(&view, message, Happening::Sent);
        if let Some(because) = refused {
            self.report(&view, message, Happening::Discarded { because });
            return self.lose_after(Duration::ZERO, envelope);
        }
        match self.pass(&rules, &view, message) {
            None => self.reply_arrives(envelope),
            Some(plan) => self.send(envelope, plan),
        }
    }

    /// Something that no test may overlook: in a simulation it ends the run, in the real world it panics in the
    /// caller's thread.
    pub(super) fn fail(&self, key: CallKey, message: String) {
        match self.world {
            World::Simulated(_) => sim::fail_misuse(message),
            World::Real(_) => {
                let mut state = self.state.lock();
                // The first one counts: what follows mostly follows from it.
                state.failure.get_or_insert_with(|| message.clone());
                let ended = state.calls.remove(key);
                drop(state);
                if let Some(call) = ended {
                    call.pending.complete(Outcome::Broken(message));
                }
            }
        }
    }
}

/// One request while its handler is at work.
struct Handling<'a> {
    shared: &'a Arc<Shared>,
    server: &'a Incarnation,
    request: &'a Envelope,
    observers: &'a Observers,
}

impl Exchange for Handling<'_> {
    fn delivered(&self, args: &dyn Describe) {
        let view =
            View { observers: self.observers, bytes: &self.request.bytes, incarnation: self.server.number };
        self.shared.report(&view, self.request.message(Some(args)), Happening::Delivered);
    }

    fn replied(&self, reply: &dyn Describe, bytes: Result<Vec<u8>, WireError>, type_name: &'static str) {
        let Envelope { key, end, from, to, method, name, .. } = *self.request;
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return self.shared.fail(key, format!("{to} cannot reply to {name}: {error}")),
        };
        let direction = Direction::Reply;
        let plain = self.request.plain.is_some().then(|| Arc::new(reply.to_value()));
        let envelope =
            Envelope { key, direction, end, from: to, to: from, method, name, bytes, type_name, plain };
        self.shared.send_reply(self, reply, envelope);
    }

    fn ignored(&self) {
        let Envelope { key, direction, end, from, to, method, name, type_name, .. } = *self.request;
        let (bytes, plain) = (Vec::new(), None);
        let envelope = Envelope { key, direction, end, from, to, method, name, bytes, type_name, plain };
        // No answer looks to the caller like a server that cannot be reached, so that it cannot tell the two
        // apart.
        let timeout = self.shared.draw_timeout();
        self.shared.lose_after(timeout, envelope);
    }
}
