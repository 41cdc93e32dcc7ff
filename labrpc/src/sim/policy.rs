//! Who runs next: the scheduling policies.
//!
//! A policy keeps the set of threads that can run, the running one among them, and picks one at every step. It
//! decides; it knows neither time nor what threads do.

use std::collections::{BTreeSet, VecDeque};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::preemptions::{Filter, Preemptions};
use super::threads::{NONE, Threads};

/// A scheduling policy, chosen with [`Sim::policy`](super::Sim::policy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// At every step each thread that can run is as likely as any other. Finds most bugs soonest; the default.
    #[default]
    Random,
    /// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): threads have random priorities, the
    /// highest that can run runs, and at `depth - 1` random steps of each window of steps the running thread falls
    /// behind all others. The paper draws these steps from the length of the run, which is not known beforehand: here
    /// windows double from [`Policy::PCT_WINDOW_FIRST`] to [`Policy::PCT_WINDOW_MAX`], so that a short run gets its
    /// changes, and each part of a long one too. Finds bugs that need a few preemptions at just the right places, which
    /// uniform choice makes unlikely.
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
    /// The length of the first window of [`Policy::Pct`], in steps.
    pub const PCT_WINDOW_FIRST: u64 = 8;
    /// The length that windows of [`Policy::Pct`] grow to, in steps.
    pub const PCT_WINDOW_MAX: u64 = 8_192;
    /// The greatest depth of [`Policy::Pct`]. The paper's chance to find a bug of depth d among k steps is 1 / k^(d - 1), so
    /// no known bug needs a tenth of this. And every step looks at all changes of its window: with millions a run would
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

struct Pct {
    /// (priority, slot) of each thread that can run; the greatest runs.
    ready: BTreeSet<(u64, u32)>,
    /// The priority of the thread in each slot, drawn when it first becomes ready.
    priorities: Vec<u64>,
    depth: u32,
    /// Goes down with every demotion, so that each new one is behind all before it. Starting priorities are
    /// above all of them.
    lowest: u64,
    /// Steps until each change of the current window.
    changes: Vec<u64>,
    step: u64,
    /// The step at which the current window ends, and its length.
    window_end: u64,
    window: u64,
}

/// Starting priorities of PCT are drawn from here up; demoted threads are below.
const PCT_FIRST_PRIORITY: u64 = 1 << 62;

impl Scheduler {
    pub(crate) fn new(policy: Policy, seed: u64, preemptions: &Preemptions) -> Self {
        let kind = match policy {
            Policy::Random => Kind::Random { ready: Vec::new() },
            Policy::Fifo => Kind::Fifo { ready: VecDeque::new() },
            Policy::Pct { depth } => Kind::Pct(Pct {
                ready: BTreeSet::new(),
                priorities: Vec::new(),
                depth: depth.min(Policy::PCT_DEPTH_MAX),
                lowest: PCT_FIRST_PRIORITY,
                changes: Vec::new(),
                step: 0,
                window_end: 0,
                window: Policy::PCT_WINDOW_FIRST / 2,
            }),
        };
        Self { chance: Xoshiro256PlusPlus::seed_from_u64(seed), kind, filter: Filter::new(preemptions) }
    }

    /// A number below `bound`, from the stream of the schedule.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 { 0 } else { below(&mut self.chance, bound) }
    }

    /// A new thread is in this slot. It is not ready yet.
    pub(crate) fn started(&mut self, slot: u32) {
        if let Kind::Pct(pct) = &mut self.kind {
            let place = slot as usize;
            if pct.priorities.len() <= place {
                pct.priorities.resize(place + 1, 0);
            }
            // A free draw for each thread, not a place in a list of known length: threads come at any time.
            pct.priorities[place] = PCT_FIRST_PRIORITY | (self.chance.next_u64() >> 2);
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
            Kind::Pct(pct) => {
                // With the slot, so that two equal priorities are still told apart, and in the same way in
                // every run.
                pct.ready.insert((pct.priorities[slot as usize], slot));
            }
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
            Kind::Pct(pct) => {
                pct.ready.remove(&(pct.priorities[slot as usize], slot));
            }
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
            Kind::Pct(pct) => {
                pct.count_step(&mut self.chance);
                pct.ready.last().map(|&(_, slot)| slot)
            }
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

impl Pct {
    fn count_step(&mut self, chance: &mut Xoshiro256PlusPlus) {
        // A new window. Its changes are drawn at its beginning, so that each step of it is as likely as any
        // other.
        if self.step == self.window_end {
            self.window = (self.window * 2).min(Policy::PCT_WINDOW_MAX);
            self.window_end += self.window;
            self.changes.clear();
            for _ in 1..self.depth {
                self.changes.push(chance.random_range(self.step..self.window_end));
            }
        }
        // Counted, because two changes may have been drawn for one step: then the two highest fall behind.
        let due = self.changes.iter().filter(|&&change| change == self.step).count();
        for _ in 0..due {
            if let Some(&(_, slot)) = self.ready.last() {
                self.demote(slot);
            }
        }
        self.step += 1;
    }

    fn demote(&mut self, slot: u32) {
        let priority = &mut self.priorities[slot as usize];
        let was_ready = self.ready.remove(&(*priority, slot));
        // Below all that were demoted before: whoever fell last is asked last.
        self.lowest -= 1;
        *priority = self.lowest;
        if was_ready {
            self.ready.insert((self.lowest, slot));
        }
    }
}
