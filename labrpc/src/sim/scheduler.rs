//! Who runs next: the set of threads that can, and the choice among them.
//!
//! A policy keeps the set of threads that can run, the running one among them, and picks one at every step. It
//! decides; it knows what threads are about to do, if it asks for that, and otherwise neither time nor threads.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use super::node::NodeId;
use super::object::Access;
use super::pct::Pct;
use super::policy::Policy;
use super::pos::Pos;
use super::preempted::{Fifo, Preempted};
use super::preemptions::{Filter, Preemptions};
use super::ready::Ready;
use super::starve::Starve;
use super::weighted::{Surw, Urw};

/// What a policy that makes threads late must know of time.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Global virtual time, in nanoseconds.
    pub(crate) now: u64,
    /// When something falls due next.
    pub(crate) next_deadline: Option<u64>,
    /// The cost of a step, in nanoseconds.
    pub(crate) step_cost: u64,
}

/// The set of threads that can run, and the choice among them.
pub(crate) struct Scheduler {
    chance: Xoshiro256PlusPlus,
    kind: Kind,
    /// Has the last word, if there is one.
    filter: Option<Filter>,
}

enum Kind {
    Random { ready: Ready },
    Pct(Pct),
    Fifo(Fifo),
    Urw(Urw),
    Surw(Surw),
    Pos(Pos),
    Starve(Starve),
}

impl Kind {
    /// What does as `policy` says. The portfolio and what is continued have been resolved before.
    fn new(policy: Policy, chance: &mut Xoshiro256PlusPlus) -> Self {
        match policy {
            Policy::Fifo => Self::Fifo(Fifo::new(Preempted::default(), None)),
            Policy::Preempted(preempted) => Self::Fifo(Fifo::new(preempted, Some(Vec::new()))),
            Policy::Pct { depth } => Self::Pct(Pct::new(depth, chance)),
            Policy::Urw => Self::Urw(Urw::default()),
            Policy::Surw => Self::Surw(Surw::new(chance)),
            Policy::Pos => Self::Pos(Pos::default()),
            Policy::Starve => Self::Starve(Starve::new()),
            Policy::Random | Policy::Portfolio | Policy::Guided | Policy::Continued(_) => {
                Self::Random { ready: Ready::default() }
            }
        }
    }
}

impl Scheduler {
    pub(crate) fn new(policy: Policy, seed: u64, preemptions: &Preemptions) -> Self {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        let kind = Kind::new(policy, &mut chance);
        Self { chance, kind, filter: Filter::new(preemptions) }
    }

    /// Goes on by another policy with other chance. It knows no thread yet.
    pub(crate) fn continue_by(&mut self, policy: Policy, seed: u64) {
        self.chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        self.kind = Kind::new(policy, &mut self.chance);
    }

    /// A number below `bound`, from the stream of the schedule.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 { 0 } else { below(&mut self.chance, bound) }
    }

    /// A new thread is in this slot. It is not ready yet.
    pub(crate) fn started(&mut self, slot: u32, node: NodeId) {
        match &mut self.kind {
            Kind::Random { .. } | Kind::Fifo(_) | Kind::Pos(_) => {}
            Kind::Pct(pct) => pct.started(slot, &mut self.chance),
            Kind::Urw(urw) => urw.started(slot, &mut self.chance),
            Kind::Surw(surw) => surw.started(slot, &mut self.chance),
            Kind::Starve(starve) => starve.started(slot, node),
        }
    }

    /// The thread can run from now on.
    pub(crate) fn insert(&mut self, slot: u32, clock: impl FnOnce() -> Clock) {
        if let Some(filter) = &mut self.filter {
            filter.queue.insert(slot);
        }
        self.enter(slot, clock);
    }

    /// As [`insert`](Self::insert), after [`continue_by`](Self::continue_by): the filter knows it already.
    pub(crate) fn enter(&mut self, slot: u32, clock: impl FnOnce() -> Clock) {
        match &mut self.kind {
            Kind::Random { ready } => ready.insert(slot),
            Kind::Pct(pct) => pct.insert(slot),
            Kind::Fifo(fifo) => fifo.queue.insert(slot),
            Kind::Urw(urw) => urw.ready.insert(slot),
            Kind::Surw(surw) => surw.insert(slot, &mut self.chance),
            Kind::Pos(pos) => pos.insert(slot, &mut self.chance),
            Kind::Starve(starve) => starve.insert(slot, clock(), &mut self.chance),
        }
    }

    /// The thread cannot run any more.
    pub(crate) fn remove(&mut self, slot: u32) {
        if let Some(filter) = &mut self.filter {
            filter.queue.remove(slot);
        }
        match &mut self.kind {
            Kind::Random { ready } => ready.remove(slot),
            Kind::Pct(pct) => pct.remove(slot),
            Kind::Fifo(fifo) => fifo.queue.remove(slot),
            Kind::Urw(urw) => urw.ready.remove(slot),
            Kind::Surw(surw) => surw.remove(slot),
            Kind::Pos(pos) => pos.remove(slot),
            Kind::Starve(starve) => starve.remove(slot),
        }
    }

    /// Whether the policy wants to know what threads are about to do.
    pub(crate) fn looks_at_accesses(&self) -> bool {
        matches!(self.kind, Kind::Surw(_) | Kind::Pos(_))
    }

    /// The running thread is about to do this.
    pub(crate) fn announce(&mut self, slot: u32, access: Access) {
        match &mut self.kind {
            Kind::Surw(surw) => surw.announce(slot, access, &mut self.chance),
            Kind::Pos(pos) => pos.announce(slot, access, &mut self.chance),
            _ => {}
        }
    }

    /// Picks the thread that runs next; `None` when none can, or none is to before something falls due.
    pub(crate) fn pick(&mut self, clock: impl FnOnce() -> Clock) -> Option<u32> {
        let picked = self.pick_by_policy(clock);
        match &mut self.filter {
            None => picked,
            Some(filter) => picked.map(|picked| filter.decide(picked)),
        }
    }

    /// The numbers of the preemptions that happened, if they were asked for.
    pub(crate) fn take_preemptions(&mut self) -> Vec<u64> {
        self.filter.as_mut().map_or_else(Vec::new, Filter::take_happened)
    }

    /// How many threads could run at each choice among several, if the policy knows.
    pub(crate) fn take_choices(&mut self) -> Vec<u32> {
        match &mut self.kind {
            Kind::Fifo(fifo) => fifo.take_choices(),
            _ => Vec::new(),
        }
    }

    #[inline]
    fn pick_by_policy(&mut self, clock: impl FnOnce() -> Clock) -> Option<u32> {
        match &mut self.kind {
            Kind::Random { ready } => match ready.slots() {
                [] => None,
                // No choice, no draw: long stretches in which one thread runs are then free.
                &[only] => Some(only),
                slots => Some(slots[below(&mut self.chance, slots.len() as u32) as usize]),
            },
            Kind::Pct(pct) => pct.pick(&mut self.chance),
            Kind::Fifo(fifo) => fifo.pick(),
            Kind::Urw(urw) => urw.pick(&mut self.chance),
            Kind::Surw(surw) => surw.pick(&mut self.chance),
            Kind::Pos(pos) => pos.pick(&mut self.chance),
            Kind::Starve(starve) => starve.pick(clock(), &mut self.chance),
        }
    }

    /// The running thread gives way by name, or has run so long that the others must get their turn.
    pub(crate) fn yielded(&mut self, slot: u32) {
        if let Some(filter) = &mut self.filter {
            filter.queue.yielded(slot);
        }
        match &mut self.kind {
            // They draw again at the next step, and any other may be picked; more cannot be asked of them.
            Kind::Random { .. } | Kind::Urw(_) | Kind::Pos(_) | Kind::Starve(_) => {}
            Kind::Surw(surw) => surw.yielded(slot),
            Kind::Pct(pct) => pct.demote(slot),
            Kind::Fifo(fifo) => fifo.queue.yielded(slot),
        }
    }
}

/// A number below `bound`. Among `n` threads some are likelier than others by one part in 2^32 / n, which nobody will
/// ever see; to be exact would cost three times as much, at every step.
#[inline]
pub(super) fn below(chance: &mut Xoshiro256PlusPlus, bound: u32) -> u32 {
    ((u64::from(chance.next_u32()) * u64::from(bound)) >> 32) as u32
}
