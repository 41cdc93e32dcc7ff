//! The receiving side of a channel.

use std::any::Any;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvError, RecvTimeoutError, TryRecvError};

use super::simulated::{Claim, Port, RecvSide, Timer};
use super::{Until, refuse_to_wait};
use crate::sim;
use crate::time::Instant;

/// The receiving side of a channel. Clone it to receive in several threads; each message goes to one of them.
///
/// # Differences from [`crossbeam_channel::Receiver`]
///
/// - In a simulation, receiving gives way to the scheduler, timeouts are of virtual time, and a receive that can
///   never end is reported as a deadlock.
/// - A simulated thread may receive from a real channel as long as it need not wait; if it must, the run ends with a
///   [`Cause::Misuse`](sim::Cause::Misuse).
/// - A real thread that uses a channel of a simulation which goes on panics. Cloning and dropping is allowed. Once
///   the run is over, anybody can receive what was left.
pub struct Receiver<T> {
    flavour: Flavour<T>,
    /// Sees each message before whoever receives it.
    look: Option<Look<T>>,
    /// What sends to it, if nobody else need keep that.
    source: Option<Arc<dyn Any + Send + Sync>>,
}

type Look<T> = Arc<dyn Fn(&T) + Send + Sync>;

enum Flavour<T> {
    Real(crossbeam_channel::Receiver<T>),
    Simulated(RecvSide<T>),
    /// A timer of the real world, whose messages become our instants.
    RealTimer(crossbeam_channel::Receiver<std::time::Instant>, fn(std::time::Instant) -> T),
    Timer(Timer<T>),
}

/// A receiver of the real world, as an arm of a select.
pub(super) enum RealArm<'a, T> {
    Channel(&'a crossbeam_channel::Receiver<T>),
    Timer(&'a crossbeam_channel::Receiver<std::time::Instant>, fn(std::time::Instant) -> T),
}

impl Receiver<Instant> {
    pub(super) fn real_timer(receiver: crossbeam_channel::Receiver<std::time::Instant>) -> Self {
        Self::new(Flavour::RealTimer(receiver, Instant::from_real))
    }
}

impl<T> Receiver<T> {
    fn new(flavour: Flavour<T>) -> Self {
        Self { flavour, look: None, source: None }
    }

    /// Keeps what sends to it as long as it or a clone of it is there, so that it is not disconnected.
    pub(super) fn keeping(mut self, source: Arc<dyn Any + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }

    pub(super) fn real(receiver: crossbeam_channel::Receiver<T>) -> Self {
        Self::new(Flavour::Real(receiver))
    }

    pub(super) fn simulated(receiver: RecvSide<T>) -> Self {
        Self::new(Flavour::Simulated(receiver))
    }

    pub(super) fn timer(timer: Timer<T>) -> Self {
        Self::new(Flavour::Timer(timer))
    }

    /// Has `look` called with each message that is received through this handle and its later clones, in the thread
    /// that receives it, before it gets it: for who wants to see what another reads. crossbeam's has no such method.
    #[must_use]
    pub fn inspect(mut self, look: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.look = Some(Arc::new(look));
        self
    }

    /// Shows a message that was received.
    #[inline]
    pub(super) fn shown<E>(&self, received: Result<T, E>) -> Result<T, E> {
        // Here, where every way to receive comes by, and before anybody else can do something with the
        // message.
        if let (Some(look), Ok(message)) = (&self.look, &received) {
            look(message);
        }
        received
    }

    /// Receives a message, waiting for one.
    ///
    /// # Errors
    ///
    /// If the channel is empty and all senders are gone, or the run is over.
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match &self.flavour {
            // Only who would have to wait need ask in which world it is.
            Flavour::Real(receiver) => self.shown(match receiver.try_recv() {
                Ok(message) => Ok(message),
                Err(error) => wait_to_recv(receiver, error, Location::caller()),
            }),
            _ => self.recv_until(Until::Forever, Location::caller()).map_err(|_| RecvError),
        }
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// If there is none; the error says whether one can still come.
    #[inline]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shown(match &self.flavour {
            Flavour::Real(receiver) => receiver.try_recv(),
            Flavour::Simulated(receiver) => receiver.try_recv(Location::caller()),
            Flavour::RealTimer(receiver, message) => receiver.try_recv().map(message),
            Flavour::Timer(timer) => timer.try_recv(Location::caller()),
        })
    }

    /// Receives a message, waiting for `timeout` at most.
    ///
    /// # Errors
    ///
    /// If the time is up, or the channel is empty and all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(Until::After(timeout), Location::caller())
    }

    /// Receives a message, waiting until `deadline` at most.
    ///
    /// # Errors
    ///
    /// If the time is up, or the channel is empty and all senders are gone.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the channel.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Until::Moment(deadline), Location::caller())
    }

    #[track_caller]
    fn recv_until(&self, until: Until, place: &'static Location<'static>) -> Result<T, RecvTimeoutError> {
        self.shown(match &self.flavour {
            Flavour::Real(receiver) => recv_real(receiver, until, place),
            Flavour::Simulated(receiver) => receiver.recv(until, place),
            Flavour::RealTimer(receiver, message) => recv_real(receiver, until, place).map(message),
            Flavour::Timer(timer) => timer.recv(until, place),
        })
    }

    /// Whether no message is in the channel.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room. A channel of capacity 0 is always full.
    #[must_use]
    #[track_caller]
    pub fn is_full(&self) -> bool {
        match &self.flavour {
            Flavour::Real(receiver) => receiver.is_full(),
            Flavour::Simulated(receiver) => receiver.is_full(Location::caller()),
            Flavour::RealTimer(receiver, _) => receiver.is_full(),
            Flavour::Timer(timer) => timer.is_full(Location::caller()),
        }
    }

    /// How many messages are in the channel.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        match &self.flavour {
            Flavour::Real(receiver) => receiver.len(),
            Flavour::Simulated(receiver) => receiver.len(Location::caller()),
            Flavour::RealTimer(receiver, _) => receiver.len(),
            Flavour::Timer(timer) => timer.len(Location::caller()),
        }
    }

    /// How many messages the channel can hold; `None`: any number.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        match &self.flavour {
            Flavour::Real(receiver) => receiver.capacity(),
            Flavour::Simulated(receiver) => receiver.capacity(),
            Flavour::RealTimer(receiver, _) => receiver.capacity(),
            Flavour::Timer(timer) => timer.capacity(),
        }
    }

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.flavour, &other.flavour) {
            (Flavour::Real(this), Flavour::Real(other)) => this.same_channel(other),
            (Flavour::Simulated(this), Flavour::Simulated(other)) => this.same_channel(other),
            (Flavour::RealTimer(this, _), Flavour::RealTimer(other, _)) => this.same_channel(other),
            (Flavour::Timer(this), Flavour::Timer(other)) => this.same_channel(other),
            _ => false,
        }
    }

    /// As an arm of a select.
    pub(super) fn arm(&self) -> Result<&dyn Port, RealArm<'_, T>> {
        match &self.flavour {
            Flavour::Real(receiver) => Err(RealArm::Channel(receiver)),
            Flavour::RealTimer(receiver, message) => Err(RealArm::Timer(receiver, *message)),
            Flavour::Simulated(receiver) => Ok(receiver),
            Flavour::Timer(timer) => Ok(timer),
        }
    }

    /// The message that a simulated select claimed; `None` when the channel is closed.
    pub(super) fn complete(&self, claim: Claim) -> Option<T> {
        match &self.flavour {
            Flavour::Simulated(receiver) => receiver.complete(claim),
            Flavour::Timer(timer) => timer.complete(claim),
            Flavour::Real(_) | Flavour::RealTimer(..) => None,
        }
    }
}

/// Receives from a real channel that was empty at the first attempt.
#[inline(never)]
fn wait_to_recv<T>(
    receiver: &crossbeam_channel::Receiver<T>,
    error: TryRecvError,
    place: &'static Location<'static>,
) -> Result<T, RecvError> {
    match error {
        TryRecvError::Disconnected => Err(RecvError),
        TryRecvError::Empty if sim::is_simulated() => {
            refuse_to_wait(place);
            Err(RecvError)
        }
        TryRecvError::Empty => receiver.recv(),
    }
}

/// Receives from a real channel.
fn recv_real<T>(
    receiver: &crossbeam_channel::Receiver<T>,
    until: Until,
    place: &'static Location<'static>,
) -> Result<T, RecvTimeoutError> {
    match receiver.try_recv() {
        Ok(message) => Ok(message),
        Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        Err(TryRecvError::Empty) if sim::is_simulated() => {
            refuse_to_wait(place);
            Err(RecvTimeoutError::Disconnected)
        }
        Err(TryRecvError::Empty) => match until {
            Until::Forever => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Until::Moment(deadline) => receiver.recv_deadline(deadline.real()),
            Until::After(timeout) => receiver.recv_timeout(timeout),
        },
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let flavour = match &self.flavour {
            Flavour::Real(receiver) => Flavour::Real(receiver.clone()),
            Flavour::Simulated(receiver) => Flavour::Simulated(receiver.clone()),
            Flavour::RealTimer(receiver, message) => Flavour::RealTimer(receiver.clone(), *message),
            Flavour::Timer(timer) => Flavour::Timer(timer.clone()),
        };
        Self { flavour, look: self.look.clone(), source: self.source.clone() }
    }
}

impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}
