//! One thread or one node at a time is slowed down: `starve`.
//!
//! On a loaded machine a thread that could run waits for long while others go on, and one whose sleep is over starts late. With
//! uniform choice a thread that is ready is passed over a hundred times with a chance of 2^-100.
//!
//! A run is cut into stretches, whose lengths are drawn log-uniformly from [`STRETCH_MIN`] to [`STRETCH_MAX`] steps. In each there is a *victim*, a thread or
//! all threads of a node, and a factor, drawn log-uniformly from 2 to [`Policy::STARVE_FACTOR_MAX`]:
//!
//! - when the draw falls on a victim, it runs with a chance of one in `factor`, and otherwise somebody else does;
//! - when its wait is over, it stays as if it still waited for up to `factor` times the cost of a step, though nobody else
//!   may be ready then. This makes timers late.
//!
//! No victim waits when there is nobody to wait for: then it runs.

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::node::NodeId;
use super::policy::Policy;
use super::ready::{Ready, put};
use super::scheduler::{Clock, below};
use super::threads::NONE;

/// The shortest stretch with one victim, in steps.
const STRETCH_MIN: u64 = 1 << 5;
/// The longest.
const STRETCH_MAX: u64 = 1 << 14;

/// Who is slowed down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Thread(u32),
    Node(NodeId),
}

/// A thread as this policy knows it.
#[derive(Clone, Copy)]
struct Thread {
    node: NodeId,
    /// Until when it stays as if it still waited, in nanoseconds of global time.
    late_until: u64,
}

pub(super) struct Starve {
    ready: Ready,
    /// By slot.
    threads: Vec<Thread>,
    victim: Victim,
    factor: u64,
    /// The choices that are left of this stretch.
    left: u64,
    others: Vec<u32>,
}

impl Starve {
    pub(super) fn new() -> Self {
        Self {
            ready: Ready::default(),
            threads: Vec::new(),
            victim: Victim::Thread(NONE),
            factor: 1,
            left: 0,
            others: Vec::new(),
        }
    }

    pub(super) fn started(&mut self, slot: u32, node: NodeId) {
        let thread = Thread { node, late_until: 0 };
        put(&mut self.threads, slot, thread, thread);
        // The victim has ended, and another thread has its slot.
        if self.victim == Victim::Thread(slot) {
            self.victim = Victim::Thread(NONE);
        }
    }

    pub(super) fn insert(&mut self, slot: u32, clock: Clock, chance: &mut Xoshiro256PlusPlus) {
        self.ready.insert(slot);
        let late = if self.is_victim(slot) { chance.random_range(0..self.factor) } else { 0 };
        self.threads[slot as usize].late_until =
            clock.now.saturating_add(late.saturating_mul(clock.step_cost));
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.ready.remove(slot);
    }

    fn is_victim(&self, slot: u32) -> bool {
        match self.victim {
            Victim::Thread(victim) => slot == victim,
            Victim::Node(node) => self.threads[slot as usize].node == node,
        }
    }

    /// `None` when no thread can run, or when those that can are late and something is due before they are to run.
    pub(super) fn pick(&mut self, clock: Clock, chance: &mut Xoshiro256PlusPlus) -> Option<u32> {
        let slots = self.ready.slots();
        if slots.is_empty() {
            return None;
        }
        if self.left == 0 {
            self.choose_victim(chance);
        }
        self.left -= 1;
        let slots = self.ready.slots();
        let drawn = slots[below(chance, slots.len() as u32) as usize];
        if !self.is_victim(drawn) || (!self.is_late(drawn, clock) && chance.random_range(0..self.factor) == 0)
        {
            return Some(drawn);
        }
        let mut others = std::mem::take(&mut self.others);
        others.clear();
        others.extend(self.ready.slots().iter().copied().filter(|&slot| !self.is_victim(slot)));
        let picked = match others.len() {
            0 => self.pick_victim(drawn, clock),
            n => Some(others[below(chance, n as u32) as usize]),
        };
        self.others = others;
        picked
    }

    /// Only victims can run. One that is not late does; if all are, the clock may go on to what is due before.
    fn pick_victim(&self, drawn: u32, clock: Clock) -> Option<u32> {
        let slots = self.ready.slots();
        if let Some(&slot) = slots.iter().find(|&&slot| !self.is_late(slot, clock)) {
            return Some(if self.is_late(drawn, clock) { slot } else { drawn });
        }
        let until = slots.iter().map(|&slot| self.threads[slot as usize].late_until).min();
        match (clock.next_deadline, until) {
            (Some(deadline), Some(until)) if deadline <= until => None,
            _ => Some(drawn),
        }
    }

    fn is_late(&self, slot: u32, clock: Clock) -> bool {
        self.threads[slot as usize].late_until > clock.now
    }

    fn choose_victim(&mut self, chance: &mut Xoshiro256PlusPlus) {
        self.left = log_uniform(STRETCH_MIN, STRETCH_MAX, chance);
        self.factor = log_uniform(2, Policy::STARVE_FACTOR_MAX, chance);
        let slots = self.ready.slots();
        let slot = slots[below(chance, slots.len() as u32) as usize];
        self.victim = match below(chance, 2) {
            0 => Victim::Thread(slot),
            _ => Victim::Node(self.threads[slot as usize].node),
        };
    }
}

/// A number from `min` to `max`, both powers of two, whose binary logarithm is drawn evenly.
pub(super) fn log_uniform(min: u64, max: u64, chance: &mut Xoshiro256PlusPlus) -> u64 {
    let octave = 1u64 << chance.random_range(min.ilog2()..=max.ilog2());
    (octave + chance.random_range(0..octave)).min(max)
}
