//! The sending side of a channel.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use crossbeam_channel::{SendError, SendTimeoutError, TrySendError};

use super::simulated::{Port, SendSide};
use super::{Until, refuse_to_wait};
use crate::sim;
use crate::time::Instant;

/// The sending side of a channel. Clone it to send from several threads.
///
/// # Differences from [`crossbeam_channel::Sender`]
///
/// - In a simulation, sending gives way to the scheduler, and timeouts are of virtual time.
/// - A simulated thread may send on a real channel as long as it need not wait for room; if it must, the run ends
///   with a [`Cause::Misuse`](sim::Cause::Misuse).
/// - A real thread that uses a channel of a simulation which goes on panics. Cloning and dropping is allowed.
pub struct Sender<T>(Flavour<T>);

enum Flavour<T> {
    Real(crossbeam_channel::Sender<T>),
    Simulated(SendSide<T>),
}

impl<T> Sender<T> {
    pub(super) fn real(sender: crossbeam_channel::Sender<T>) -> Self {
        Self(Flavour::Real(sender))
    }

    pub(super) fn simulated(sender: SendSide<T>) -> Self {
        Self(Flavour::Simulated(sender))
    }

    /// Sends a message, waiting for room.
    ///
    /// # Errors
    ///
    /// Gives the message back if all receivers are gone, or if the run is over.
    #[inline]
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        match &self.0 {
            // Only who would have to wait need ask in which world it is.
            Flavour::Real(sender) => match sender.try_send(message) {
                Ok(()) => Ok(()),
                Err(error) => wait_to_send(sender, error, Location::caller()),
            },
            Flavour::Simulated(sender) => sender
                .send(message, Until::Forever, Location::caller())
                .map_err(|error| SendError(error.into_inner())),
        }
    }

    /// Sends a message if that is possible at once.
    ///
    /// # Errors
    ///
    /// Gives the message back if there is no room, or nobody waits for it at a channel of capacity 0, or if all
    /// receivers are gone.
    #[inline]
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match &self.0 {
            Flavour::Real(sender) => sender.try_send(message),
            Flavour::Simulated(sender) => sender.try_send(message, Location::caller()),
        }
    }

    /// Sends a message, waiting for room for `timeout` at most.
    ///
    /// # Errors
    ///
    /// Gives the message back if the time is up or all receivers are gone.
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match &self.0 {
            Flavour::Real(sender) => send_real(sender, message, Location::caller(), |message| {
                sender.send_timeout(message, timeout)
            }),
            Flavour::Simulated(sender) => sender.send(message, Until::After(timeout), Location::caller()),
        }
    }

    /// Sends a message, waiting for room until `deadline` at most.
    ///
    /// # Errors
    ///
    /// Gives the message back if the time is up or all receivers are gone.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the channel.
    #[track_caller]
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        match &self.0 {
            Flavour::Real(sender) => send_real(sender, message, Location::caller(), |message| {
                sender.send_deadline(message, deadline.real())
            }),
            Flavour::Simulated(sender) => sender.send(message, Until::Moment(deadline), Location::caller()),
        }
    }

    /// Whether no message is in the channel.
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Flavour::Real(sender) => sender.is_empty(),
            Flavour::Simulated(sender) => sender.len(Location::caller()) == 0,
        }
    }

    /// Whether there is no room. A channel of capacity 0 is always full.
    #[must_use]
    #[track_caller]
    pub fn is_full(&self) -> bool {
        match &self.0 {
            Flavour::Real(sender) => sender.is_full(),
            Flavour::Simulated(sender) => sender.is_full(Location::caller()),
        }
    }

    /// How many messages are in the channel.
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        match &self.0 {
            Flavour::Real(sender) => sender.len(),
            Flavour::Simulated(sender) => sender.len(Location::caller()),
        }
    }

    /// How many messages the channel can hold; `None`: any number.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        match &self.0 {
            Flavour::Real(sender) => sender.capacity(),
            Flavour::Simulated(sender) => sender.capacity(),
        }
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Flavour::Real(this), Flavour::Real(other)) => this.same_channel(other),
            (Flavour::Simulated(this), Flavour::Simulated(other)) => this.same_channel(other),
            _ => false,
        }
    }

    /// As an arm of a select.
    pub(super) fn arm(&self) -> Result<&dyn Port, &crossbeam_channel::Sender<T>> {
        match &self.0 {
            Flavour::Real(sender) => Err(sender),
            Flavour::Simulated(sender) => Ok(sender),
        }
    }

    /// The simulated side.
    pub(super) fn side(&self) -> Option<&SendSide<T>> {
        match &self.0 {
            Flavour::Real(_) => None,
            Flavour::Simulated(sender) => Some(sender),
        }
    }
}

/// Sends on a real channel that had no room at the first attempt.
#[inline(never)]
fn wait_to_send<T>(
    sender: &crossbeam_channel::Sender<T>,
    error: TrySendError<T>,
    place: &'static Location<'static>,
) -> Result<(), SendError<T>> {
    match error {
        TrySendError::Disconnected(message) => Err(SendError(message)),
        TrySendError::Full(message) if sim::is_simulated() => {
            refuse_to_wait(place);
            Err(SendError(message))
        }
        TrySendError::Full(message) => sender.send(message),
    }
}

/// Sends on a real channel; `wait` is for when there is no room at once.
fn send_real<T>(
    sender: &crossbeam_channel::Sender<T>,
    message: T,
    place: &'static Location<'static>,
    wait: impl FnOnce(T) -> Result<(), SendTimeoutError<T>>,
) -> Result<(), SendTimeoutError<T>> {
    match sender.try_send(message) {
        Ok(()) => Ok(()),
        Err(TrySendError::Disconnected(message)) => Err(SendTimeoutError::Disconnected(message)),
        Err(TrySendError::Full(message)) if sim::is_simulated() => {
            refuse_to_wait(place);
            Err(SendTimeoutError::Disconnected(message))
        }
        Err(TrySendError::Full(message)) => wait(message),
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Flavour::Real(sender) => Flavour::Real(sender.clone()),
            Flavour::Simulated(sender) => Flavour::Simulated(sender.clone()),
        })
    }
}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}
