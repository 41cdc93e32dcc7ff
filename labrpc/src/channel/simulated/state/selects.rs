//! What a `select` promises: it is served before its message is known.

use super::State;
use crate::channel::simulated::entry::{Got, NOBODY, Promise, WaitingReceiver, choose};
use crate::sim::{Core, Woken};

impl<T> State<T> {
    /// A select keeps a message until it is fetched.
    pub(in crate::channel) fn keep(&mut self, message: T) -> u64 {
        let id = self.new_id();
        self.waiting_receivers.push(WaitingReceiver { id, waiter: NOBODY, got: Got::Message(message) });
        id
    }

    /// The running thread has chosen to send and will say later what. `None` when it would have to wait.
    pub(in crate::channel) fn promise(&mut self, core: &mut Core) -> Option<Promise> {
        if self.receivers == 0 {
            // Ready, as with crossbeam: the send will fail at once, and to wait for it would be to wait for
            // ever.
            return Some(Promise::Closed);
        }
        let key = core.thread_key(core.current);
        if !self.is_rendezvous() {
            return self.has_room(core).then(|| {
                self.reserved.push(key);
                Promise::Room
            });
        }
        let place = choose(&self.waiting_receivers, core)?;
        let receiver = &mut self.waiting_receivers[place];
        receiver.got = Got::Promised(key);
        // It must not be served by another arm, or give up: it wakes, and waits for this message only.
        core.wake(receiver.waiter, Woken::ByPeer);
        Some(Promise::Receiver(receiver.id))
    }

    /// Delivers what the running thread has promised. `Err` when nobody wants it any more.
    pub(in crate::channel) fn deliver(
        &mut self,
        core: &mut Core,
        promise: Promise,
        message: T,
    ) -> Result<(), T> {
        match promise {
            Promise::Closed => Err(message),
            Promise::Receiver(id) => match self.entry_of_receiver(id) {
                Some(place) => {
                    self.hand_over(core, place, message);
                    Ok(())
                }
                None => Err(message),
            },
            Promise::Room => {
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

    /// The running thread will not send what it has promised.
    pub(in crate::channel) fn give_up(&mut self, core: &mut Core, promise: Promise) {
        match promise {
            Promise::Closed => {}
            Promise::Receiver(id) => {
                if let Some(place) = self.entry_of_receiver(id) {
                    // It was woken by the promise and waits for this message without a deadline. It looks
                    // again, and finds no promise.
                    self.waiting_receivers[place].got = Got::Nothing;
                    core.wake(self.waiting_receivers[place].waiter, Woken::ByPeer);
                }
            }
            Promise::Room => {
                self.free_place(core);
                self.balance(core);
            }
        }
    }

    /// Ends a reservation of the running thread.
    fn free_place(&mut self, core: &Core) {
        let key = core.thread_key(core.current);
        if let Some(place) = self.reserved.iter().position(|&other| other == key) {
            self.reserved.remove(place);
        }
    }
}
