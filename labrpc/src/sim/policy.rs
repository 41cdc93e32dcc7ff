//! Who runs next: the scheduling policies.
//!
//! A policy keeps the set of threads that can run, the running one among them, and picks one at every step. It
//! decides; it knows neither time nor what threads do.

use std::collections::VecDeque;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use super::pct::Pct;
use super::preemptions::{Filter, Preemptions};
use super::threads::{NONE, Threads};

/// A scheduling policy, chosen with [`Sim::policy`](super::Sim::policy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// At every step each thread that can run is as likely as any other. Finds most bugs soonest; the default.
    #[default]
    Random,
    /// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): threads have random priorities, the
    /// highest that can run runs, and at `depth - 1` random steps the running thread falls behind all others. The paper
    /// draws these steps from the length of the run, which is not known beforehand. So half of the seeds draw the length as
    /// well, from [`Policy::PCT_HORIZON_MIN`] to [`Policy::PCT_HORIZON_MAX`]; the others change priorities more
    /// often, in stretches that double. Finds bugs that need a few preemptions at just the right places, or a thread that
    /// waits for long though it could run: uniform choice makes both unlikely.
    Pct {
        /// How many orderings the bug needs: from 1 to [`Policy::PCT_DEPTH_MAX`], and what is above counts as that. 2 or 3
        /// finds most.
        depth: u32,
    },
    /// First in, first out: a thread runs until it waits or gives way by name
    /// ([`yield_now`](crate::thread::yield_now)). The easiest schedule to read, and the one that explores least.
    Fifo,
}

impl Policy {
    /// The least number of steps from which [`Policy::Pct`] draws its changes.
    pub const PCT_HORIZON_MIN: u64 = 8;
    /// The greatest such number: about as many as a test of the suites takes at most.
    pub const PCT_HORIZON_MAX: u64 = 1 << 20;
    /// The length to which stretches of [`Policy::Pct`] grow in seeds that do not draw it, in steps.
    pub const PCT_STRETCH_MAX: u64 = 8_192;
    /// The greatest depth of [`Policy::Pct`]. The paper's chance to find a bug of depth d among k steps is 1 / k^(d - 1), so
    /// no known bug needs a tenth of this. And every step looks at all changes of its stretch: with millions a run would
    /// take hours, and be taken for one that hangs.
    pub const PCT_DEPTH_MAX: u32 = 100;
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::Pct { depth } => write!(f, "pct:{depth}"),
            Self::Fifo => f.write_str("fifo"),
        }
    }
}

/// A text that names no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a scheduling policy: write random, fifo, pct or pct:DEPTH with a depth from 1 to {max}, say pct:3 (bugs need \
     few changes of order, and every step pays for each)",
    max = Policy::PCT_DEPTH_MAX
)]
pub struct ParsePolicyError(String);

impl std::str::FromStr for Policy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "random" => Ok(Self::Random),
            None if text == "fifo" => Ok(Self::Fifo),
            None if text == "pct" => Ok(Self::Pct { depth: 3 }),
            Some(("pct", depth)) => match depth.parse() {
                Ok(depth) if (1..=Self::PCT_DEPTH_MAX).contains(&depth) => Ok(Self::Pct { depth }),
                _ => Err(ParsePolicyError(text.into())),
            },
            _ => Err(ParsePolicyError(text.into())),
        }
    }
}

/// The set of threads that can run, and the choice among them.
pub(crate) struct Scheduler {
    chance: Xoshiro256PlusPlus,
    kind: Kind,
    /// Has the last word, if there is one.
    filter: Option<Filter>,
}

enum Kind {
    Random { ready: Vec<u32> },
    Pct(Pct),
    Fifo { ready: VecDeque<u32> },
}

impl Scheduler {
    pub(crate) fn new(policy: Policy, seed: u64, preemptions: &Preemptions) -> Self {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        let kind = match policy {
            Policy::Random => Kind::Random { ready: Vec::new() },
            Policy::Fifo => Kind::Fifo { ready: VecDeque::new() },
            Policy::Pct { depth } => Kind::Pct(Pct::new(depth, &mut chance)),
        };
        Self { chance, kind, filter: Filter::new(preemptions) }
    }

    /// A number below `bound`, from the stream of the schedule.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 { 0 } else { below(&mut self.chance, bound) }
    }

    /// A new thread is in this slot. It is not ready yet.
    pub(crate) fn started(&mut self, slot: u32) {
        if let Kind::Pct(pct) = &mut self.kind {
            pct.started(slot, &mut self.chance);
        }
    }

    /// The thread can run from now on.
    pub(crate) fn insert(&mut self, slot: u32, threads: &mut Threads) {
        if let Some(filter) = &mut self.filter {
            filter.insert(slot);
        }
        match &mut self.kind {
            Kind::Random { ready } => {
                // The place is kept with the thread, so that a thread that waits is taken out without a
                // search. The order in this list means nothing, but it follows from the run alone, and so
                // does what a draw picks from it.
                threads.slot_mut(slot).place = ready.len() as u32;
                ready.push(slot);
            }
            Kind::Pct(pct) => pct.insert(slot),
            Kind::Fifo { ready } => ready.push_back(slot),
        }
    }

    /// The thread cannot run any more.
    pub(crate) fn remove(&mut self, slot: u32, threads: &mut Threads) {
        if let Some(filter) = &mut self.filter {
            filter.remove(slot);
        }
        match &mut self.kind {
            Kind::Random { ready } => {
                let place = threads.slot(slot).place as usize;
                ready.swap_remove(place);
                if let Some(&moved) = ready.get(place) {
                    threads.slot_mut(moved).place = place as u32;
                }
                threads.slot_mut(slot).place = NONE;
            }
            Kind::Pct(pct) => pct.remove(slot),
            Kind::Fifo { ready } => {
                // The running thread is the first; anybody else is removed by a crash or a pause only.
                if ready.front() == Some(&slot) {
                    ready.pop_front();
                } else {
                    ready.retain(|&other| other != slot);
                }
            }
        }
    }

    /// Picks the thread that runs next; `None` when none can.
    pub(crate) fn pick(&mut self) -> Option<u32> {
        let picked = self.pick_by_policy();
        match &mut self.filter {
            None => picked,
            Some(filter) => picked.map(|picked| filter.decide(picked)),
        }
    }

    /// The numbers of the preemptions that happened, if they were asked for.
    pub(crate) fn take_preemptions(&mut self) -> Vec<u64> {
        self.filter.as_mut().map_or_else(Vec::new, Filter::take_happened)
    }

    #[inline]
    fn pick_by_policy(&mut self) -> Option<u32> {
        match &mut self.kind {
            Kind::Random { ready } => match ready.len() {
                0 => None,
                // No choice, no draw: long stretches in which one thread runs are then free.
                1 => Some(ready[0]),
                n => Some(ready[below(&mut self.chance, n as u32) as usize]),
            },
            Kind::Pct(pct) => pct.pick(&mut self.chance),
            Kind::Fifo { ready } => ready.front().copied(),
        }
    }

    /// The running thread gives way by name, or has run so long that the others must get their turn.
    pub(crate) fn yielded(&mut self, slot: u32) {
        if let Some(filter) = &mut self.filter {
            filter.yielded(slot);
        }
        match &mut self.kind {
            // At the next step any other is as likely as it is; more cannot be asked of this policy.
            Kind::Random { .. } => {}
            Kind::Pct(pct) => pct.demote(slot),
            Kind::Fifo { ready } => {
                if ready.front() == Some(&slot) {
                    ready.rotate_left(1);
                }
            }
        }
    }
}

/// A number below `bound`. Among `n` threads some are likelier than others by one part in 2^32 / n, which nobody will
/// ever see; to be exact would cost three times as much, at every step.
#[inline]
fn below(chance: &mut Xoshiro256PlusPlus, bound: u32) -> u32 {
    ((u64::from(chance.next_u32()) * u64::from(bound)) >> 32) as u32
}
