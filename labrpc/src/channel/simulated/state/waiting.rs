//! The entries of threads that wait: how they come, and how they go.

use super::{Outcome, State};
use crate::channel::simulated::entry::{Giver, Got, Offer, Taker};
use crate::sim::Core;

impl<T> State<T> {
    /// The running thread is about to wait for a message.
    pub(in crate::channel) fn register_taker(&mut self, core: &mut Core) -> u64 {
        let id = self.new_id();
        self.takers.push(Taker { id, waiter: core.waiter(), got: Got::Nothing });
        self.tell_watchers(core);
        id
    }

    /// The running thread is about to wait with a message.
    pub(in crate::channel) fn register_giver(&mut self, core: &mut Core, offer: Offer<T>) -> u64 {
        let id = self.new_id();
        self.givers.push(Giver { id, waiter: core.waiter(), offer });
        self.tell_watchers(core);
        id
    }

    /// The running thread no longer waits to send. Returns what became of its offer.
    pub(in crate::channel) fn withdraw_giver(&mut self, id: u64) -> Offer<T> {
        let place = self.givers.iter().position(|giver| giver.id == id).expect("a sender's own entry");
        self.givers.remove(place).offer
    }

    /// The running thread no longer waits to receive. An entry with nothing in it, and nothing to come, is removed;
    /// one that waits for a promise is told whom to wake.
    pub(in crate::channel) fn look_at_taker(&mut self, core: &Core, id: u64) -> Outcome {
        let place = self.taker(id).expect("a receiver's own entry");
        let taker = &mut self.takers[place];
        match taker.got {
            Got::Message(_) => Outcome::Message,
            Got::Promised(party) if !core.is_gone(party) => {
                // Its last wait is over, so it can be woken by a new claim only.
                taker.waiter = core.waiter();
                Outcome::Promised
            }
            _ => {
                self.takers.remove(place);
                Outcome::Nothing
            }
        }
    }

    /// A select no longer waits. Returns whether this entry was served; if not, it is removed.
    pub(in crate::channel) fn withdraw_taker(&mut self, id: u64) -> bool {
        let place = self.taker(id).expect("a receiver's own entry");
        let is_served = !matches!(self.takers[place].got, Got::Nothing);
        if !is_served {
            self.takers.remove(place);
        }
        is_served
    }

    /// Whether there is such an entry.
    pub(in crate::channel) fn has_taker(&self, id: u64) -> bool {
        self.taker(id).is_some()
    }

    /// Removes an entry that has its message. One without stays.
    pub(in crate::channel) fn remove_message(&mut self, id: u64) -> Option<T> {
        let place = self.taker(id).filter(|&place| matches!(self.takers[place].got, Got::Message(_)))?;
        match self.takers.remove(place).got {
            Got::Message(message) => Some(message),
            _ => unreachable!("there was a message"),
        }
    }
}
