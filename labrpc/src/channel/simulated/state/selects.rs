//! What a `select` owes: it is served before its message is known.

use super::State;
use crate::channel::simulated::entry::{Debt, Got, NOBODY, Taker, choose};
use crate::sim::{Core, Woken};

impl<T> State<T> {
    /// A select keeps a message until it is fetched.
    pub(in crate::channel) fn keep(&mut self, message: T) -> u64 {
        let id = self.new_id();
        self.takers.push(Taker { id, waiter: NOBODY, got: Got::Message(message) });
        id
    }

    /// The running thread has chosen to send and will say later what. `None` when it would have to wait.
    pub(in crate::channel) fn promise(&mut self, core: &mut Core) -> Option<Debt> {
        if self.receivers == 0 {
            // Ready, as with crossbeam: the send will fail at once, and to wait for it would be to wait for
            // ever.
            return Some(Debt::Closed);
        }
        let party = core.party(core.current);
        if !self.is_rendezvous() {
            return self.has_room(core).then(|| {
                self.reserved.push(party);
                Debt::Room
            });
        }
        let place = choose(&self.takers, core)?;
        let taker = &mut self.takers[place];
        taker.got = Got::Promised(party);
        // It must not be served by another arm, or give up: it wakes, and waits for this message only.
        core.wake(taker.waiter, Woken::ByPeer);
        Some(Debt::Taker(taker.id))
    }

    /// Delivers what the running thread owes. `Err` when nobody wants it any more.
    pub(in crate::channel) fn deliver(&mut self, core: &mut Core, debt: Debt, message: T) -> Result<(), T> {
        match debt {
            Debt::Closed => Err(message),
            Debt::Taker(id) => match self.taker(id) {
                Some(place) => {
                    self.hand_over(core, place, message);
                    Ok(())
                }
                None => Err(message),
            },
            Debt::Room => {
                // The reservation goes before the message comes, or the queue would count the same place
                // twice.
                self.free_place(core);
                if self.receivers == 0 {
                    return Err(message);
                }
                self.queue.push_back(message);
                self.balance(core);
                Ok(())
            }
        }
    }

    /// The running thread will not send what it owes.
    pub(in crate::channel) fn give_up(&mut self, core: &mut Core, debt: Debt) {
        match debt {
            Debt::Closed => {}
            Debt::Taker(id) => {
                if let Some(place) = self.taker(id) {
                    // It was woken by the promise and waits for this message without a deadline. It looks
                    // again, and finds no promise.
                    self.takers[place].got = Got::Nothing;
                    core.wake(self.takers[place].waiter, Woken::ByPeer);
                }
            }
            Debt::Room => {
                self.free_place(core);
                self.balance(core);
            }
        }
    }

    /// Ends a reservation of the running thread.
    fn free_place(&mut self, core: &Core) {
        let party = core.party(core.current);
        if let Some(place) = self.reserved.iter().position(|&other| other == party) {
            self.reserved.remove(place);
        }
    }
}
