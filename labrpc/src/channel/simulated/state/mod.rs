//! What a simulated channel holds, and the rules by which it changes.
//!
//! A thread that must wait leaves an entry: a [`WaitingReceiver`] waits for a message, a [`WaitingSender`] for room or
//! for a receiver. Whoever comes from the other side completes the waiting operation *in the entry*, and wakes the
//! thread, which finds its operation done. Between two steps of the schedule these hold:
//!
//! - if there is a message in the queue, no receiver waits that could be served;
//! - if there is room in the queue, no sender waits that could be served;
//! - in a channel of capacity 0, receivers and senders that could be served do not wait at the same time.
//!
//! "Could be served" means: still waits, on a node that is neither crashed nor paused ([`Core::can_be_served`]).
//! When a node goes on, its threads look again by themselves.
//!
//! A `select` is different in one point: it is served before its message is known. What it gives in return is a
//! *promise*: to fill a place in the queue that is reserved for it, or to send to one receiver. A promise ends when the
//! message is delivered, when the select gives it up, or when its thread is gone.
//!
//! The rules run with the core and the state borrowed. They drop no message and call no code of users.

mod selects;
mod waiting;

use std::collections::VecDeque;
use std::mem;

use super::entry::{Entry as _, Got, NOBODY, Offer, Promise, WaitingReceiver, WaitingSender, choose};
use crate::sim::{Core, ThreadKey, Waiter, Woken};

pub(super) struct State<T> {
    queue: VecDeque<T>,
    /// `None`: no bound. 0: messages go from hand to hand.
    capacity: Option<usize>,
    /// How many sending handles there are.
    pub(super) senders: usize,
    /// How many receiving handles there are.
    pub(super) receivers: usize,
    waiting_receivers: Vec<WaitingReceiver<T>>,
    waiting_senders: Vec<WaitingSender<T>>,
    /// Places in the queue that selects have been given and have not filled yet.
    reserved: Vec<ThreadKey>,
    /// Threads that want to know when something changes, and take nothing.
    watchers: Vec<Waiter>,
    /// The number of the next entry.
    next_id: u64,
}

/// How an attempt to send went.
pub(super) enum Sent<T> {
    Done,
    Full(T),
    Disconnected(T),
}

/// How an attempt to receive went.
pub(super) enum Received<T> {
    Message(T),
    /// A message will come to the waiting receiver with this number, which is the caller's.
    Promised(u64),
    Empty,
    Disconnected,
}

/// As [`Received`], for a caller that waits for what is not there.
pub(super) enum Awaited<T> {
    Message(T),
    Promised(u64),
    /// The caller has this entry now, and is about to wait.
    Waits(u64),
    Disconnected,
}

/// What an entry of the caller's holds.
pub(super) enum Outcome {
    Message,
    Promised,
    Nothing,
}

impl<T> State<T> {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Self {
            queue: VecDeque::new(),
            capacity,
            senders: 1,
            receivers: 1,
            waiting_receivers: Vec::new(),
            waiting_senders: Vec::new(),
            reserved: Vec::new(),
            watchers: Vec::new(),
            next_id: 0,
        }
    }

    // ----- looking -----

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.capacity
    }

    pub(super) fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.queue.len() + self.reserved.len() >= capacity)
    }

    fn is_rendezvous(&self) -> bool {
        self.capacity == Some(0)
    }

    /// Whether a receive would not wait.
    pub(super) fn can_receive(&self, core: &Core) -> bool {
        !self.queue.is_empty()
            || self.senders == 0
            || self.is_rendezvous() && self.waiting_senders.iter().any(|sender| sender.is_waiting(core))
    }

    /// Whether a receive would wait, and no sender could tell that it does: in a channel of capacity 0 one can.
    pub(super) fn lets_wait_unobserved(&self) -> bool {
        self.queue.is_empty() && self.senders > 0 && !self.is_rendezvous()
    }

    /// Whether a send would not wait.
    pub(super) fn can_send(&mut self, core: &Core) -> bool {
        self.receivers == 0
            || self.has_room(core)
            || self.is_rendezvous() && self.waiting_receivers.iter().any(|receiver| receiver.is_waiting(core))
    }

    fn has_room(&mut self, core: &Core) -> bool {
        // Only when they are in the way: nobody tells the channel that a thread has crashed, so the
        // reservations of threads that are gone stay until somebody wants the room.
        if self.is_full() {
            self.reserved.retain(|&key| !core.is_gone(key));
        }
        !self.is_full()
    }

    // ----- sending and receiving -----

    pub(super) fn send(&mut self, core: &mut Core, message: T) -> Sent<T> {
        if self.receivers == 0 {
            return Sent::Disconnected(message);
        }
        if self.is_rendezvous() {
            // Straight to one that waits. There is no queue in which another could find it first.
            let Some(place) = choose(&self.waiting_receivers, core) else { return Sent::Full(message) };
            self.hand_over(core, place, message);
        } else if self.has_room(core) {
            self.queue.push_back(message);
            // Through the queue even if somebody waits, so that the order of messages does not depend on who
            // waits.
            self.balance(core);
        } else {
            return Sent::Full(message);
        }
        Sent::Done
    }

    pub(super) fn receive(&mut self, core: &mut Core) -> Received<T> {
        if let Some(message) = self.queue.pop_front() {
            self.balance(core);
            return Received::Message(message);
        }
        if self.is_rendezvous()
            && let Some(place) = choose(&self.waiting_senders, core)
        {
            return self.take_from(core, place);
        }
        // Asked last: what was sent before the last sender went is still received.
        if self.senders == 0 { Received::Disconnected } else { Received::Empty }
    }

    /// As [`receive`](Self::receive); when there is nothing, the running thread is about to wait.
    pub(super) fn receive_or_register(&mut self, core: &mut Core) -> Awaited<T> {
        match self.receive(core) {
            Received::Message(message) => Awaited::Message(message),
            Received::Disconnected => Awaited::Disconnected,
            Received::Promised(id) => Awaited::Promised(id),
            Received::Empty => Awaited::Waits(self.register_receiver(core)),
        }
    }

    /// Takes the message of a waiting sender. A select gets its arm, and has promised the message.
    fn take_from(&mut self, core: &mut Core, place: usize) -> Received<T> {
        let id = self.new_id();
        let sender = &mut self.waiting_senders[place];
        // Served and woken in one piece: it finds its send done, and cannot be served a second time by
        // another arm.
        core.wake(sender.waiter, Woken::ByPeer);
        match mem::replace(&mut sender.offer, Offer::Taken) {
            Offer::Message(message) => Received::Message(message),
            _ => {
                sender.offer = Offer::Accepted(Promise::Receiver(id));
                // The select makes its message only now that its arm is chosen, and that is user code which
                // runs in its own thread. Until then the receiver has an entry, and knows who has promised
                // the message.
                let got = Got::Promised(core.thread_key(sender.waiter.slot));
                self.waiting_receivers.push(WaitingReceiver { id, waiter: core.waiter(), got });
                Received::Promised(id)
            }
        }
    }

    fn hand_over(&mut self, core: &mut Core, place: usize, message: T) {
        let receiver = &mut self.waiting_receivers[place];
        receiver.got = Got::Message(message);
        core.wake(receiver.waiter, Woken::ByPeer);
    }

    /// Restores the rules after a message or a place has come or gone.
    fn balance(&mut self, core: &mut Core) {
        // A sender that is let in may bring what a receiver waits for, and a receiver that is served makes
        // room for a sender. So both are tried until neither can go on.
        loop {
            if !self.queue.is_empty()
                && let Some(place) = choose(&self.waiting_receivers, core)
                && let Some(message) = self.queue.pop_front()
            {
                self.hand_over(core, place, message);
            } else if !self.waiting_senders.is_empty()
                && self.has_room(core)
                && let Some(place) = choose(&self.waiting_senders, core)
            {
                self.let_in(core, place);
            } else {
                break;
            }
        }
        self.tell_watchers(core);
    }

    /// Puts the message of a waiting sender into the queue; for a select, reserves a place.
    fn let_in(&mut self, core: &mut Core, place: usize) {
        let sender = &mut self.waiting_senders[place];
        core.wake(sender.waiter, Woken::ByPeer);
        match mem::replace(&mut sender.offer, Offer::Taken) {
            Offer::Message(message) => self.queue.push_back(message),
            _ => {
                sender.offer = Offer::Accepted(Promise::Room);
                self.reserved.push(core.thread_key(sender.waiter.slot));
            }
        }
    }

    // ----- entries -----

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn entry_of_receiver(&self, id: u64) -> Option<usize> {
        self.waiting_receivers.iter().position(|receiver| receiver.id == id)
    }

    // ----- watching and the end -----

    /// The running thread is about to wait until something changes.
    pub(super) fn watch(&mut self, core: &Core) {
        self.watchers.push(core.waiter());
    }

    /// The thread in this slot no longer watches.
    pub(super) fn unwatch(&mut self, slot: u32) {
        self.watchers.retain(|watcher| watcher.slot != slot);
    }

    fn tell_watchers(&mut self, core: &mut Core) {
        // All: a watcher takes nothing, so what has changed is there for each of them. Whoever looks in vain
        // comes back.
        for waiter in self.watchers.drain(..) {
            core.wake(waiter, Woken::ByPeer);
        }
    }

    /// One side is gone for good: all who wait look again.
    pub(super) fn wake_all(&mut self, core: &mut Core) {
        let waiting_receivers = self.waiting_receivers.iter().map(|receiver| receiver.waiter);
        let waiting_senders = self.waiting_senders.iter().map(|sender| sender.waiter);
        // They keep their entries, and each takes out its own when it runs: a message in one must not be
        // lost.
        for waiter in waiting_receivers.chain(waiting_senders).filter(|&waiter| waiter != NOBODY) {
            core.wake(waiter, Woken::ByPeer);
        }
        self.tell_watchers(core);
    }

    /// The messages in the queue, for which nobody will ask any more.
    pub(super) fn take_queue(&mut self) -> VecDeque<T> {
        mem::take(&mut self.queue)
    }

    /// The next message in the queue, once the run is over and nobody waits.
    pub(super) fn take_left(&mut self) -> Option<T> {
        self.queue.pop_front()
    }
}
