//! Nodes: the machines of the simulated world.
//!
//! Every thread belongs to a node and hands it on to the threads that it starts. The body of a simulation runs on
//! the node `tester`. A node can be crashed, paused and resumed, and its clock can run fast or slow.

use std::sync::Arc;
use std::time::Duration;

use super::context::{self, with_core};
use super::trace::Kind;
use crate::thread;

/// A node's place in the simulation's list of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The node on which the body of the simulation runs.
    pub const TESTER: Self = Self(0);

    /// The node of the calling thread; [`TESTER`](Self::TESTER) for a thread that is not simulated.
    #[must_use]
    pub fn current() -> Self {
        if context::is_simulated() { with_core(|core| core.current_node()) } else { Self::TESTER }
    }

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
        let passed = u128::from(now - self.since_global) * u128::from(self.rate_ppm) / 1_000_000;
        self.since_local + passed as u64
    }

    /// The first global time, not before `now`, at which this node's clock shows `local` or more.
    pub(crate) fn global(&self, local: u64, now: u64) -> u64 {
        let ahead = local.saturating_sub(self.since_local);
        let passed = if self.rate_ppm == CLOCK_RATE_NORMAL_PPM {
            ahead
        } else {
            let passed = (u128::from(ahead) * 1_000_000).div_ceil(u128::from(self.rate_ppm));
            u64::try_from(passed).unwrap_or(u64::MAX)
        };
        self.since_global.saturating_add(passed).max(now)
    }

    pub(crate) fn set_clock_rate(&mut self, ppm: u32, now: u64) {
        self.since_local = self.local(now);
        self.since_global = now;
        self.rate_ppm = ppm;
    }
}

/// A handle to a node of the running simulation.
///
/// ```
/// use labrpc::sim::{NodeHandle, Sim};
/// use labrpc::thread;
/// use std::time::Duration;
///
/// Sim::new(1).run(|| {
///     let server = NodeHandle::new("S1");
///     server.spawn("ticker", || loop { thread::sleep(Duration::from_millis(10)) });
///     thread::sleep(Duration::from_secs(1));
///     server.crash(); // the ticker never runs again
/// }).unwrap();
/// ```
///
/// # Differences in the real world
///
/// Outside a simulation a node is a label for threads and log lines only. OS threads cannot be stopped from
/// outside, so [`crash`](Self::crash), [`pause`](Self::pause) and [`set_clock_rate`](Self::set_clock_rate) do
/// nothing there and return `false`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeHandle {
    id: NodeId,
    name: Arc<str>,
}

impl NodeHandle {
    /// A new node. Names need not be unique: a server that is started again after a crash is a new node, which may
    /// bear the old one's name.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let id = if context::is_simulated() {
            with_core(|core| core.add_node(Arc::clone(&name)))
        } else {
            NodeId::TESTER
        };
        Self { id, name }
    }

    /// The node that was last made with this name; `None` if there is none, and outside a simulation.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if !context::is_simulated() {
            return None;
        }
        with_core(|core| {
            let index = core.nodes.iter().rposition(|node| node.name() == name)?;
            Some(Self { id: NodeId::new(index), name: core.nodes[index].name_arc() })
        })
    }

    /// The node of the calling thread.
    #[must_use]
    pub fn current() -> Self {
        if context::is_simulated() {
            with_core(|core| {
                let id = core.current_node();
                Self { id, name: core.nodes[id.index()].name_arc() }
            })
        } else {
            Self { id: NodeId::TESTER, name: thread::real_node_label() }
        }
    }

    /// The node's place in the simulation.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The name it was made with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts a thread on this node.
    ///
    /// # Panics
    ///
    /// If the machine has no memory for another stack.
    pub fn spawn<T, F>(&self, name: &str, body: F) -> thread::JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        thread::Builder::new().name(name.into()).spawn_on(self, body).expect("a stack for a new thread")
    }

    /// Crashes the node: its threads never run again, and locks that they hold do not hold others up. What they
    /// own is dropped at the end of the run. A node may crash itself; then the call does not return.
    ///
    /// Returns whether a simulated node was crashed: `false` if it had been before.
    pub fn crash(&self) -> bool {
        self.act(Kind::Crash, |core, id| {
            let is_first = !core.nodes[id.index()].is_crashed;
            core.crash(id);
            is_first
        })
    }

    /// Keeps the node's threads from running, as a long garbage collection would, until
    /// [`resume`](Self::resume). Time goes on, and its timers with it. A node may pause itself; then the call
    /// returns when somebody resumes it.
    pub fn pause(&self) -> bool {
        self.act(Kind::Pause, |core, id| {
            core.pause(id);
            true
        })
    }

    /// Lets a paused node go on.
    pub fn resume(&self) -> bool {
        self.act(Kind::Unpause, |core, id| {
            core.unpause(id);
            true
        })
    }

    /// Lets the node's clock run at `ppm` parts per million of virtual time: 1,000,000 is normal, 1,010,000 gains
    /// ten milliseconds a second. Sleeps and timeouts under way are stretched or cut accordingly.
    ///
    /// # Panics
    ///
    /// If `ppm` is 0: a clock that stands still would let its threads sleep for ever; use
    /// [`pause`](Self::pause).
    pub fn set_clock_rate(&self, ppm: u32) -> bool {
        assert!(ppm > 0, "a clock rate of 0 parts per million: a clock must run; use pause to stop a node");
        self.act(Kind::ClockRate, |core, id| {
            core.set_clock_rate(id, ppm);
            true
        })
    }

    /// Whether the node was crashed.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        context::is_simulated() && with_core(|core| core.nodes[self.id.index()].is_crashed)
    }

    /// What the node's clock shows: time since the start of the run.
    #[must_use]
    pub fn clock(&self) -> Option<Duration> {
        context::is_simulated()
            .then(|| with_core(|core| Duration::from_nanos(core.nodes[self.id.index()].local(core.now))))
    }

    fn act(&self, kind: Kind, act: impl FnOnce(&mut super::core::Core, NodeId) -> bool) -> bool {
        if !context::is_simulated() {
            return false;
        }
        let (done, stops_itself) = with_core(|core| {
            if core.is_over {
                return (false, false);
            }
            core.leaves_a_mark();
            core.record_with(kind, self.id.index() as u64, || format!("{kind:?} {}", self.name));
            let done = act(core, self.id);
            let stopped = core.nodes[self.id.index()].is_crashed || core.nodes[self.id.index()].is_paused;
            (done, stopped && core.current_node() == self.id)
        });
        if stops_itself {
            context::give_way();
        }
        done
    }
}
