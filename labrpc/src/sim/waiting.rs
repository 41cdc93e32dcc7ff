//! How a thread begins to wait, and how it is woken.

use std::panic::Location;

use super::core::Core;
use super::event::Kind;
use super::threads::{State, Wait, Waiter, Woken};
use super::timers::Due;

impl Core {
    /// A claim on the wait that the running thread is about to begin.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter { slot: self.current, ticket: self.threads.slot(self.current).ticket }
    }

    /// The running thread begins to wait, at most until `deadline` on its node's clock.
    pub(crate) fn begin_wait(
        &mut self,
        wait: Wait,
        deadline: Option<u64>,
        location: &'static Location<'static>,
    ) {
        // Threads that this wakes run later, and calls that fall due wait for the run loop. So nothing comes
        // between the caller's last look at what it waits for and the wait, and no wake-up is lost there.
        self.pass_time();
        self.record(Kind::Block, 0, location);
        self.steps_in_a_row = 0;
        let current = self.current;
        let waiter = self.waiter();
        let slot = self.threads.slot_mut(current);
        slot.state = State::Blocked(wait, location);
        slot.looks = 0;
        slot.last_step = Some(location);
        slot.has_deadline = deadline.is_some();
        // On the node's clock as well, so that the timer can be set anew if that clock changes its rate.
        slot.local_deadline = deadline.unwrap_or(0);
        let node = slot.node;
        self.scheduler.remove(current);
        if let Some(deadline) = deadline {
            let deadline = self.nodes[node.index()].global(deadline, self.now);
            self.timers.set(deadline, Due::Wake(waiter));
        }
    }

    /// Wakes a thread, if it still waits for what `waiter` stands for. Returns nothing: a late wake is normal.
    pub(crate) fn wake(&mut self, waiter: Waiter, woken: Woken) {
        if !self.threads.is_waiting(waiter) {
            return;
        }
        let slot = self.threads.slot_mut(waiter.slot);
        slot.state = State::Runnable;
        // Whoever holds the old ticket comes too late from now on: the timer, if a peer was first; the peer,
        // if the timer was. And what a channel or a lock still has in its list cannot end the thread's next
        // wait.
        slot.ticket = slot.ticket.wrapping_add(1);
        slot.woken = woken;
        let had_timer = std::mem::take(&mut slot.has_deadline) && woken != Woken::ByDeadline;
        // It can run, and no more. The waker goes on; who is next is chosen at its next step.
        self.make_ready(waiter.slot);
        if had_timer {
            let threads = &self.threads;
            // After the ticket has changed, because the timers ask the table which of them are still of use.
            self.timers.one_is_stale(|waiter| threads.is_waiting(waiter));
        }
    }
}
