//! What channels ask of the scheduler: who can be served, and when those who wait must look again.
//!
//! A channel serves a waiting thread by doing its operation for it, and then wakes it. So a wake-up cannot be lost:
//! there is nothing that the woken thread still has to fetch before somebody else does. Only threads that could act
//! by themselves are served: those that still wait and whose node is not paused.

use super::core::Core;
use super::node::NodeId;
use super::threads::{Slot, State, Wait, Waiter, Woken};

/// One thread of a simulation, told apart from others that use its slot before or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadKey {
    pub(crate) slot: u32,
    number: u64,
}

impl Core {
    /// The thread in this slot.
    pub(crate) fn thread_key(&self, slot: u32) -> ThreadKey {
        ThreadKey { slot, number: self.threads.slot(slot).number }
    }

    /// Whether a thread will never act again.
    pub(crate) fn is_gone(&self, key: ThreadKey) -> bool {
        let slot = self.threads.slot(key.slot);
        // A slot with another number was given to a new thread after this one had ended.
        slot.number != key.number || matches!(slot.state, State::Crashed | State::Vacant)
    }

    /// Whether a thread waits, and would go on if it were woken.
    pub(crate) fn can_be_served(&self, waiter: Waiter) -> bool {
        self.threads.is_waiting(waiter) && !self.nodes[self.threads.slot(waiter.slot).node.index()].is_paused
    }

    /// Chooses one of `count` equals by the stream of the schedule.
    pub(crate) fn choose_one_of(&mut self, count: usize) -> Option<usize> {
        // Of the schedule, not of the users: which of several waiting threads is served is a matter of
        // schedule. One alone draws nothing.
        (count > 0).then(|| self.scheduler.below(count as u32) as usize)
    }

    /// A thread has crashed: those to whom it had promised a message or a place must look again. Nobody keeps a list of
    /// promises, so all who wait for channels look.
    pub(super) fn recheck_channel_waiters(&mut self) {
        self.recheck(|_, wait| wait.is_for_channel());
    }

    /// A node goes on: while it was paused nobody served its threads, and locks were given to others first.
    pub(super) fn recheck_waiters_of(&mut self, node: NodeId) {
        self.recheck(|slot, wait| slot.node == node && (wait.is_for_channel() || wait.lock().is_some()));
    }

    fn recheck(&mut self, is_meant: impl Fn(&Slot, Wait) -> bool) {
        let meant = |slot: &Slot| matches!(slot.state, State::Blocked(wait, _) if is_meant(slot, wait));
        for index in self.threads.by_age_where(meant) {
            // One too many does no harm: it finds nothing, and waits again.
            let ticket = self.threads.slot(index).ticket;
            self.wake(Waiter { slot: index, ticket }, Woken::ByPeer);
        }
    }
}
