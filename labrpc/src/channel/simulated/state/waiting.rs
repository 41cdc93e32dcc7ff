//! The entries of threads that wait: how they come, and how they go.

use super::{Outcome, State};
use crate::channel::simulated::entry::{Got, Offer, WaitingReceiver, WaitingSender};
use crate::sim::Core;

impl<T> State<T> {
    /// The running thread is about to wait for a message.
    pub(in crate::channel) fn register_receiver(&mut self, core: &mut Core) -> u64 {
        let id = self.new_id();
        self.waiting_receivers.push(WaitingReceiver { id, waiter: core.waiter(), got: Got::Nothing });
        self.tell_watchers(core);
        id
    }

    /// The running thread is about to wait with a message.
    pub(in crate::channel) fn register_sender(&mut self, core: &mut Core, offer: Offer<T>) -> u64 {
        let id = self.new_id();
        self.waiting_senders.push(WaitingSender { id, waiter: core.waiter(), offer });
        self.tell_watchers(core);
        id
    }

    /// The running thread no longer waits to send. Returns what became of its offer.
    pub(in crate::channel) fn withdraw_sender(&mut self, id: u64) -> Offer<T> {
        let place =
            self.waiting_senders.iter().position(|sender| sender.id == id).expect("a sender's own entry");
        self.waiting_senders.remove(place).offer
    }

    /// The running thread no longer waits to receive. An entry with nothing in it, and nothing to come, is removed;
    /// one that waits for a promise is told whom to wake.
    pub(in crate::channel) fn recheck_receiver(&mut self, core: &Core, id: u64) -> Outcome {
        let place = self.entry_of_receiver(id).expect("a receiver's own entry");
        let receiver = &mut self.waiting_receivers[place];
        match receiver.got {
            Got::Message(_) => Outcome::Message,
            Got::Promised(key) if !core.is_gone(key) => {
                // Its last wait is over, so it can be woken by a new claim only.
                receiver.waiter = core.waiter();
                Outcome::Promised
            }
            _ => {
                self.waiting_receivers.remove(place);
                Outcome::Nothing
            }
        }
    }

    /// A select no longer waits. Returns whether this entry was served; if not, it is removed.
    pub(in crate::channel) fn withdraw_receiver(&mut self, id: u64) -> bool {
        let place = self.entry_of_receiver(id).expect("a receiver's own entry");
        let is_served = !matches!(self.waiting_receivers[place].got, Got::Nothing);
        if !is_served {
            self.waiting_receivers.remove(place);
        }
        is_served
    }

    /// Whether there is such an entry.
    pub(in crate::channel) fn has_receiver(&self, id: u64) -> bool {
        self.entry_of_receiver(id).is_some()
    }

    /// Removes an entry that has its message. One without stays.
    pub(in crate::channel) fn remove_message(&mut self, id: u64) -> Option<T> {
        let place = self
            .entry_of_receiver(id)
            .filter(|&place| matches!(self.waiting_receivers[place].got, Got::Message(_)))?;
        match self.waiting_receivers.remove(place).got {
            Got::Message(message) => Some(message),
            _ => unreachable!("there was a message"),
        }
    }
}
