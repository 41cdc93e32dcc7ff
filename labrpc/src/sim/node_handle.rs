//! Nodes as users handle them: made, found, crashed, paused, and given a clock.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::context::{self, with_core};
use super::core::Core;
use super::event::Kind;
use super::node::NodeId;
use super::{misuse, real_power, steps};

thread_local! {
    /// The node label of a real thread, for log lines.
    static LABEL: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// The node label of the calling real thread.
pub(crate) fn real_node_label() -> Arc<str> {
    LABEL.with_borrow_mut(|label| Arc::clone(label.get_or_insert_with(|| Arc::from("tester"))))
}

/// Changes the node label of the calling real thread, which works for many nodes in turn.
pub(crate) fn set_real_node_label(label: Arc<str>) {
    LABEL.set(Some(label));
}

impl NodeId {
    /// The node of the calling thread; [`TESTER`](Self::TESTER) for a thread that is not simulated.
    #[must_use]
    pub fn current() -> Self {
        if context::is_simulated() { with_core(|core| core.current_node()) } else { Self::TESTER }
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
/// nothing there and return `false`. [`lose_power`](Self::lose_power) lets nothing count any more that they do.
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
            // From the end: a server that was started again is a new node with the old name.
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
            Self { id: NodeId::TESTER, name: real_node_label() }
        }
    }

    /// The node's place in the simulation.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The name it was made with. In the real world all threads of a node have it at the same place.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, for the threads of a node in the real world: where it lies tells nodes of one name apart.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Crashes the node: its threads never run again, and locks that they hold do not hold others up. (But for locks of which
    /// references may be anywhere, or in the hands of threads that run on: see [`sync`](crate::sync).) What they own is
    /// dropped at the end of the run, but for threads whose lock somebody else has by then: these are left as they
    /// are, as if they had forgotten everything. A node may crash itself; then the call does not return.
    ///
    /// Returns whether a simulated node was crashed: `false` if it had been before.
    ///
    /// This and the other faults below are for threads of the tester, and of the node itself. One of another node ends the run as
    /// [`Cause::Misuse`](super::Cause::Misuse).
    pub fn crash(&self) -> bool {
        self.act(Kind::Crash, |core, id| {
            let is_first = !core.nodes[id.index()].is_crashed;
            core.crash(id);
            is_first
        })
    }

    /// [Crashes](Self::crash) the node. In the real world its threads run on, as those of a machine without power do not, and so
    /// nothing counts that they do: the network takes nothing from the node and brings it nothing, and
    /// [`is_crashed`](Self::is_crashed) says so, for those who look whose panic it is. There the caller returns also if it
    /// is of that node.
    ///
    /// Returns whether it had power until now.
    pub fn lose_power(&self) -> bool {
        if context::is_simulated() { self.crash() } else { real_power::lose(&self.name) }
    }

    /// Does something in the calling thread in the name of this node, in the real world: threads that it starts belong there. In a
    /// simulation a thread stays on its node.
    pub fn on_real_thread<T>(&self, what: impl FnOnce() -> T) -> T {
        struct Back(Option<Arc<str>>);
        impl Drop for Back {
            fn drop(&mut self) {
                LABEL.set(self.0.take());
            }
        }
        if context::is_simulated() {
            return what();
        }
        let _back = Back(LABEL.replace(Some(Arc::clone(&self.name))));
        what()
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

    /// Whether the node was crashed; in the real world, whether it has [lost its power](Self::lose_power).
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        if context::is_simulated() {
            with_core(|core| core.nodes[self.id.index()].is_crashed)
        } else {
            real_power::is_lost(&self.name)
        }
    }

    /// What the node's clock shows: time since the start of the run.
    #[must_use]
    pub fn clock(&self) -> Option<Duration> {
        context::is_simulated()
            .then(|| with_core(|core| Duration::from_nanos(core.nodes[self.id.index()].local(core.now))))
    }

    /// Ends the run if a thread of another node does something to this one: what happens to machines is for the tester, and a
    /// node that reached for others would test itself. A node may crash itself, as a failed write does.
    pub(crate) fn expect_right_to(&self, kind: Kind) {
        let offender = with_core(|core| {
            let node = core.current_node();
            let is_allowed = core.is_over || node == NodeId::TESTER || node == self.id;
            (!is_allowed).then(|| core.nodes[node.index()].name_arc())
        });
        if let Some(offender) = offender {
            misuse::fail_reach(kind, &offender, &self.name);
        }
    }

    fn act(&self, kind: Kind, act: impl FnOnce(&mut Core, NodeId) -> bool) -> bool {
        if !context::is_simulated() {
            return false;
        }
        self.expect_right_to(kind);
        let (done, stops_itself) = with_core(|core| {
            if core.is_over {
                return (false, false);
            }
            // To crash or pause a node is no step, but all can see it.
            core.becomes_observed();
            core.record_with(kind, self.id.index() as u64, || format!("{kind:?} {}", self.name));
            let done = act(core, self.id);
            // Whoever crashes or pauses its own node must not run on: it is with the policy no more, so it
            // has to give way here.
            let stopped = core.nodes[self.id.index()].is_crashed || core.nodes[self.id.index()].is_paused;
            (done, stopped && core.current_node() == self.id)
        });
        if stops_itself {
            steps::give_way();
        }
        done
    }
}
