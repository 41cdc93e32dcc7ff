//! Probabilistic concurrency testing: priorities by chance, and few changes of them.
//!
//! Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs" (ASPLOS 2010). Each thread has a
//! priority, drawn when it starts, and the highest that can run runs. At `d - 1` steps, drawn from the first `k` of the
//! run, the running thread falls behind all that have not fallen; in which order those stand that have is drawn as well. A bug of
//! depth d is one that some d ordered steps make happen: a run of at most k steps and n threads shows it with a chance
//! of at least 1 / (n k^(d - 1)).
//!
//! # The length of the run
//!
//! The paper knows k. Here nobody does: it goes from the ten steps of a small program to millions of a cluster. So
//! each seed draws for itself how it spreads its changes, half of them in each of two ways:
//!
//! - *Patient*: k is drawn first, its binary logarithm evenly between those of [`Policy::PCT_HORIZON_MIN`] and
//!   [`Policy::PCT_HORIZON_MAX`], and after k steps the next k begin. For a run of s steps, up to that maximum, every 18th
//!   patient seed has a k from s to 2 s. So the bound of the paper holds with a factor of 1/36 and with 2 s for k. Longer
//!   runs have none: they begin each stretch with the order that the one before has left. Only this way finds
//!   what happens when a thread that is ready waits for long: one that is starved for a hundred steps needs a hundred
//!   steps without a change.
//! - *Restless*: stretches double from [`Policy::PCT_HORIZON_MIN`] up to [`Policy::PCT_STRETCH_MAX`], and each has its `d - 1`
//!   changes. A short run gets its changes without luck in k, and so does each part of a long one.
//!
//! Threads that give way by name, or run for thousands of steps without a wait, fall as well: the paper's programs do not poll.

use std::collections::BTreeSet;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use super::policy::Policy;
use super::ready::put;

/// Starting priorities are drawn from here up; demoted threads are below.
const FIRST_PRIORITY: u64 = 1 << 62;

pub(super) struct Pct {
    /// (priority, slot) of each thread that can run; the greatest runs.
    ready: BTreeSet<(u64, u32)>,
    /// The priority of the thread in each slot, drawn when it first becomes ready.
    priorities: Vec<u64>,
    depth: u32,
    /// The lowest priority given so far. It goes down by the changes of each stretch and by each thread that gives way, so
    /// that these are behind all before them. Starting priorities are above all of them.
    lowest: u64,
    /// The steps at which the priorities of this stretch change, and the priority that whoever falls then gets.
    changes: Vec<(u64, u64)>,
    step: u64,
    /// The step at which the current stretch ends.
    end: u64,
    /// The length of the next one.
    stretch: u64,
    is_patient: bool,
}

impl Pct {
    pub(super) fn new(depth: u32, chance: &mut Xoshiro256PlusPlus) -> Self {
        let (min, max) = (Policy::PCT_HORIZON_MIN.ilog2(), Policy::PCT_HORIZON_MAX.ilog2());
        let is_patient = chance.random_range(0..2) == 0;
        let stretch = if is_patient {
            let octave = 1 << chance.random_range(min..=max);
            octave + chance.random_range(0..octave)
        } else {
            Policy::PCT_HORIZON_MIN
        };
        Self {
            ready: BTreeSet::new(),
            priorities: Vec::new(),
            depth: depth.min(Policy::PCT_DEPTH_MAX),
            lowest: FIRST_PRIORITY,
            changes: Vec::new(),
            step: 0,
            end: 0,
            stretch,
            is_patient,
        }
    }

    pub(super) fn started(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        // A free draw for each thread, not a place in a list of known length: threads come at any time.
        put(&mut self.priorities, slot, FIRST_PRIORITY | (chance.next_u64() >> 2), 0);
    }

    pub(super) fn insert(&mut self, slot: u32) {
        // With the slot, so that two equal priorities are still told apart, and in the same way in every run.
        self.ready.insert((self.priorities[slot as usize], slot));
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.ready.remove(&(self.priorities[slot as usize], slot));
    }

    pub(super) fn pick(&mut self, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        self.count_step(chance);
        self.ready.last().map(|&(_, slot)| slot)
    }

    fn count_step(&mut self, chance: &mut Xoshiro256PlusPlus) {
        // A new stretch. Its changes are drawn at its beginning, so that each step of it is as likely as any
        // other.
        if self.step == self.end {
            self.end += self.stretch;
            self.changes.clear();
            // Below all that have fallen before, in an order of their own.
            let count = u64::from(self.depth.saturating_sub(1));
            self.lowest -= count;
            let mut priorities: Vec<u64> = (self.lowest..self.lowest + count).collect();
            while let Some(last) = priorities.len().checked_sub(1) {
                let priority = priorities.swap_remove(chance.random_range(0..=last));
                self.changes.push((chance.random_range(self.step..self.end), priority));
            }
            if !self.is_patient {
                self.stretch = (self.stretch * 2).min(Policy::PCT_STRETCH_MAX);
            }
        }
        // All of them, because two changes may have been drawn for one step: then the two highest fall.
        for place in 0..self.changes.len() {
            let (step, priority) = self.changes[place];
            if step == self.step
                && let Some(&(_, slot)) = self.ready.last()
            {
                self.set_priority(slot, priority);
            }
        }
        self.step += 1;
    }

    /// A thread gives way by name: it falls behind all others.
    pub(super) fn demote(&mut self, slot: u32) {
        self.lowest -= 1;
        self.set_priority(slot, self.lowest);
    }

    fn set_priority(&mut self, slot: u32, priority: u64) {
        let before = std::mem::replace(&mut self.priorities[slot as usize], priority);
        if self.ready.remove(&(before, slot)) {
            self.ready.insert((priority, slot));
        }
    }
}
