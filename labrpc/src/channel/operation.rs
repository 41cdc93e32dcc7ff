//! What a select has chosen, until it is done.

use std::fmt;

use crossbeam_channel as real;
use crossbeam_channel::{RecvError, SendError};

use super::receiver::RealArm;
use super::simulated::{Claim, Port};
use super::{Receiver, Sender};
use crate::sim;

/// An operation that was chosen and must be completed, with [`send`](Self::send) or [`recv`](Self::recv).
///
/// # Panics
///
/// When it is dropped without being completed, except while its thread unwinds.
///
/// # Differences from [`crossbeam_channel::SelectedOperation`]
///
/// None but those of [`Select`](super::Select).
#[must_use]
pub struct SelectedOperation<'a>(pub(super) Selected<'a>);

pub(super) enum Selected<'a> {
    Real(real::SelectedOperation<'a>),
    Simulated(SimulatedOperation<'a>),
    /// The run is over, and there is nothing to complete.
    Over,
}

pub(super) struct SimulatedOperation<'a> {
    pub(super) index: usize,
    pub(super) port: &'a dyn Port,
    /// `None` once it is completed.
    pub(super) claim: Option<Claim>,
}

impl<'a> SelectedOperation<'a> {
    pub(super) fn real(operation: real::SelectedOperation<'a>) -> Self {
        Self(Selected::Real(operation))
    }

    /// The index of the operation.
    #[must_use]
    pub fn index(&self) -> usize {
        match &self.0 {
            Selected::Real(operation) => operation.index(),
            Selected::Simulated(operation) => operation.index,
            Selected::Over => 0,
        }
    }

    /// Sends the message.
    ///
    /// # Errors
    ///
    /// Gives the message back if all receivers are gone.
    ///
    /// # Panics
    ///
    /// If `sender` is not the one that was chosen.
    pub fn send<T>(self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        match (self.0, sender.arm()) {
            (Selected::Over, _) => Err(SendError(message)),
            (Selected::Real(operation), Err(sender)) => operation.send(sender, message),
            (Selected::Simulated(mut operation), Ok(port)) => {
                let claim = operation.take_claim(port);
                let side = sender.side().expect("a sender of a simulation");
                side.complete(claim, message).map_err(SendError)
            }
            _ => panic!("passed a sender that wasn't selected"),
        }
    }

    /// Receives the message.
    ///
    /// # Errors
    ///
    /// If the channel is empty and all senders are gone.
    ///
    /// # Panics
    ///
    /// If `receiver` is not the one that was chosen.
    pub fn recv<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        receiver.shown(match (self.0, receiver.arm()) {
            (Selected::Over, _) => Err(RecvError),
            (Selected::Real(operation), Err(RealArm::Channel(receiver))) => operation.recv(receiver),
            (Selected::Real(operation), Err(RealArm::Timer(receiver, message))) => {
                operation.recv(receiver).map(message)
            }
            (Selected::Simulated(mut operation), Ok(port)) => {
                let claim = operation.take_claim(port);
                receiver.complete(claim).ok_or(RecvError)
            }
            _ => panic!("passed a receiver that wasn't selected"),
        })
    }
}

impl SimulatedOperation<'_> {
    fn take_claim(&mut self, port: &dyn Port) -> Claim {
        assert!(port.address() == self.port.address(), "passed a sender or receiver that wasn't selected");
        self.claim.take().expect("an operation is completed once")
    }
}

impl Drop for SimulatedOperation<'_> {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        // Before the panic below: the other side must not wait for a message that will never be made.
        self.port.give_up(claim);
        assert!(
            crate::thread::panicking() || sim::is_simulated() && sim::is_over(),
            "dropped `SelectedOperation` without completing the operation"
        );
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectedOperation { .. }")
    }
}
