//! The end of a thread, and waiting for it.
//!
//! What a thread returns travels as a [`Value`], and [`JoinHandle`] alone knows its type. So nearly all here is compiled once, and
//! not for each closure that somebody starts a thread with: it was a quarter of what a crate full of threads compiled to.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Inner, Thread};
use crate::sim::{self, Cause, Kind, Name, NodeId, State, Wait, Waiter, with_core};

/// A claim on a thread's result.
///
/// # Differences from [`std::thread::JoinHandle`]
///
/// - A panic of a simulated thread whose handle was dropped ends the run at once; so does dropping the handle of a
///   thread that has panicked. A panic whose handle is kept, and never joined, ends the run in failure when it
///   ends for whatever other reason. No panic gets lost.
/// - Joining a thread whose node was crashed returns `Err` with a text that says so.
pub struct JoinHandle<T> {
    thread: Started,
    /// What the thread returned, with its type.
    typed: fn(Value) -> T,
}

/// What a thread returned, of whatever type.
pub(crate) type Value = Box<dyn Any + Send>;

/// What a thread does.
pub(crate) type Body = Box<dyn FnOnce() -> Value + Send>;

/// A thread that was started, of whatever world.
pub(super) enum Started {
    Real(std::thread::JoinHandle<Value>),
    Simulated(Simulated),
}

pub(super) struct Simulated {
    packet: Arc<Packet>,
    thread: Thread,
    run: u32,
    slot: u32,
    number: u64,
}

/// Where a simulated thread leaves its result.
struct Packet(Mutex<Ending>);

struct Ending {
    result: Option<std::thread::Result<Value>>,
    /// Who waits for the result.
    joiner: Option<Waiter>,
    /// Nobody will ever ask for the result.
    is_detached: bool,
    is_finished: bool,
}

/// Hides what a thread does, and of what type its result is.
pub(crate) fn hide<F, T>(body: F) -> Body
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Box::new(move || Box::new(body()))
}

/// Starts a simulated thread. Once the run is over nothing is started, and `body` is dropped.
pub(super) fn spawn_simulated(
    node: Option<NodeId>,
    name: Name,
    borrows_from: Option<u64>,
    body: Body,
) -> io::Result<Started> {
    let packet = Arc::new(Packet(Mutex::new(Ending {
        result: None,
        joiner: None,
        is_detached: false,
        is_finished: false,
    })));
    let ending = Arc::clone(&packet);
    let main = sim::thread_main(body, move |result| finish(&ending, result));
    let shown = name.shared();
    let (slot, number) = sim::start_thread(node, name, borrows_from, main)?.unwrap_or((u32::MAX, u64::MAX));
    // Not a scheduling point: what the new thread could do now it can do at the next step of this one.
    sim::record(Kind::Spawn, number, String::new);
    let run = with_core(|core| core.run);
    let thread = Thread(Inner::Simulated { run, slot, number, name: shown });
    Ok(Started::Simulated(Simulated { packet, thread, run, slot, number }))
}

/// The thread has run to its end: leaves the result, and tells whoever waits for it.
fn finish(packet: &Packet, result: std::thread::Result<Value>) {
    // While this thread runs: the report asks for its name and for where its panic was.
    let panic = result.as_ref().err().map(|payload| sim::panic_report(&**payload));
    let mut ending = packet.0.lock();
    ending.is_finished = true;
    let joiner = ending.joiner.take();
    let is_detached = ending.is_detached;
    // What nobody asks for is dropped here, in its own thread, and outside of our lock. After its panic is entered: its
    // destructor may panic, too.
    let unwanted = if is_detached { Some(result) } else { ending.result.replace(result) };
    drop(ending);
    with_core(|core| match panic {
        None => {}
        // Nobody can ever join it, so nobody could ever be told.
        Some(panic) if is_detached => core.fail(Cause::Panic(panic)),
        Some(panic) => {
            let number = core.threads.slot(core.current).number;
            // Its handle lives. If it is not joined, this panic is what the run fails with, whatever else
            // ends it.
            core.unjoined.push((number, panic));
        }
    });
    if unwanted.is_some() {
        sim::drop_caught(unwanted);
    }
    if let Some(joiner) = joiner {
        sim::wake(joiner);
    }
}

impl<T> JoinHandle<T> {
    /// The handle of a thread, which must return a `T`.
    pub(super) fn new(thread: Started) -> Self
    where
        T: 'static,
    {
        Self { thread, typed: |value| *value.downcast().expect("the handle has the type of its thread") }
    }

    /// Waits for the thread to end and returns its result.
    ///
    /// # Errors
    ///
    /// What the thread panicked with, or a text if its node was crashed.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let value = match self.thread {
            Started::Real(handle) => handle.join(),
            Started::Simulated(handle) => handle.join(Location::caller()),
        }?;
        Ok((self.typed)(value))
    }

    /// Whether the thread has ended.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.thread {
            Started::Real(handle) => handle.is_finished(),
            Started::Simulated(handle) => handle.is_finished(Location::caller()),
        }
    }

    /// The thread's own handle.
    #[must_use]
    pub fn thread(&self) -> Thread {
        match &self.thread {
            Started::Real(handle) => Thread(Inner::Real(handle.thread().clone())),
            Started::Simulated(handle) => handle.thread.clone(),
        }
    }
}

impl Simulated {
    fn join(self, location: &'static Location<'static>) -> std::thread::Result<Value> {
        if sim::is_simulated() {
            sim::step(Kind::Join, self.number, location);
        }
        loop {
            if let Some(result) = self.take_result() {
                return result;
            }
            if let Some(why) = self.why_lost() {
                return Err(Box::new(why) as Box<dyn Any + Send>);
            }
            // Woken by the end of the thread, or by the crash of its node. Which it was, it finds by looking
            // again.
            self.packet.0.lock().joiner = Some(sim::waiter());
            sim::wait(Wait::Join(self.number), None, location);
        }
    }

    fn is_finished(&self, location: &'static Location<'static>) -> bool {
        let is_finished = || self.packet.0.lock().is_finished;
        if !is_finished() && sim::is_in(self.run).is_some() {
            // So that a loop which waits for it lets others run.
            sim::step(Kind::Join, self.number, location);
        }
        is_finished()
    }

    fn take_result(&self) -> Option<std::thread::Result<Value>> {
        let result = self.packet.0.lock().result.take()?;
        if result.is_err() && sim::is_in(self.run).is_some() {
            // Somebody has the panic now and can deal with it.
            with_core(|core| {
                let place = core.unjoined.iter().position(|(number, _)| *number == self.number);
                if let Some(place) = place {
                    let (_, panic) = core.unjoined.remove(place);
                    core.joins_panic(panic);
                }
            });
        }
        Some(result)
    }

    /// Why the thread will never leave a result. When the run is over and the caller is part of it, nobody is told: it
    /// waits, as for any thread that does not end.
    fn why_lost(&self) -> Option<&'static str> {
        if sim::is_in(self.run).is_none() {
            return Some("the thread was part of a simulation that is over, so it never ends");
        }
        with_core(|core| {
            // The slot may have a new thread. And a thread that has just returned is marked like a crashed
            // one until the run loop has cleared its slot; but then it has left its result.
            let is_crashed = core
                .threads
                .slots
                .get(self.slot as usize)
                .is_none_or(|slot| slot.number == self.number && slot.state == State::Crashed);
            let is_lost = !core.is_over && is_crashed && !self.packet.0.lock().is_finished;
            is_lost.then_some("the thread's node was crashed, so it never ends")
        })
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let mut ending = self.packet.0.lock();
        ending.is_detached = true;
        let result = ending.result.take();
        drop(ending);
        drop(result);
        if !sim::is_simulated() {
            return;
        }
        let panic = with_core(|core| {
            // A handle that outlived its run says nothing about another one.
            if core.run != self.run {
                return None;
            }
            let place = core.unjoined.iter().position(|(number, _)| *number == self.number)?;
            Some(core.unjoined.remove(place).1)
        });
        if let Some(panic) = panic {
            sim::fail(Cause::Panic(panic));
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("thread", &self.thread()).finish_non_exhaustive()
    }
}
