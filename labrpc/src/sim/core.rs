//! The scheduler's state and the rules by which it changes.
//!
//! One [`Core`] is one simulation. It lives in a thread-local of the OS thread that runs the simulation; see
//! [`super::context`] for how simulated threads reach it. Everything here runs with the core borrowed, so
//! nothing here switches stacks, calls user code or drops a user's value.
//!
//! A *step* is one operation of one thread. It costs [`Settings::step_cost_ns`] of virtual time, goes into the
//! trace, and lets the policy pick who runs next.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::cause::{Cause, PanicReport};
use super::continued::Continuation;
use super::coverage::Coverage;
use super::event::Kind;
use super::fiber::{Fiber, Stacks};
use super::hold::HoldNumbers;
use super::node::{Node, NodeId};
use super::object::{Access, On};
use super::scheduler::Scheduler;
use super::settings::Settings;
use super::stall::Heartbeat;
use super::streams::{Stream, stream_seed};
use super::threads::{NONE, Name, State, Threads, Woken};
use super::timers::{Due, Timers};
use super::trace::Recorder;
use crate::sync::RunStatics;

/// A thread that took this many steps in a row without waiting lets the others pass, whatever the policy: under
/// PCT a thread that polls would otherwise starve the one that it polls for.
const STEPS_IN_A_ROW_MAX: u64 = 2_000;

/// The state of one simulation.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    /// What replays the run, and the name of the OS thread that asked for it, which is the test's as a rule.
    pub(crate) title: String,
    /// Tells this simulation from others in the same process. Never part of a decision or of the trace.
    pub(crate) run: u32,
    /// Global virtual time since the start, in nanoseconds.
    pub(crate) now: u64,
    pub(crate) steps: u64,
    /// The slot of the running thread; `NONE` in the run loop.
    pub(crate) current: u32,
    /// The thread that was picked at the last step; the run loop takes it from here.
    pub(crate) picked: Option<u32>,
    pub(crate) threads: Threads,
    pub(crate) nodes: Vec<Node>,
    pub(crate) scheduler: Scheduler,
    pub(crate) timers: Timers,
    pub(crate) recorder: Recorder,
    pub(crate) stacks: Stacks,
    pub(crate) network_chance: Xoshiro256PlusPlus,
    /// Fibers of new threads, with their slots; the run loop takes them over.
    pub(crate) new_fibers: Vec<(u32, Fiber)>,
    /// Calls that are due and that the run loop makes as soon as it can.
    pub(crate) calls: Vec<Box<dyn FnOnce()>>,
    /// The run is over and threads are being unwound: nothing waits any more.
    pub(crate) is_over: bool,
    /// The first thread has returned from its function.
    pub(crate) body_returned: bool,
    /// What ended the run, if it failed.
    pub(crate) cause: Option<Cause>,
    /// Panics of threads whose handles may still be joined, oldest first.
    pub(crate) unjoined: Vec<(u64, PanicReport)>,
    /// The run's own values of statics.
    pub(crate) statics: RunStatics,
    pub(crate) heartbeat: Arc<Heartbeat>,
    /// The seed that chance comes from now: that of the run, until it [continues](Self::go_on) with another.
    pub(crate) seed: u64,
    /// How the policy goes on.
    continuations: VecDeque<Continuation>,
    /// Whether anybody wants to know what threads do with which objects: the policy, or who asks for coverage. One
    /// comparison on the path of every operation.
    pub(super) watches: bool,
    /// What the run has covered, if somebody wants to know.
    pub(crate) coverage: Option<Box<Coverage>>,
    pub(super) hold_numbers: HoldNumbers,
    /// Steps of the running thread since it last gave way or waited.
    pub(super) steps_in_a_row: u64,
    /// From this step on each thread's steps are counted for the report of spinners.
    census_at: u64,
    /// The step at which [`Self::check`] has something to do.
    check_at: u64,
}

impl Core {
    pub(crate) fn new(settings: Settings, run: u32, heartbeat: Arc<Heartbeat>) -> Self {
        let seed = settings.seed;
        let limit = settings.steps_max;
        let mut core = Self {
            title: match std::thread::current().name() {
                Some(name) => format!("{} of {name}", settings.replay()),
                None => settings.replay().to_string(),
            },
            run,
            now: 0,
            steps: 0,
            current: NONE,
            picked: None,
            threads: Threads::default(),
            // Node 0, so that `NodeId::TESTER` is valid before anybody makes a node.
            nodes: vec![Node::new(Arc::from("tester"))],
            scheduler: Scheduler::new(
                settings.first_policy(),
                stream_seed(seed, Stream::Schedule, 0),
                &settings.preemptions,
            ),
            timers: Timers::default(),
            recorder: Recorder::new(settings.tracing, seed),
            stacks: Stacks::new(settings.stack_bytes),
            network_chance: Xoshiro256PlusPlus::seed_from_u64(stream_seed(seed, Stream::Network, 0)),
            new_fibers: Vec::new(),
            calls: Vec::new(),
            is_over: false,
            body_returned: false,
            cause: None,
            unjoined: Vec::new(),
            statics: RunStatics::new(),
            heartbeat,
            seed,
            continuations: settings.continuations().into(),
            watches: false,
            coverage: settings.covers.then(Box::default),
            hold_numbers: HoldNumbers::default(),
            steps_in_a_row: 0,
            census_at: limit - limit / 10,
            check_at: 0,
            settings,
        };
        core.check_at = core.next_check();
        core.watches = core.must_watch();
        core
    }

    // ----- steps -----

    /// The running thread takes a step. Returns whether it must give way: then `picked` holds who runs next, or
    /// nothing if the run loop has something else to do first.
    ///
    /// A thread that was picked when its wait ended, and has done nothing since that others could see, is not asked to
    /// give way: that it runs now was the policy's choice already.
    #[inline]
    pub(crate) fn step(
        &mut self,
        kind: Kind,
        on: On<'_>,
        payload: u64,
        location: &'static Location<'static>,
    ) -> bool {
        let slot = self.threads.slot_mut(self.current);
        // From here on the thread may look at something that the lock it took before does not protect; a wait
        // for a condition variable must be a step again.
        slot.just_taken = None;
        slot.looks = 0;
        slot.last_step = Some(location);
        // A second choice at the same point. The schedule in which U runs before this operation is not lost:
        // it is the one in which U was picked when this thread was, and nobody can tell a thread whose wait
        // is over from one that still waits.
        if std::mem::take(&mut slot.is_unobserved) {
            if let Some(coverage) = &mut self.coverage {
                coverage.announce(self.current, on.access(), location);
                coverage.happens(self.current, self.steps);
            }
            return false;
        }
        self.pass_time();
        self.record(kind, payload, location);
        if self.watches {
            self.announce(on.access(), location);
        }
        // The clock has moved before the choice is made, so a thread whose deadline falls into this step can
        // be picked at it.
        self.steps_in_a_row += 1;
        if self.steps_in_a_row > STEPS_IN_A_ROW_MAX {
            self.steps_in_a_row = 0;
            self.scheduler.yielded(self.current);
        }
        // The run loop ends the run, or makes the calls, and only then picks: a call may make threads ready
        // or crash some, and they must take part in the choice, or not.
        if self.cause.is_some() || !self.calls.is_empty() {
            return true;
        }
        let picked = self.pick();
        if picked == Some(self.current) {
            self.happens(self.current);
            return false;
        }
        self.steps_in_a_row = 0;
        self.picked = picked;
        true
    }

    /// The running thread is about to do this.
    fn announce(&mut self, access: Access, location: &'static Location<'static>) {
        self.scheduler.announce(self.current, access);
        if let Some(coverage) = &mut self.coverage {
            coverage.announce(self.current, access, location);
        }
    }

    /// The thread in this slot goes on with what it was about to do.
    #[inline]
    pub(crate) fn happens(&mut self, slot: u32) {
        if let Some(coverage) = &mut self.coverage {
            coverage.happens(slot, self.steps);
        }
    }

    /// The running thread does something before which nobody else need run: if others ran first, it would be late, and
    /// nothing else. It costs the time of a step. Returns whether the run loop has something to do.
    #[inline]
    pub(crate) fn step_without_choice(&mut self, kind: Kind, location: &'static Location<'static>) -> bool {
        self.pass_time();
        self.record(kind, 0, location);
        self.becomes_observed();
        // No choice, and none is lost: whom this wakes becomes ready, not running. A thread that was notified
        // and is not picked looks to all others like one that was not notified yet.
        self.cause.is_some() || !self.calls.is_empty()
    }

    /// Others can see what the running thread does now, though it takes no step for it.
    #[inline]
    pub(crate) fn becomes_observed(&mut self) {
        // What the run loop does, as the delivery of a message, is done in nobody's name.
        if self.current != NONE {
            self.threads.slot_mut(self.current).is_unobserved = false;
        }
    }

    /// The running thread gives way by name.
    pub(crate) fn step_aside(&mut self) {
        self.becomes_observed();
        self.steps_in_a_row = 0;
        // Only the order changes here. The choice is the step that follows.
        self.scheduler.yielded(self.current);
    }

    /// One step's worth of virtual time, and what falls due in it.
    #[inline]
    pub(super) fn pass_time(&mut self) {
        self.steps += 1;
        self.heartbeat.step(self.steps);
        self.now += self.settings.step_cost_ns;
        self.threads.slot_mut(self.current).steps += 1;
        // Here, and not only when all wait: a thread that polls for ever would keep the others from their
        // deadlines.
        if self.timers.next_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.fire_due();
        }
        // One comparison stands for the alarm, the census and the limit of steps: this is on the path of
        // every operation.
        if self.steps >= self.check_at || self.now > self.settings.time_max_ns {
            self.check();
        }
    }

    /// Does what is to be done at certain steps only, and checks the limits.
    #[cold]
    fn check(&mut self) {
        if let Some(alarm) = self.settings.alarm.take_if(|alarm| alarm.step <= self.steps) {
            // Not called here: it is there to crash and pause nodes, for which it borrows the core.
            self.calls.push(Box::new(move || (alarm.call)()));
        }
        if let Some(next) = self.continuations.pop_front_if(|next| next.step <= self.steps) {
            self.go_on(next);
        }
        if self.now > self.settings.time_max_ns {
            self.fail(Cause::TimeLimit {
                limit_ns: self.settings.time_max_ns,
                threads: self.report_threads(),
            });
        }
        if self.steps >= self.settings.steps_max {
            self.fail(Cause::StepLimit {
                limit: self.settings.steps_max,
                spinners: self.spinners(self.census_at),
            });
        } else if self.steps == self.census_at {
            // The last tenth is counted by itself. Counted from the start, who was busy long before the
            // livelock would be named.
            for slot in &mut self.threads.slots {
                slot.steps = 0;
            }
        }
        self.check_at = self.next_check();
    }

    /// The next step at which there is something to do.
    fn next_check(&self) -> u64 {
        let census = if self.steps < self.census_at { self.census_at } else { self.settings.steps_max };
        let alarm = self.settings.alarm.as_ref().map(|alarm| alarm.step);
        let continuation = self.continuations.front().map(|next| next.step);
        [alarm, continuation].into_iter().flatten().fold(census, u64::min)
    }

    /// Does what is due now; calls are left for the run loop.
    pub(crate) fn fire_due(&mut self) {
        while let Some(due) = self.timers.take_due(self.now) {
            match due {
                Due::Wake(waiter) if self.threads.is_waiting(waiter) => {
                    // If it is not over, the clock was slowed down after this timer was set, and
                    // `set_clock_rate` has set another one. To wake the thread here would be a timeout that
                    // came too early by its own clock.
                    if self.is_deadline_over(waiter.slot) {
                        self.wake(waiter, Woken::ByDeadline);
                    }
                }
                Due::Wake(_) => self.timers.stale_one_is_gone(),
                // A call locks the network and wakes threads, and the core is borrowed.
                Due::Call(call) => self.calls.push(call),
            }
        }
    }

    /// Whether the deadline of a waiting thread has passed on its node's clock. A timer that was set before the clock
    /// was slowed down comes early.
    fn is_deadline_over(&self, index: u32) -> bool {
        let slot = self.threads.slot(index);
        self.nodes[slot.node.index()].global(slot.local_deadline, self.now) <= self.now
    }

    /// Moves the clock to the next deadline. `false` when there is none.
    pub(crate) fn skip_to_next_deadline(&mut self) -> bool {
        let Some(deadline) = self.timers.next_deadline() else { return false };
        self.now = self.now.max(deadline);
        self.fire_due();
        // The jump may have gone hours past the limit. The run ends before a thread gets to see such a time.
        if self.now > self.settings.time_max_ns {
            self.check();
        }
        true
    }

    // ----- threads -----

    /// Starts a thread. On a crashed node it never runs.
    pub(crate) fn start_thread(
        &mut self,
        node: NodeId,
        name: Name,
        borrows_from: Option<u64>,
        fiber: Fiber,
    ) -> u32 {
        let index = self.threads.add(node, name);
        let slot = self.threads.slot_mut(index);
        (slot.stack, slot.borrows_from) = (fiber.stack(), borrows_from);
        // On a crashed node, too: what the closure owns is dropped at the end with that of the others, and
        // not here, where the core is borrowed.
        self.new_fibers.push((index, fiber));
        self.heartbeat.name(index, self.nodes[node.index()].name(), self.threads.slot(index));
        // Before it is ready, because PCT draws its priority now.
        self.scheduler.started(index, node);
        if self.nodes[node.index()].is_crashed {
            self.threads.slot_mut(index).state = State::Crashed;
        } else {
            self.make_ready(index);
        }
        index
    }

    /// The running thread has returned from its function; it will not be scheduled again.
    pub(crate) fn end_thread(&mut self) {
        // Without a place: where a thread ends is no line of the user's.
        self.record_with(Kind::Exit, 0, String::new);
        let current = self.current;
        // Not vacant yet: it still runs on its stack. The run loop frees both when it has come back.
        self.threads.slot_mut(current).state = State::Crashed;
        self.scheduler.remove(current);
    }

    /// Nothing is kept of the trace and of what is covered from now on, or it is again. The run stays the same.
    pub(super) fn pause_notes(&mut self, is_paused: bool) {
        self.recorder.is_paused = is_paused;
        if let Some(coverage) = &mut self.coverage {
            coverage.is_paused = is_paused;
        }
    }

    /// Ends the run with a failure, unless it has one already.
    pub(crate) fn fail(&mut self, cause: Cause) {
        self.pause_notes(false);
        if self.cause.is_none() {
            // A panic that nobody has joined yet is more likely the cause than whatever came of it.
            let unjoined = std::mem::take(&mut self.unjoined).into_iter().next();
            self.cause = Some(unjoined.map_or(cause, |(_, panic)| Cause::Panic(panic)));
        }
    }

    /// The run ends, and a thread that panicked was never joined.
    pub(crate) fn fail_with_unjoined(&mut self) {
        let (_, panic) = self.unjoined.remove(0);
        self.fail(Cause::Panic(panic));
    }

    /// The time on the clock of the running thread's node, in nanoseconds since the start.
    pub(crate) fn local_now(&self) -> u64 {
        let node = match self.current {
            NONE => NodeId::TESTER,
            current => self.threads.slot(current).node,
        };
        self.nodes[node.index()].local(self.now)
    }
}
