//! Threads of both worlds, with the API of [`std::thread`].
//!
//! In the simulated world a thread is a coroutine on the simulation's one OS thread. It belongs to the node of the
//! thread that started it.

mod join;
mod local;
mod scope;

use std::io;
use std::num::NonZero;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub use join::JoinHandle;
use join::Started;
pub(crate) use join::{Body, Value, hide};
pub use local::{AccessError, LocalKey};
pub(crate) use local::{Locals, drop_locals};
pub use scope::{Scope, ScopedJoinHandle, scope};
/// What [`JoinHandle::join`] returns: `Err` holds what the thread panicked with.
pub use std::thread::Result;

use crate::sim::{self, Kind, Name, NodeHandle, State, Wait, Waiter, with_core};

/// Starts a thread.
///
/// # Panics
///
/// If the machine has no memory for another thread; [`Builder::spawn`] returns that as an error instead.
pub fn spawn<F, T>(body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(body).expect("a stack for a new thread")
}

impl NodeHandle {
    /// Starts a thread on this node. In a simulation that is for the tester's threads, and those of the node itself.
    ///
    /// # Panics
    ///
    /// If the machine has no memory for another stack.
    pub fn spawn<T, F>(&self, name: &str, body: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let builder = Builder { name: Some(name.into()), ..Builder::new() };
        builder.spawn_on(self, body).expect("a stack for a new thread")
    }
}

/// Blocks the calling thread for `duration`, of virtual time in a simulation.
#[track_caller]
pub fn sleep(duration: Duration) {
    if sim::is_simulated() {
        sleep_until_ns(sim::now().saturating_add(sim::nanos(duration)));
    } else {
        std::thread::sleep(duration);
    }
}

/// Blocks the running simulated thread until its node's clock shows `deadline`.
#[track_caller]
pub(crate) fn sleep_until_ns(deadline: u64) {
    sim::wait(Wait::Sleep, Some(deadline), Location::caller());
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    if sim::is_simulated() {
        sim::step_aside(Location::caller());
    } else {
        std::thread::yield_now();
    }
}

/// How many threads [`available_parallelism`] says there are in a simulation.
const PARALLELISM: NonZero<usize> = NonZero::new(4).expect("four is not zero");

/// How many threads can do their work at the same time: the size of a pool of workers.
///
/// # Errors
///
/// In the real world, if the system does not say. Never in a simulation.
///
/// # Differences from [`std::thread::available_parallelism`]
///
/// In a simulation it is 4, whatever the machine has, so that a run is the same run on every machine.
pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    if sim::is_simulated() { Ok(PARALLELISM) } else { std::thread::available_parallelism() }
}

/// Whether the calling thread unwinds, after a panic or at the end of its run.
///
/// # Differences from [`std::thread::panicking`]
///
/// That one asks about the OS thread, which all threads of a simulation share: it says yes in each of them while one
/// waits in a destructor. While another one waits like that, two things go unnoticed: that a thread has caught its
/// panic, and that it goes on with one by `resume_unwind`.
#[must_use]
pub fn panicking() -> bool {
    if sim::is_simulated() { sim::is_unwinding() } else { std::thread::panicking() }
}

/// A handle to the calling thread.
#[must_use]
pub fn current() -> Thread {
    if !sim::is_simulated() {
        return Thread(Inner::Real(std::thread::current()));
    }
    with_core(|core| {
        let slot = core.threads.slot(core.current);
        Thread(Inner::Simulated {
            run: core.run,
            slot: core.current,
            number: slot.number,
            name: slot.name.shared(),
        })
    })
}

/// Blocks the calling thread until somebody calls [`Thread::unpark`] on its handle, or returns at once if that
/// was done since the last park.
#[track_caller]
pub fn park() {
    if sim::is_simulated() {
        park_simulated(None, Location::caller());
    } else {
        std::thread::park();
    }
}

/// As [`park`], but for `timeout` at most.
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    if sim::is_simulated() {
        park_simulated(Some(sim::now().saturating_add(sim::nanos(timeout))), Location::caller());
    } else {
        std::thread::park_timeout(timeout);
    }
}

fn park_simulated(deadline: Option<u64>, location: &'static Location<'static>) {
    sim::step(Kind::Park, 0, location);
    let take_token = || with_core(|core| std::mem::take(&mut core.threads.slot_mut(core.current).unparked));
    if !take_token() {
        sim::wait(Wait::Park, deadline, location);
        // The unpark that ended the wait left a token as well; it is spent with this park. After a timeout
        // there may be none.
        take_token();
    }
}

/// A handle to a thread: its name, and the way to unpark it.
///
/// # Differences from [`std::thread::Thread`]
///
/// A handle to a simulated thread is of use inside its simulation only; elsewhere its `unpark` does nothing.
#[derive(Clone, Debug)]
pub struct Thread(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Real(std::thread::Thread),
    Simulated { run: u32, slot: u32, number: u64, name: Option<Arc<str>> },
}

/// Tells threads of one world, and in a simulation of one run, apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(IdInner);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum IdInner {
    Real(std::thread::ThreadId),
    Simulated(u64),
}

impl Thread {
    /// The thread's name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Inner::Real(thread) => thread.name(),
            Inner::Simulated { name, .. } => name.as_deref(),
        }
    }

    /// The thread's identity.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0 {
            Inner::Real(thread) => IdInner::Real(thread.id()),
            Inner::Simulated { number, .. } => IdInner::Simulated(*number),
        })
    }

    /// Lets the thread's current or next [`park`] return.
    #[track_caller]
    pub fn unpark(&self) {
        match &self.0 {
            Inner::Real(thread) => thread.unpark(),
            Inner::Simulated { run, slot, number, .. } => {
                if sim::is_simulated() && with_core(|core| core.run == *run) {
                    sim::step(Kind::Park, 0, Location::caller());
                    unpark_simulated(*slot, *number);
                }
            }
        }
    }
}

fn unpark_simulated(slot: u32, number: u64) {
    let waiter = with_core(|core| {
        let thread = core.threads.slot_mut(slot);
        // Another thread may have the slot by now.
        if thread.number != number || matches!(thread.state, State::Vacant) {
            return None;
        }
        thread.unparked = true;
        // If it waits for something else, the token is kept for its next park.
        matches!(thread.state, State::Blocked(Wait::Park, _))
            .then_some(Waiter { slot, ticket: thread.ticket })
    });
    if let Some(waiter) = waiter {
        sim::wake(waiter);
    }
}

/// Sets up a thread before it is started.
///
/// # Differences from [`std::thread::Builder`]
///
/// In a simulation all stacks have the size that [`Sim::stack_bytes`](sim::Sim::stack_bytes) says, and
/// [`stack_size`](Self::stack_size) is ignored.
#[derive(Debug, Default)]
pub struct Builder {
    /// As reports and the handle of the thread share it.
    name: Option<Arc<str>>,
    stack_size: Option<usize>,
    /// The number of the simulated thread that has opened the scope of this one.
    borrows_from: Option<u64>,
}

impl Builder {
    /// A thread without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The thread's name, for log lines and reports.
    #[must_use]
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The size of the thread's stack in bytes, in the real world.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// The thread may borrow from the frames of this one.
    fn lent_by(mut self, lender: Option<u64>) -> Self {
        self.borrows_from = lender;
        self
    }

    /// Starts the thread on the node of the caller.
    ///
    /// # Errors
    ///
    /// When the machine has no memory, or no mappings, for another thread.
    pub fn spawn<F, T>(self, body: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(JoinHandle::new(self.start(None, hide(body))?))
    }

    /// Starts the thread on `node`. In a simulation that is for the tester's threads, and those of the node itself.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn spawn_on<F, T>(self, node: &NodeHandle, body: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(JoinHandle::new(self.start(Some(node), hide(body))?))
    }

    /// Starts the thread on `node`, or on that of the caller.
    fn start(self, node: Option<&NodeHandle>, body: Body) -> io::Result<Started> {
        if !sim::is_simulated() {
            return self.start_real(node.map_or_else(sim::real_node_label, NodeHandle::shared_name), body);
        }
        if let Some(node) = node {
            node.expect_right_to(Kind::Spawn);
        }
        let name = self.name.map_or(Name::None, Name::Shared);
        join::spawn_simulated(node.map(NodeHandle::id), name, self.borrows_from, body)
    }

    fn start_real(self, label: Arc<str>, body: Body) -> io::Result<Started> {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = self.name {
            builder = builder.name(name.as_ref().to_owned());
        }
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        let handle = builder.spawn(move || {
            sim::set_real_node_label(label);
            let _end = RealEnd;
            body()
        })?;
        Ok(Started::Real(handle))
    }
}

/// What is called on real threads that a panic ends.
static ON_PANICKED: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();

/// From now on `told` is called on each thread of the real world that was started here and that a panic ends, while it unwinds.
/// For harnesses: a panic hook hears of every panic, also of one that is caught and costs nothing. A process has one such
/// function; the first stays.
///
/// In a simulation the report tells of it: [`Cause::Panic`](crate::sim::Cause::Panic).
pub fn on_panicked(told: fn()) {
    // Whoever comes later has lost.
    let _ = ON_PANICKED.set(told);
}

/// Lies below everything else on the stack of a real thread.
struct RealEnd;

impl Drop for RealEnd {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(told) = ON_PANICKED.get()
        {
            told();
        }
    }
}
