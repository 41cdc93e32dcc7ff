//! Partial order sampling.
//!
//! Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling" (CAV 2018). Each operation that is about to happen has a
//! priority by chance. The highest happens, and those that it conflicts with, because they are about to do something to the
//! same object, draw again. Without the second draw, an operation that has lost against one would lose
//! against all that come soon after, and orders with few conflicts would be as rare as with a random walk.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::object::Access;
use super::ready::{Ready, put};

/// What a thread is about to do.
#[derive(Clone, Copy)]
struct Next {
    access: Access,
    priority: u64,
    /// The choice since which it has been so.
    since: u64,
}

#[derive(Default)]
pub(super) struct Pos {
    ready: Ready,
    /// By slot.
    next: Vec<Option<Next>>,
    choices: u64,
}

/// A thread that was passed over so often goes first. In the paper's programs each thread has few operations. Of those that poll
/// one draws at each of its own, so that somebody with a low priority would wait for as long as none of them draws a
/// lower one, and of several that change the same object all would have to at once.
const PATIENCE: u64 = 250;

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
        let next = Next { access, priority: chance.next_u64(), since: self.choices };
        put(&mut self.next, slot, Some(next), None);
    }

    pub(super) fn pick(&mut self, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        self.choices += 1;
        let picked = self.highest()?;
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

    /// Who has the highest priority, or has waited too long.
    fn highest(&self) -> Option<u32> {
        // With the slot, so that two equal priorities are still told apart.
        let key = |slot: u32| {
            let next = self.next[slot as usize];
            let waited = next.map_or(0, |next| self.choices - next.since);
            (if waited > PATIENCE { waited } else { 0 }, next.map(|next| next.priority), slot)
        };
        self.ready.slots().iter().copied().max_by_key(|&slot| key(slot))
    }
}
