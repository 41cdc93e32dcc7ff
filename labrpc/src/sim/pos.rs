//! Partial order sampling.
//!
//! Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling" (CAV 2018). Each operation that is about to happen has a
//! priority by chance. The highest happens, and those that it conflicts with, because they are about to do something to the
//! same object, draw again. Without the second draw, an operation that has lost against one would lose
//! against all that come soon after, and orders with few conflicts would be as rare as with a random walk.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::object::Access;
use super::ready::Ready;

/// What a thread is about to do.
#[derive(Clone, Copy)]
struct Next {
    access: Access,
    priority: u64,
}

#[derive(Default)]
pub(super) struct Pos {
    ready: Ready,
    /// By slot.
    next: Vec<Option<Next>>,
}

impl Pos {
    pub(super) fn insert(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        self.ready.insert(slot);
        // It starts, or its wait is over: an operation as any other, on nothing that is shared.
        self.announce(slot, Access::NONE, chance);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.ready.remove(slot);
    }

    /// The thread is about to do this.
    pub(super) fn announce(&mut self, slot: u32, access: Access, chance: &mut Xoshiro256PlusPlus) {
        let index = slot as usize;
        if self.next.len() <= index {
            self.next.resize(index + 1, None);
        }
        self.next[index] = Some(Next { access, priority: chance.next_u64() });
    }

    pub(super) fn pick(&mut self, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        // With the slot, so that two equal priorities are still told apart.
        let priority = |slot: u32| (self.next[slot as usize].map(|next| next.priority), slot);
        let picked = self.ready.slots().iter().copied().max_by_key(|&slot| priority(slot))?;
        let happens = self.next[picked as usize].map_or(Access::NONE, |next| next.access);
        for &slot in self.ready.slots() {
            if slot != picked
                && let Some(next) = &mut self.next[slot as usize]
                && next.access.conflicts(happens)
            {
                next.priority = chance.next_u64();
            }
        }
        Some(picked)
    }
}
