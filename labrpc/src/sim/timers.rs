//! What happens later: a heap of deadlines, the earliest first and, within one instant, the one that was set
//! first. Nothing else orders them, so two runs agree.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::threads::Waiter;

/// What a timer does when it is due.
pub(crate) enum Due {
    /// Wakes a thread that waits with a deadline, unless it was woken before.
    Wake(Waiter),
    /// Runs a function in the run loop. It must not block.
    Call(Box<dyn FnOnce()>),
}

struct Timer {
    /// Global virtual time, in nanoseconds.
    deadline: u64,
    /// The order in which timers were set; breaks ties.
    sequence: u64,
    due: Due,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    /// The earlier timer is the greater one, because the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal deadlines are common: all who begin to sleep for a second in one step. What a heap gives
        // first among equals depends on what else is in it, so a timer of somebody else's would change who
        // wakes first. With the sequence number no two timers are equal.
        (other.deadline, other.sequence).cmp(&(self.deadline, self.sequence))
    }
}

/// The timers of one simulation.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Timer>,
    sequence: u64,
    /// Timers in the heap whose thread was woken by something else. They are harmless, but they take room.
    stale: usize,
}

impl Timers {
    pub(crate) fn set(&mut self, deadline: u64, due: Due) {
        self.sequence += 1;
        self.heap.push(Timer { deadline, sequence: self.sequence, due });
    }

    /// When the next timer is due; it may be a stale one.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.heap.peek().map(|timer| timer.deadline)
    }

    /// Takes the next timer if it is due at `now`.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<Due> {
        if self.heap.peek()?.deadline > now {
            return None;
        }
        self.heap.pop().map(|timer| timer.due)
    }

    /// A timer's thread was woken before its deadline. When most timers are of that kind, those that
    /// `is_live` does not know are swept out, so that the heap is never more than twice what it must be.
    pub(crate) fn one_is_stale(&mut self, is_live: impl Fn(Waiter) -> bool) {
        self.stale += 1;
        // Each sweep looks at all timers and takes out half of them at least, so it is paid for by those that
        // were set. What is left comes in the same order as before, since no two timers are equal.
        if self.stale > 64 && self.stale * 2 > self.heap.len() {
            self.heap.retain(|timer| match timer.due {
                Due::Wake(waiter) => is_live(waiter),
                Due::Call(_) => true,
            });
            self.stale = 0;
        }
    }

    /// A stale timer came up by itself.
    pub(crate) fn stale_one_is_gone(&mut self) {
        self.stale = self.stale.saturating_sub(1);
    }

    /// Drops every timer and hands out the calls among them, so that the caller can drop them where their
    /// destructors may run.
    pub(crate) fn drain(&mut self) -> Vec<Box<dyn FnOnce()>> {
        let call = |timer: Timer| match timer.due {
            Due::Call(call) => Some(call),
            Due::Wake(_) => None,
        };
        self.heap.drain().filter_map(call).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_by_deadline_and_ties_in_the_order_set() {
        let mut timers = Timers::default();
        for (deadline, ticket) in [(20, 0), (10, 1), (20, 2), (10, 3)] {
            timers.set(deadline, Due::Wake(Waiter { slot: 0, ticket }));
        }
        let mut order = Vec::new();
        while let Some(Due::Wake(waiter)) = timers.take_due(20) {
            order.push(waiter.ticket);
        }
        assert_eq!(order, [1, 3, 0, 2]);
    }

    #[test]
    fn stale_timers_do_not_pile_up() {
        let mut timers = Timers::default();
        for ticket in 0..10_000 {
            timers.set(1_000, Due::Wake(Waiter { slot: 0, ticket }));
            timers.one_is_stale(|_| false);
        }
        assert!(timers.heap.len() <= 130, "{} timers are kept, all of them stale", timers.heap.len());
    }
}
