//! How a simulated thread waits for a read-write lock.

use std::num::NonZeroU64;
use std::panic::Location;

use super::real::Real;
use crate::sim::context::{self, with_core};
use crate::sim::core::Core;
use crate::sim::end_of_run;
use crate::sim::event::Kind;
use crate::sim::hold::Hold;
use crate::sim::lock_owners::Attempt;
use crate::sim::misuse::{fail_foreign, fail_not_owned, fail_shared};
use crate::sim::object::{ObjectId, On};
use crate::sim::steps;
use crate::sim::threads::{Side, Slot, State, Wait, Woken};
use crate::sim::wait_list::WaitList;

/// What a thread wants of a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// A side.
    Take(Side),
    /// It has this hold of the upgradable side, and wants the exclusive one instead.
    Upgrade(NonZeroU64),
}

/// Who waits for a lock, and its name.
pub(super) struct Simulated {
    waiting: WaitList,
    number: ObjectId,
    /// Readers do not wait for a writer that waits.
    are_readers_first: bool,
}

impl Simulated {
    pub(super) const fn new(are_readers_first: bool) -> Self {
        Self { waiting: WaitList::new(), number: ObjectId::new(), are_readers_first }
    }

    /// What tells this lock from all others.
    fn id(&self) -> usize {
        self.number.get()
    }

    fn access(&self, goal: Goal) -> On<'_> {
        match goal {
            Goal::Take(Side::Shared) => On::Reads(&self.number),
            Goal::Take(Side::Upgradable | Side::Exclusive) | Goal::Upgrade(_) => On::Changes(&self.number),
        }
    }

    fn wait_for(&self, goal: Goal) -> Wait {
        match goal {
            Goal::Take(Side::Shared | Side::Upgradable) => Wait::Lock(self.id()),
            Goal::Take(Side::Exclusive) => Wait::WriteLock(self.id()),
            Goal::Upgrade(_) => Wait::Upgrade(self.id()),
        }
    }

    /// Whether somebody who wants `goal` has to wait because a writer waits, which would never have its turn among readers
    /// that come and go.
    fn lets_a_writer_go_first(&self, core: &Core, goal: Goal) -> bool {
        let lock = self.id();
        match goal {
            Goal::Take(Side::Exclusive) | Goal::Upgrade(_) => return false,
            Goal::Take(Side::Shared) if self.are_readers_first => return false,
            Goal::Take(Side::Shared | Side::Upgradable) => {}
        }
        if !self.waiting.any(core, |wait| matches!(wait, Wait::WriteLock(_) | Wait::Upgrade(_))) {
            return false;
        }
        let has_upgradable =
            |slot: &&Slot| slot.held.iter().any(|held| held.lock == lock && held.side == Side::Upgradable);
        match core.threads.slots.iter().find(has_upgradable) {
            None => true,
            // It may write next, and nobody else. As with parking_lot's, a writer that waits behind it holds up no reader:
            // the holder may be a reader as well, or wait for one, and that would be a deadlock.
            Some(slot) => {
                matches!(slot.state, State::Blocked(Wait::Upgrade(upgraded), _) if upgraded == lock)
            }
        }
    }

    fn attempt(
        &self,
        real: &dyn Real,
        core: &mut Core,
        goal: Goal,
        location: &'static Location<'static>,
    ) -> Attempt {
        let lock = self.id();
        let own = match goal {
            Goal::Upgrade(hold) => Some(hold),
            Goal::Take(_) => None,
        };
        if own.is_some_and(|hold| !core.has_hold(hold)) {
            // Another thread took it, and that one's hold must not be changed behind its back.
            return Attempt::NotOwned;
        }
        // When the run is over nobody waits for his turn any more.
        if self.lets_a_writer_go_first(core, goal) && !core.is_over {
            return Attempt::Busy;
        }
        if !try_real(real, goal) {
            // Unlike a mutex's, a hold that is taken away may be one of several. So each is given back, and
            // the lock is tried again: living readers may still be inside.
            // SAFETY: the slot of the evicted thread listed the hold, and does no more.
            core.evict(lock, |side| unsafe { real.release(side) });
            if !try_real(real, goal) {
                return core.why_refused(lock, own);
            }
        }
        Attempt::Taken(match goal {
            Goal::Take(side) => core.add_hold(lock, side, location),
            Goal::Upgrade(hold) => core.upgrade_hold(hold, location),
        })
    }

    /// Waits for the lock, at most until `deadline`. `None` when it has passed.
    #[inline(never)]
    pub(super) fn lock(
        &self,
        real: &dyn Real,
        goal: Goal,
        deadline: Option<u64>,
        location: &'static Location<'static>,
    ) -> Option<Hold> {
        steps::step_to_lock(Kind::Lock, self.access(goal), location);
        // As with the mutex, an attempt follows every wait: all who waited were woken, and only some of them
        // get in.
        loop {
            match with_core(|core| self.attempt(real, core, goal, location)) {
                Attempt::Taken(hold) => return Some(hold),
                // Nobody will ever give it back, and to let the thread in would make two guards of one lock.
                Attempt::HeldByCaller(_) if context::is_over() => end_of_run::leave(),
                Attempt::Busy | Attempt::HeldByCaller(_) => {}
                Attempt::Foreign => fail_foreign(location),
                Attempt::NotOwned => fail_not_owned(location),
            }
            if !with_core(|core| self.waiting.push_current(core)) {
                fail_shared(location);
            }
            let woken = steps::wait(self.wait_for(goal), deadline, location);
            with_core(|core| self.waiting.leave(core));
            if woken == Woken::ByDeadline {
                with_core(|core| {
                    // Readers stand behind a writer that waits. This one gives up, and nobody else would tell
                    // them.
                    self.wake_all(core);
                    core.locking_ends();
                });
                return None;
            }
        }
    }

    pub(super) fn try_lock(
        &self,
        real: &dyn Real,
        goal: Goal,
        location: &'static Location<'static>,
    ) -> Option<Hold> {
        steps::step_to_lock(Kind::TryLock, self.access(goal), location);
        match with_core(|core| self.attempt(real, core, goal, location)) {
            Attempt::Taken(hold) => Some(hold),
            _ => {
                with_core(Core::locking_ends);
                None
            }
        }
    }

    /// # Safety
    ///
    /// The hold is one of this lock, of `real`, which the caller does not use any more.
    pub(super) unsafe fn unlock(&self, real: &dyn Real, hold: &Hold) {
        with_core(|core| {
            if core.release_hold(hold.number()) {
                // SAFETY: the hold was listed, or was neither taken away nor released before. So the real lock is
                // held on its behalf.
                unsafe { real.release(hold.side()) };
                // Whether one writer or several readers are next is not decided here but by who runs first.
                // And as all are woken, nobody waits for one that is paused or crashes before it runs.
                self.wake_all(core);
            }
        });
    }

    /// Makes a hold one of a side that excludes less. No step, as to give a lock back is none.
    ///
    /// # Safety
    ///
    /// The hold is one of this lock, of `real`.
    pub(super) unsafe fn downgrade(&self, real: &dyn Real, hold: &Hold, to: Side) {
        with_core(|core| {
            if core.downgrade_hold(hold.number(), to) {
                // SAFETY: as in `unlock`; and where it was listed it is of the other side now.
                unsafe { real.lower(hold.side(), to) };
                self.wake_all(core);
            }
        });
    }

    /// All who wait look again; the policy decides who is first.
    fn wake_all(&self, core: &mut Core) {
        while let Some(waiter) = self.waiting.pop(core) {
            core.wake(waiter, Woken::ByPeer);
        }
    }
}

fn try_real(real: &dyn Real, goal: Goal) -> bool {
    match goal {
        Goal::Take(side) => real.try_take(side),
        // SAFETY: only `attempt` calls this, which has seen that the running thread's slot lists the upgradable side. So
        // the real lock is held on its behalf.
        Goal::Upgrade(_) => unsafe { real.try_make_exclusive() },
    }
}
