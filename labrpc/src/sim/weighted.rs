//! Random walks in which a thread is as likely as it has steps left: `urw` and `surw`.
//!
//! Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing" (ASPLOS 2025). Uniform choice at each step
//! is not uniform over orders: of two threads with one step and with a hundred, it runs the one step last with a chance
//! of 2^-100. If each thread is drawn in proportion to the steps that it has left, all orders are equally likely,
//! and that one has a chance of 1/101.
//!
//! The paper counts the steps in a run beforehand. A run here follows from its seed alone, so each thread draws a guess,
//! its binary logarithm evenly up to that of [`Policy::URW_LEFT_MAX`], and draws again when it is used up. What matters is the
//! proportion of two threads: it is right within a factor of two for every sixth pair or so, and where it is wrong the
//! thread that was guessed to be long is late, as with [`starve`](super::starve).
//!
//! The *selective* walk does so for operations on some objects only. Which ones, the seed draws: an object is among them with
//! a chance of 2^-j, with j from 0 to [`DENSITIES`] for the whole run. One thread at a time is meant to do the next such operation,
//! drawn by what all have left; others that come to one wait for it. Everything else runs at random in between.

use std::collections::BTreeMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use super::object::Access;
use super::policy::Policy;
use super::ready::{Ready, put};
use super::scheduler::below;
use super::threads::NONE;

/// How many steps each thread is guessed to have left.
#[derive(Default)]
struct Guesses(Vec<u64>);

impl Guesses {
    fn started(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        let left = 1 << chance.random_range(0..=Policy::URW_LEFT_MAX.ilog2());
        put(&mut self.0, slot, left, 1);
    }

    /// One of `slots`, each as likely as it has steps left.
    fn draw(&self, slots: &[u32], chance: &mut Xoshiro256PlusPlus) -> u32 {
        let total: u64 = slots.iter().map(|&slot| self.0[slot as usize]).sum();
        let mut rest = chance.random_range(0..total);
        for &slot in slots {
            let left = self.0[slot as usize];
            if rest < left {
                return slot;
            }
            rest -= left;
        }
        unreachable!("what was drawn is less than the sum")
    }

    fn took_a_step(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        self.0[slot as usize] -= 1;
        if self.0[slot as usize] == 0 {
            self.started(slot, chance);
        }
    }
}

/// The uniform walk.
#[derive(Default)]
pub(super) struct Urw {
    pub(super) ready: Ready,
    guesses: Guesses,
}

impl Urw {
    pub(super) fn started(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        self.guesses.started(slot, chance);
    }

    pub(super) fn pick(&mut self, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        let slot = match self.ready.slots() {
            [] => return None,
            &[only] => only,
            slots => self.guesses.draw(slots, chance),
        };
        self.guesses.took_a_step(slot, chance);
        Some(slot)
    }
}

/// The greatest j of the chance 2^-j with which an object is selected.
const DENSITIES: u32 = 6;
/// After so many choices one of those that are kept back goes first. Who is meant may never do what it is meant to: it polls, and
/// waits for those that wait for it.
const PATIENCE: u32 = 1_000;
/// Each time halves it, down to this.
const PATIENCE_MIN: u32 = 4;

/// The selective walk.
pub(super) struct Surw {
    ready: Ready,
    guesses: Guesses,
    density: u32,
    /// Whether each object that was used so far is selected. By number, which is looked up and never gone through.
    objects: BTreeMap<usize, bool>,
    /// Whether the thread in each slot is about to do something with a selected object.
    is_selected: Vec<bool>,
    /// Who is meant to be the next to do so.
    intended: u32,
    /// The choices since somebody was last meant.
    waited: u32,
    /// After how many of them somebody else is meant.
    patience: u32,
    candidates: Vec<u32>,
}

impl Surw {
    pub(super) fn new(chance: &mut Xoshiro256PlusPlus) -> Self {
        Self {
            ready: Ready::default(),
            guesses: Guesses::default(),
            density: chance.random_range(0..=DENSITIES),
            objects: BTreeMap::new(),
            is_selected: Vec::new(),
            intended: NONE,
            waited: 0,
            patience: PATIENCE,
            candidates: Vec::new(),
        }
    }

    pub(super) fn started(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        self.guesses.started(slot, chance);
        put(&mut self.is_selected, slot, false, false);
    }

    pub(super) fn insert(&mut self, slot: u32, chance: &mut Xoshiro256PlusPlus) {
        self.ready.insert(slot);
        // It starts, or its wait is over, and it goes on to its first operation in one piece. Which object that is on is not
        // known.
        self.is_selected[slot as usize] = self.draw_selected(chance);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.ready.remove(slot);
    }

    fn draw_selected(&self, chance: &mut Xoshiro256PlusPlus) -> bool {
        chance.next_u32() & ((1 << self.density) - 1) == 0
    }

    /// The thread is about to do this.
    pub(super) fn announce(&mut self, slot: u32, access: Access, chance: &mut Xoshiro256PlusPlus) {
        let known = access.object().map(|object| (object, self.objects.get(&object).copied()));
        self.is_selected[slot as usize] = match known {
            None => false,
            Some((_, Some(is_selected))) => is_selected,
            Some((object, None)) => {
                let is_selected = self.draw_selected(chance);
                self.objects.insert(object, is_selected);
                is_selected
            }
        };
    }

    /// The thread gives way by name: whoever waits for it to be the next goes first.
    pub(super) fn yielded(&mut self, slot: u32) {
        if self.intended == slot {
            self.waited = self.patience;
        }
    }

    pub(super) fn pick(&mut self, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        if self.ready.slots().is_empty() {
            return None;
        }
        self.waited += 1;
        self.candidates.clear();
        if !self.ready.contains(self.intended) {
            self.intended = self.guesses.draw(self.ready.slots(), chance);
            self.waited = 0;
        } else if self.waited > self.patience {
            let is_kept_back = |slot: &u32| self.is_selected[*slot as usize];
            self.candidates.extend(self.ready.slots().iter().copied().filter(is_kept_back));
            if !self.candidates.is_empty() {
                self.intended = self.guesses.draw(&self.candidates, chance);
                // Who polls will go on to do so: the next time it need not take as long.
                self.patience = (self.patience / 2).max(PATIENCE_MIN);
            }
            self.waited = 0;
            self.candidates.clear();
        }
        let may_run = |slot: u32| !self.is_selected[slot as usize] || slot == self.intended;
        self.candidates.extend(self.ready.slots().iter().copied().filter(|&slot| may_run(slot)));
        // Never empty: who is meant can run.
        let picked = self.candidates[below(chance, self.candidates.len() as u32) as usize];
        if self.is_selected[picked as usize] {
            self.guesses.took_a_step(picked, chance);
            self.intended = NONE;
        }
        Some(picked)
    }
}
