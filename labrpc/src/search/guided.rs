//! A search that goes on from runs that showed something new.
//!
//! Chance alone begins anew with each run, and what takes several unlikely steps one after the other is as unlikely as their
//! product. A run that made the first of them is worth keeping: to go on from where it showed something new with other
//! chance makes the second as likely as it is by itself. Fuzzers do so with inputs, Mallory (Meng et al., CCS 2023) with faults. Here
//! the whole of a run's chance is one seed, so a *candidate* is a seed, a step, and the seed from there on, and its replay
//! line says it all.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::novelty::Novelty;
use crate::sim::{Covered, Policy};

/// So many runs are kept to go on from; the oldest are forgotten.
const KEPT_MAX: usize = 512;
/// So many of the steps at which a run showed something new are kept.
const STEPS_MAX: usize = 64;

/// A run to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its seed.
    pub seed: u64,
    /// Its policy: the portfolio, or one that [continues](Policy::Continued) a run that was kept.
    pub policy: Policy,
}

/// A run that showed something new.
#[derive(Clone, Debug)]
struct Kept {
    candidate: Candidate,
    /// The steps at which it did.
    steps: Vec<u64>,
}

/// How often one way to choose has led to something new lately.
#[derive(Clone, Copy, Debug, Default)]
struct Yield {
    runs: u32,
    new: u32,
}

impl Yield {
    fn count(&mut self, is_new: bool) {
        self.runs += 1;
        self.new += u32::from(is_new);
        // What was long ago says little: a program has only so much that is easy to find.
        if self.runs == MEMORY {
            self.runs /= 2;
            self.new /= 2;
        }
    }

    /// In thousandths. Of nothing, one run that was new is taken for granted.
    fn rate(self) -> u32 {
        1_000 * (self.new + u32::from(self.runs == 0)) / self.runs.max(1)
    }
}

/// After so many runs what is known of a way to choose is halved.
const MEMORY: u32 = 64;
/// At least and at most so many of a thousand runs go on from one that was kept.
const CONTINUED_MIN: u32 = 100;
const CONTINUED_MAX: u32 = 750;

/// Chooses the runs of a search, and learns from them. The same answers give the same choices.
#[derive(Clone, Debug)]
pub struct Guided {
    chance: Xoshiro256PlusPlus,
    kept: Vec<Kept>,
    novelty: Novelty,
    /// What runs with a seed of their own from the beginning have led to.
    fresh: Yield,
    /// What those have that go on from another.
    continued: Yield,
}

impl Guided {
    /// A search whose choices come from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Xoshiro256PlusPlus::seed_from_u64(seed),
            kept: Vec::new(),
            novelty: Novelty::default(),
            fresh: Yield::default(),
            continued: Yield::default(),
        }
    }

    /// The next run. `seed` must not have been given before. A run has it from its beginning on, or from the step on at which it
    /// leaves a run that was kept: each in proportion to what it has led to lately, so that a program in which nothing leads
    /// on is searched by the portfolio.
    pub fn next(&mut self, seed: u64) -> Candidate {
        let fresh = Candidate { seed, policy: Policy::Portfolio };
        let (going_on, anew) = (self.continued.rate(), self.fresh.rate());
        let share = (1_000 * going_on / (going_on + anew).max(1)).clamp(CONTINUED_MIN, CONTINUED_MAX);
        if self.kept.is_empty() || self.chance.random_range(0..1_000) >= share {
            return fresh;
        }
        // What is new most lately is likeliest to lead on.
        let len = self.kept.len();
        let from = if self.chance.random_range(0..2) == 0 { len.saturating_sub(8) } else { 0 };
        let kept = &self.kept[self.chance.random_range(from..len)];
        let after = 1u64 << self.chance.random_range(0..8);
        let step =
            kept.steps[self.chance.random_range(0..kept.steps.len())] + self.chance.random_range(0..after);
        let Candidate { seed: first, policy } = kept.candidate;
        if policy.continuations_before(step) >= Policy::CONTINUATIONS_MAX {
            return fresh;
        }
        Candidate { seed: first, policy: policy.then(step, seed, Policy::Portfolio) }
    }

    /// A run was made, and covered this. Returns how much of it is new.
    pub fn learn(&mut self, candidate: Candidate, covered: &[Covered]) -> usize {
        let is_new = |covered: &&Covered| self.novelty.is_new(covered.feature);
        let mut steps: Vec<u64> = covered.iter().filter(is_new).map(|covered| covered.step).collect();
        self.novelty.add(covered.iter().map(|covered| covered.feature));
        let new = steps.len();
        match candidate.policy {
            Policy::Continued(_) => self.continued.count(new > 0),
            _ => self.fresh.count(new > 0),
        }
        if new > 0 {
            steps.sort_unstable();
            steps.dedup();
            // The latest: what came before led there.
            steps.drain(..steps.len().saturating_sub(STEPS_MAX));
            if self.kept.len() == KEPT_MAX {
                self.kept.remove(0);
            }
            self.kept.push(Kept { candidate, steps });
        }
        new
    }

    /// What the runs so far have covered.
    #[must_use]
    pub fn into_novelty(self) -> Novelty {
        self.novelty
    }
}
