//! Nodes: the machines of the simulated world.
//!
//! Every thread belongs to a node and hands it on to the threads that it starts. The body of a simulation runs on
//! the node `tester`. What can be done to a node is in [`super::node_faults`]; users do it through a
//! [`super::NodeHandle`].

use std::sync::Arc;

/// A node's place in the simulation's list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The node on which the body of the simulation runs.
    pub const TESTER: Self = Self(0);

    pub(crate) fn new(index: usize) -> Self {
        Self(index as u32)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A clock that is neither fast nor slow, in parts per million of virtual time.
pub const CLOCK_RATE_NORMAL_PPM: u32 = 1_000_000;

/// A node as the scheduler knows it.
pub(crate) struct Node {
    name: Arc<str>,
    pub(crate) is_crashed: bool,
    pub(crate) is_paused: bool,
    /// Threads that could run if the node were not paused, in the order in which they became runnable.
    pub(crate) kept_back: Vec<u32>,
    /// What is to be done when the node crashes.
    pub(crate) on_crash: Vec<Box<dyn FnOnce()>>,
    /// The global time at which the clock's rate last changed, and what the clock then showed, in nanoseconds.
    since_global: u64,
    since_local: u64,
    rate_ppm: u32,
}

impl Node {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            is_crashed: false,
            is_paused: false,
            kept_back: Vec::new(),
            on_crash: Vec::new(),
            since_global: 0,
            since_local: 0,
            rate_ppm: CLOCK_RATE_NORMAL_PPM,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn name_arc(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// What this node's clock shows at global time `now`. Never goes back.
    pub(crate) fn local(&self, now: u64) -> u64 {
        if self.rate_ppm == CLOCK_RATE_NORMAL_PPM {
            return self.since_local + (now - self.since_global);
        }
        // In 128 bits: the nanoseconds of a day, times a million, do not fit into 64.
        let passed = u128::from(now - self.since_global) * u128::from(self.rate_ppm) / 1_000_000;
        self.since_local + passed as u64
    }

    /// The first global time, not before `now`, at which this node's clock shows `local` or more.
    pub(crate) fn global(&self, local: u64, now: u64) -> u64 {
        let ahead = local.saturating_sub(self.since_local);
        let passed = if self.rate_ppm == CLOCK_RATE_NORMAL_PPM {
            ahead
        } else {
            // Rounded up: rounded down, a sleeper would wake before its own clock shows the deadline, and a
            // sleep would have been too short.
            let passed = (u128::from(ahead) * 1_000_000).div_ceil(u128::from(self.rate_ppm));
            u64::try_from(passed).unwrap_or(u64::MAX)
        };
        self.since_global.saturating_add(passed).max(now)
    }

    pub(crate) fn set_clock_rate(&mut self, ppm: u32, now: u64) {
        // What the clock shows now stays, so it never jumps and never goes back; only from here on it runs
        // differently.
        self.since_local = self.local(now);
        self.since_global = now;
        self.rate_ppm = ppm;
    }
}
