//! What happens to whole nodes: crashes, pauses, and clocks that change their rate.

use std::sync::Arc;

use super::core::Core;
use super::node::{Node, NodeId};
use super::threads::{State, Wait, Waiter, Woken};
use super::timers::Due;

impl Core {
    pub(crate) fn add_node(&mut self, name: Arc<str>) -> NodeId {
        self.nodes.push(Node::new(name));
        NodeId::new(self.nodes.len() - 1)
    }

    fn threads_of(&self, node: NodeId) -> Vec<u32> {
        self.threads.by_age_where(|slot| slot.node == node)
    }

    /// Stops all threads of a node for good.
    pub(crate) fn crash(&mut self, node: NodeId) {
        self.nodes[node.index()].is_crashed = true;
        let crashed = self.threads_of(node);
        for &index in &crashed {
            // The policy knows the runnable threads of a node that is not paused. Those of a paused one are
            // in `kept_back`.
            if self.threads.slot(index).state == State::Runnable && !self.nodes[node.index()].is_paused {
                self.scheduler.remove(index);
            }
            let slot = self.threads.slot_mut(index);
            if let State::Blocked(Wait::WriteLock(lock), _) = slot.state {
                // Readers let it go first. Who waits to upgrade holds the lock, and its waiters are woken for that.
                slot.woken_for = Some(lock);
            }
            slot.state = State::Crashed;
            // Its timer, and whoever has its ticket, must not find it waiting.
            slot.ticket = slot.ticket.wrapping_add(1);
        }
        self.nodes[node.index()].kept_back.clear();
        // They look at this node and lock the network, so they wait for the run loop.
        let calls = std::mem::take(&mut self.nodes[node.index()].on_crash);
        self.calls.extend(calls);
        // Only when all of them are stopped: a lock must not be passed on to a thread that crashes in the
        // same moment.
        let blocked = self.threads.by_age_where(|slot| matches!(slot.state, State::Blocked(..)));
        for &index in &crashed {
            self.wake_waiters_of(index, &blocked);
        }
        self.recheck_channel_waiters();
    }

    /// Wakes whoever waits for a thread that will not run again: for a lock that it holds, for a lock that it was
    /// woken to take, or for its end. `blocked` are the threads that may do so, the oldest first.
    fn wake_waiters_of(&mut self, index: u32, blocked: &[u32]) {
        let slot = self.threads.slot_mut(index);
        let number = slot.number;
        let mut locks: Vec<usize> = slot.held.iter().map(|held| held.lock).collect();
        locks.extend(slot.woken_for.take());
        // All who wait, not one. The locks are still marked as held, and whoever tries first takes them away;
        // who that is, is for the policy to choose. One that was woken alone could crash before it runs, and
        // as no `woken_for` tells of this wake-up, nobody would wake the next.
        for &other in blocked {
            let slot = self.threads.slot(other);
            let waits_for_it = match slot.state {
                State::Blocked(Wait::Join(joined), _) => joined == number,
                State::Blocked(wait, _) => wait.lock().is_some_and(|lock| locks.contains(&lock)),
                _ => false,
            };
            if waits_for_it {
                self.wake(Waiter { slot: other, ticket: slot.ticket }, Woken::ByPeer);
            }
        }
    }

    /// Keeps all threads of a node from running until it is resumed. Time goes on.
    pub(crate) fn pause(&mut self, node: NodeId) {
        if self.nodes[node.index()].is_paused {
            return;
        }
        for index in self.threads_of(node) {
            if self.threads.slot(index).state != State::Runnable {
                continue;
            }
            self.scheduler.remove(index);
            self.nodes[node.index()].kept_back.push(index);
        }
        // Before the locks are looked after, so that none is passed on to a thread of this node.
        self.nodes[node.index()].is_paused = true;
        for index in self.nodes[node.index()].kept_back.clone() {
            // The thread stays in charge as well: if it is crashed before it goes on, all look again.
            // Otherwise: A gives a lock back and wakes B; B's node is paused before B runs; C waits for a
            // lock that nobody holds.
            if let Some(lock) = self.threads.slot(index).woken_for {
                self.wake_another_for(lock);
            }
        }
    }

    /// A lock is free, and the thread that was to have it is paused: wakes one that is not.
    fn wake_another_for(&mut self, lock: usize) {
        let next = self.threads.by_age().into_iter().find(|&index| {
            let slot = self.threads.slot(index);
            let waits = matches!(slot.state, State::Blocked(wait, _) if wait.lock() == Some(lock));
            waits && !self.nodes[slot.node.index()].is_paused
        });
        if let Some(index) = next {
            let ticket = self.threads.slot(index).ticket;
            self.wake(Waiter { slot: index, ticket }, Woken::ByPeer);
            self.threads.slot_mut(index).woken_for = Some(lock);
        }
    }

    /// Lets a paused node go on.
    pub(crate) fn unpause(&mut self, node: NodeId) {
        self.nodes[node.index()].is_paused = false;
        // In the order in which they became runnable, which first-in-first-out goes by.
        for index in std::mem::take(&mut self.nodes[node.index()].kept_back) {
            self.insert(index);
        }
        self.recheck_waiters_of(node);
    }

    /// Changes how fast a node's clock runs, and sets the deadlines of its threads anew.
    pub(crate) fn set_clock_rate(&mut self, node: NodeId, ppm: u32) {
        let now = self.now;
        self.nodes[node.index()].set_clock_rate(ppm, now);
        for index in self.threads_of(node) {
            let slot = self.threads.slot(index);
            if slot.has_deadline && matches!(slot.state, State::Blocked(..)) {
                // The wait goes on under its old ticket, which others may hold. The old timer may come too early;
                // then it is ignored.
                let waiter = Waiter { slot: index, ticket: slot.ticket };
                let deadline = self.nodes[node.index()].global(slot.local_deadline, now);
                self.timers.set(deadline, Due::Wake(waiter));
            }
        }
    }
}
