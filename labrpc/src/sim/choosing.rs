//! How the scheduler asks its policy who runs next, tells it who can, and goes on by another one.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::continued::Continuation;
use super::core::Core;
use super::scheduler::Clock;
use super::streams::{Stream, stream_seed};
use super::threads::State;
use super::timers::Timers;

impl Core {
    /// All chance comes from another seed from now on, and another policy may choose.
    pub(super) fn go_on(&mut self, by: Continuation) {
        self.seed = by.seed;
        self.network_chance = Xoshiro256PlusPlus::seed_from_u64(stream_seed(by.seed, Stream::Network, 0));
        self.scheduler.continue_by(by.policy, stream_seed(by.seed, Stream::Schedule, 0));
        self.watches = self.must_watch();
        // The running thread first: in first-in-first-out order it is the one that runs.
        let mut alive = self.threads.by_age();
        if let Some(running) = alive.iter().position(|&slot| slot == self.current) {
            alive[..=running].rotate_right(1);
        }
        let clock = clock(self.now, &self.timers, self.settings.step_cost_ns);
        for slot in alive {
            let thread = self.threads.slot_mut(slot);
            thread.chance = None;
            let node = thread.node;
            let is_ready = thread.state == State::Runnable && !self.nodes[node.index()].is_paused;
            self.scheduler.started(slot, node);
            if is_ready {
                self.scheduler.enter(slot, || clock);
            }
        }
    }

    /// Whether somebody wants to know what threads are about to do.
    pub(super) fn must_watch(&self) -> bool {
        self.coverage.is_some() || self.scheduler.looks_at_accesses()
    }

    /// The policy knows from now on that this thread can run.
    #[inline]
    pub(super) fn insert(&mut self, index: u32) {
        let (now, timers, step_cost) = (self.now, &self.timers, self.settings.step_cost_ns);
        self.scheduler.insert(index, || clock(now, timers, step_cost));
    }

    /// Who runs next; `None` when none can, or none is to before something falls due.
    #[inline]
    pub(crate) fn pick(&mut self) -> Option<u32> {
        let (now, timers, step_cost) = (self.now, &self.timers, self.settings.step_cost_ns);
        self.scheduler.pick(|| clock(now, timers, step_cost))
    }

    /// A runnable thread becomes known to the policy, or to its paused node.
    pub(super) fn make_ready(&mut self, index: u32) {
        let node = &mut self.nodes[self.threads.slot(index).node.index()];
        if node.is_paused {
            node.kept_back.push(index);
        } else {
            self.insert(index);
        }
    }
}

/// What a policy may know of time. Not a method of [`Core`]: it is asked for while the scheduler is borrowed.
#[inline]
fn clock(now: u64, timers: &Timers, step_cost: u64) -> Clock {
    Clock { now, next_deadline: timers.next_deadline(), step_cost }
}
