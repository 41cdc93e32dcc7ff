//! The entries that threads leave in a channel while they wait.

use crate::sim::{Core, NONE, ThreadKey, Waiter};

/// The waiter of an entry that belongs to no waiting thread.
pub(super) const NOBODY: Waiter = Waiter { slot: NONE, ticket: 0 };

/// A thread that waits for a message, or a select that has one and has not fetched it.
pub(super) struct WaitingReceiver<T> {
    /// Its number in its channel.
    pub(super) id: u64,
    /// Whom to wake; [`NOBODY`] when the entry only keeps a message.
    pub(super) waiter: Waiter,
    pub(super) got: Got<T>,
}

/// What has come of a wait for a message.
pub(super) enum Got<T> {
    /// It goes on.
    Nothing,
    /// This thread will deliver the message.
    Promised(ThreadKey),
    Message(T),
}

/// A thread that waits to send.
pub(super) struct WaitingSender<T> {
    /// Its number in its channel.
    pub(super) id: u64,
    pub(super) waiter: Waiter,
    pub(super) offer: Offer<T>,
}

/// What a waiting sender has to offer, and what became of it.
pub(super) enum Offer<T> {
    Message(T),
    /// A select: its message is made when the arm is chosen.
    OnDemand,
    /// The message was taken.
    Taken,
    /// The select may go on, and has promised the message.
    Accepted(Promise),
}

/// To whom a select has promised a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel) enum Promise {
    /// To the queue, in which a place is reserved.
    Room,
    /// To the waiting receiver with this number.
    Receiver(u64),
    /// To nobody: all receivers are gone.
    Closed,
}

/// An entry of either side.
pub(super) trait Entry {
    /// Whether its operation is still to be done, and its thread could be served.
    fn is_waiting(&self, core: &Core) -> bool;
}

impl<T> Entry for WaitingReceiver<T> {
    fn is_waiting(&self, core: &Core) -> bool {
        matches!(self.got, Got::Nothing) && core.can_be_served(self.waiter)
    }
}

impl<T> Entry for WaitingSender<T> {
    fn is_waiting(&self, core: &Core) -> bool {
        matches!(self.offer, Offer::Message(_) | Offer::OnDemand) && core.can_be_served(self.waiter)
    }
}

/// The place of any entry that waits, chosen by the stream of the schedule, so that code which relies on an order
/// among waiting threads fails.
pub(super) fn choose<E: Entry>(entries: &[E], core: &mut Core) -> Option<usize> {
    let count = entries.iter().filter(|entry| entry.is_waiting(core)).count();
    // Counted and then found, without a list of candidates: this runs at every send and every receive.
    let chosen = core.choose_one_of(count)?;
    let mut waiting = entries.iter().enumerate().filter(|(_, entry)| entry.is_waiting(core));
    waiting.nth(chosen).map(|(place, _)| place)
}
