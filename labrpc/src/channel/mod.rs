//! Channels of both worlds, with the API of [`crossbeam_channel`].
//!
//! Where a channel is made decides its world: inside a simulation its operations are scheduling points, its timeouts
//! and timers are of virtual time, and a receive that can never end is reported as a deadlock; elsewhere it is
//! crossbeam's.
//!
//! ```
//! use labrpc::channel::{select, tick, unbounded};
//! use labrpc::sim::Sim;
//! use labrpc::thread;
//! use std::time::Duration;
//!
//! Sim::new(1).run(|| {
//!     let (sender, receiver) = unbounded();
//!     let clock = tick(Duration::from_millis(100));
//!     thread::spawn(move || {
//!         thread::sleep(Duration::from_millis(250));
//!         sender.send("hello").unwrap();
//!     });
//!     let mut ticks = 0;
//!     loop {
//!         select! {
//!             recv(clock) -> _ => ticks += 1,
//!             recv(receiver) -> message => {
//!                 assert_eq!(message, Ok("hello"));
//!                 break;
//!             }
//!         }
//!     }
//!     assert_eq!(ticks, 2);
//! }).unwrap();
//! ```
//!
//! # Rules
//!
//! - In a simulation every send, receive and select gives way once before it acts, and then acts in one piece.
//!   Cloning and dropping handles does not give way.
//! - Where crossbeam chooses at random, among the arms of a select that are ready, the seed chooses. It also chooses
//!   which of several waiting threads is served, so that code which relies on an order fails.
//! - A thread of a crashed node takes nothing and gives nothing; a message that it had received is lost with it. Its
//!   handles stay until the run ends, so the other side sees no disconnection: a crashed machine says no goodbye.
//! - A thread of a paused node takes and gives nothing until the node goes on.
//! - Once the run is over nothing waits. Messages left in a queue can still be received, from outside too; then the
//!   channel is disconnected.
//!
//! # What it leaves out
//!
//! In the simulated world a message goes straight to a receiver that waits for it: nobody can snatch it away between
//! the wake-up and the waking. Crossbeam allows that in rare schedules.

mod iter;
mod operation;
mod receiver;
mod select;
mod select_macro;
mod sender;
mod simulated;
pub(crate) mod timer;

use std::panic::Location;
use std::time::Duration;

pub use crossbeam_channel::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError, SendTimeoutError,
    TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
pub use iter::{IntoIter, Iter, TryIter};
pub use operation::SelectedOperation;
pub use receiver::Receiver;
pub use select::Select;
pub use sender::Sender;

use crate::sim;
use crate::time::Instant;
#[doc(inline)]
pub use select_macro::{select, select_biased};

/// A channel without bound: sending never waits.
///
/// # Differences from [`crossbeam_channel::unbounded`]
///
/// Made inside a simulation, the channel belongs to it.
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    if sim::is_simulated() { simulated(None) } else { real(crossbeam_channel::unbounded()) }
}

/// A channel that holds `capacity` messages at most; a send waits for room. With capacity 0 nothing is held: a send
/// waits for a receive, and the message goes from hand to hand.
///
/// # Differences from [`crossbeam_channel::bounded`]
///
/// Made inside a simulation, the channel belongs to it.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    if sim::is_simulated() { simulated(Some(capacity)) } else { real(crossbeam_channel::bounded(capacity)) }
}

fn simulated<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = simulated::channel(capacity);
    (Sender::simulated(sender), Receiver::simulated(receiver))
}

fn real<T>(
    (sender, receiver): (crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>),
) -> (Sender<T>, Receiver<T>) {
    (Sender::real(sender), Receiver::real(receiver))
}

/// A receiver to which one message comes, after `delay`: the instant at which it came. It is not disconnected then.
///
/// # Differences from [`crossbeam_channel::after`]
///
/// In a simulation the delay is of virtual time.
#[must_use]
pub fn after(delay: Duration) -> Receiver<Instant> {
    if sim::is_simulated() {
        Receiver::timer(simulated::Timer::after(delay))
    } else {
        Receiver::real_timer(crossbeam_channel::after(delay))
    }
}

/// As [`after`], at a moment given.
///
/// # Panics
///
/// If `deadline` is of another world than the caller.
///
/// # Differences from [`crossbeam_channel::at`]
///
/// In a simulation the moment is of virtual time, on the clock of the node that receives.
#[must_use]
pub fn at(deadline: Instant) -> Receiver<Instant> {
    if sim::is_simulated() {
        Receiver::timer(simulated::Timer::at(deadline))
    } else {
        Receiver::real_timer(crossbeam_channel::at(deadline.real()))
    }
}

/// A receiver to which a message comes every `period`: the instant at which it came. Ticks that nobody fetches do
/// not pile up: the period after a late one begins when it is received.
///
/// # Differences from [`crossbeam_channel::tick`]
///
/// In a simulation the period is of virtual time.
#[must_use]
pub fn tick(period: Duration) -> Receiver<Instant> {
    if sim::is_simulated() {
        Receiver::timer(simulated::Timer::tick(period))
    } else {
        Receiver::real_timer(crossbeam_channel::tick(period))
    }
}

/// A receiver to which nothing ever comes: an arm of a `select!` that is switched off.
///
/// # Differences from [`crossbeam_channel::never`]
///
/// In a simulation, waiting for it and for nothing else is reported as a deadlock.
#[must_use]
pub fn never<T>() -> Receiver<T> {
    if sim::is_simulated() {
        Receiver::timer(simulated::Timer::never())
    } else {
        Receiver::real(crossbeam_channel::never())
    }
}

/// How long an operation waits.
#[derive(Clone, Copy, Debug)]
enum Until {
    Forever,
    Moment(Instant),
    After(Duration),
}

impl Until {
    /// The deadline on the clock of the running simulated thread; `None`: never.
    fn simulated_ns(self) -> Option<u64> {
        match self {
            Self::Forever => None,
            Self::Moment(deadline) => Some(deadline.simulated_ns()),
            Self::After(delay) => sim::now().checked_add(u64::try_from(delay.as_nanos()).ok()?),
        }
    }
}

/// A simulated thread would have to wait for a real channel. It must not: nothing else could run meanwhile.
#[cold]
fn refuse_to_wait(place: &'static Location<'static>) {
    sim::fail_misuse(format!(
        "would have to wait at {} for a channel that was made outside of the simulation: whoever is at its other \
         end does not live in virtual time. Make the channel inside Sim::run.",
        sim::place(place)
    ));
}
