//! One arm of a simulated `select`: a side of a channel, or a timer, whatever its messages are.

use super::entry::{Offer, Promise};
use super::state::Received;
use super::{Place, RecvSide, SendSide, is_inside};
use crate::sim;

/// What a select was given by the arm that it chose, and must complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel) enum Claim {
    /// The other side is gone.
    Closed,
    /// The message in this entry of the channel, or one that was promised to it.
    Message(u64),
    /// The message of a timer, which came at this time.
    Moment(u64),
    /// A message was promised.
    Promised(Promise),
}

/// What `select` asks of its arms. But for [`settle`](Port::settle), nothing waits and nothing gives way.
pub(in crate::channel) trait Port {
    /// Whether the run of the arm's channel goes on, and the caller is part of it. Panics if it goes on elsewhere.
    fn is_inside(&self) -> bool;
    /// Whether the operation would not wait.
    fn is_ready(&self) -> bool;
    /// Does the operation, up to the message. `None` when it is not ready.
    fn claim(&self) -> Option<Claim>;
    /// As [`claim`](Self::claim), once the run is over.
    fn claim_left(&self) -> Option<Claim>;
    /// The running thread is about to wait for all its arms.
    fn register(&self) -> u64;
    /// It no longer waits. What it was given, if this arm was served.
    fn withdraw(&self, id: u64) -> Option<Claim>;
    /// Waits until what was promised is there. `false` when the promise was broken.
    fn settle(&self, claim: Claim, place: Place) -> bool;
    /// Undoes a claim that will not be completed.
    fn give_up(&self, claim: Claim);
    /// The running thread is about to wait until some arm may be ready.
    fn watch(&self);
    /// It no longer waits.
    fn unwatch(&self);
    /// When the arm becomes ready by itself.
    fn deadline(&self) -> Option<u64>;
    /// Tells channels apart. Never part of a decision.
    fn address(&self) -> usize;
}

impl<T> Port for RecvSide<T> {
    fn is_inside(&self) -> bool {
        is_inside(self.0.run)
    }

    fn is_ready(&self) -> bool {
        self.0.act(|state, core| state.can_receive(core))
    }

    fn claim(&self) -> Option<Claim> {
        self.0.act(|state, core| match state.receive(core) {
            // The message goes back into an entry, because a select does not know its type. `complete`
            // fetches it.
            Received::Message(message) => Some(Claim::Message(state.keep(message))),
            Received::Promised(id) => Some(Claim::Message(id)),
            Received::Disconnected => Some(Claim::Closed),
            Received::Empty => None,
        })
    }

    fn claim_left(&self) -> Option<Claim> {
        let mut state = self.0.state.lock();
        let message = state.take_left()?;
        Some(Claim::Message(state.keep(message)))
    }

    fn register(&self) -> u64 {
        self.0.act(|state, core| state.register_receiver(core))
    }

    fn withdraw(&self, id: u64) -> Option<Claim> {
        self.0.state.lock().withdraw_receiver(id).then_some(Claim::Message(id))
    }

    fn settle(&self, claim: Claim, place: Place) -> bool {
        match claim {
            Claim::Message(id) => self.0.settle(id, place),
            _ => true,
        }
    }

    fn give_up(&self, claim: Claim) {
        // Out of the entry and gone. The lock of the state is free again when the message is dropped.
        drop(self.complete(claim));
    }

    fn watch(&self) {
        self.0.act(|state, core| state.watch(core));
    }

    fn unwatch(&self) {
        self.0.act(|state, core| state.unwatch(core.current));
    }

    fn deadline(&self) -> Option<u64> {
        None
    }

    fn address(&self) -> usize {
        std::sync::Arc::as_ptr(&self.0).addr()
    }
}

impl<T> RecvSide<T> {
    /// The message that a select claimed; `None` when the channel is closed.
    pub(in crate::channel) fn complete(&self, claim: Claim) -> Option<T> {
        match claim {
            Claim::Message(id) => self.0.state.lock().remove_message(id),
            _ => None,
        }
    }
}

impl<T> Port for SendSide<T> {
    fn is_inside(&self) -> bool {
        is_inside(self.0.run)
    }

    fn is_ready(&self) -> bool {
        self.0.act(|state, core| state.can_send(core))
    }

    fn claim(&self) -> Option<Claim> {
        self.0.act(|state, core| state.promise(core)).map(Claim::Promised)
    }

    fn claim_left(&self) -> Option<Claim> {
        None
    }

    fn register(&self) -> u64 {
        self.0.act(|state, core| state.register_sender(core, Offer::OnDemand))
    }

    fn withdraw(&self, id: u64) -> Option<Claim> {
        match self.0.state.lock().withdraw_sender(id) {
            Offer::Accepted(promise) => Some(Claim::Promised(promise)),
            _ => None,
        }
    }

    fn settle(&self, _claim: Claim, _place: Place) -> bool {
        true
    }

    fn give_up(&self, claim: Claim) {
        if let Claim::Promised(promise) = claim
            // When the run is over nobody waits for what was promised.
            && sim::is_in(self.0.run) == Some(true)
        {
            self.0.act(|state, core| state.give_up(core, promise));
        }
    }

    fn watch(&self) {
        self.0.act(|state, core| state.watch(core));
    }

    fn unwatch(&self) {
        self.0.act(|state, core| state.unwatch(core.current));
    }

    fn deadline(&self) -> Option<u64> {
        None
    }

    fn address(&self) -> usize {
        std::sync::Arc::as_ptr(&self.0).addr()
    }
}

impl<T> SendSide<T> {
    /// Sends what a select has promised. `Err` when nobody wants it any more.
    pub(in crate::channel) fn complete(&self, claim: Claim, message: T) -> Result<(), T> {
        match claim {
            Claim::Promised(promise) if sim::is_in(self.0.run) == Some(true) => {
                self.0.act(|state, core| state.deliver(core, promise, message))
            }
            _ => Err(message),
        }
    }
}
