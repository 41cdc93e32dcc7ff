//! Waiting for one of several channel operations, as a list that is built at run time. The macro `select!` is made
//! of this.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crossbeam_channel as real;
use crossbeam_channel::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};

use super::operation::{Selected, SelectedOperation, SimulatedOperation};
use super::receiver::RealArm;
use super::simulated::{self, Arms, Blocking, Choice, Port};
use super::{Receiver, Sender, Until, refuse_to_wait};
use crate::sim;
use crate::time::Instant;

/// A list of channel operations, one of which is to be done.
///
/// ```
/// use labrpc::channel::{Select, unbounded};
///
/// let channels: Vec<_> = (0..3).map(|_| unbounded()).collect();
/// channels[2].0.send("hello").unwrap();
/// let mut select = Select::new();
/// for (_, receiver) in &channels {
///     select.recv(receiver);
/// }
/// let operation = select.select();
/// assert_eq!(operation.index(), 2);
/// assert_eq!(operation.recv(&channels[2].1), Ok("hello"));
/// ```
///
/// # Differences from [`crossbeam_channel::Select`]
///
/// - Among operations that are ready the seed of the simulation chooses.
/// - All channels of one select are of one world.
/// - A simulated thread may select among real channels as long as one of them is ready; if none is and it would have
///   to wait, the run ends with a [`Cause::Misuse`](sim::Cause::Misuse).
/// - It stays with the thread that made it.
#[derive(Clone)]
pub struct Select<'a> {
    arms: World<'a>,
    choice: Choice,
}

#[derive(Clone)]
enum World<'a> {
    /// No operation was added yet.
    Open,
    Real(real::Select<'a>),
    Simulated(Arms<'a>),
}

/// The arms when it comes to selecting: of one world or the other.
enum Settled<'s, 'a> {
    Real(&'s mut real::Select<'a>),
    Simulated(&'s Arms<'a>),
}

impl<'a> Select<'a> {
    /// An empty list. Among operations that are ready, any is chosen.
    #[must_use]
    pub fn new() -> Self {
        Self { arms: World::Open, choice: Choice::Any }
    }

    /// An empty list. Among operations that are ready, the one that was added first is chosen.
    #[must_use]
    pub fn new_biased() -> Self {
        Self { arms: World::Open, choice: Choice::First }
    }

    /// Adds a send. Returns its index: how many were added before it.
    ///
    /// # Panics
    ///
    /// If the channel is of another world than those added before.
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        match sender.arm() {
            Ok(port) => self.add(port),
            Err(sender) => self.real().send(sender),
        }
    }

    /// Adds a receive. Returns its index: how many were added before it.
    ///
    /// # Panics
    ///
    /// If the channel is of another world than those added before.
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        match receiver.arm() {
            Ok(port) => self.add(port),
            Err(RealArm::Channel(receiver)) => self.real().recv(receiver),
            Err(RealArm::Timer(receiver, _)) => self.real().recv(receiver),
        }
    }

    fn add(&mut self, port: &'a dyn Port) -> usize {
        if matches!(self.arms, World::Open) {
            self.arms = World::Simulated(Vec::new());
        }
        let World::Simulated(arms) = &mut self.arms else { refuse_mixture() };
        arms.push(Some(port));
        arms.len() - 1
    }

    fn real(&mut self) -> &mut real::Select<'a> {
        if matches!(self.arms, World::Open) {
            self.arms = World::Real(match self.choice {
                Choice::Any => real::Select::new(),
                Choice::First => real::Select::new_biased(),
            });
        }
        let World::Real(select) = &mut self.arms else { refuse_mixture() };
        select
    }

    /// Takes an operation out. The others keep their indexes.
    ///
    /// # Panics
    ///
    /// If there is no operation with this index.
    pub fn remove(&mut self, index: usize) {
        match &mut self.arms {
            World::Open => panic!("no operation with index {index}: none was added"),
            World::Real(select) => select.remove(index),
            World::Simulated(arms) => {
                let arm = arms.get_mut(index).and_then(Option::take);
                assert!(arm.is_some(), "no operation with index {index}");
            }
        }
    }

    /// Chooses an operation that is ready.
    ///
    /// # Errors
    ///
    /// If none is.
    #[track_caller]
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        let place = Location::caller();
        match self.settle() {
            (Settled::Real(select), _) => select.try_select().map(SelectedOperation::real),
            (Settled::Simulated(arms), choice) => {
                Self::simulated(arms, Blocking::None, choice, place).ok_or(TrySelectError)
            }
        }
    }

    /// Waits until an operation is ready, and chooses it.
    ///
    /// # Panics
    ///
    /// If there is no operation.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        let place = Location::caller();
        assert!(!self.is_empty(), "no operations have been added to `Select`");
        self.select_until(Until::Forever, place).expect("a select without deadline")
    }

    /// Waits until an operation is ready, for `timeout` at most, and chooses it.
    ///
    /// # Errors
    ///
    /// If the time is up.
    #[track_caller]
    pub fn select_timeout(&mut self, timeout: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.select_until(Until::After(timeout), Location::caller()).ok_or(SelectTimeoutError)
    }

    /// Waits until an operation is ready, until `deadline` at most, and chooses it.
    ///
    /// # Errors
    ///
    /// If the time is up.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the channels.
    #[track_caller]
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.select_until(Until::Moment(deadline), Location::caller()).ok_or(SelectTimeoutError)
    }

    #[track_caller]
    fn select_until(
        &mut self,
        until: Until,
        place: &'static Location<'static>,
    ) -> Option<SelectedOperation<'a>> {
        match self.settle() {
            (Settled::Simulated(arms), choice) => {
                Self::simulated(arms, Blocking::Until(until), choice, place)
            }
            (Settled::Real(select), _) if sim::is_simulated() => {
                Some(select.try_select().map(SelectedOperation::real).unwrap_or_else(|_| {
                    refuse_to_wait(place);
                    SelectedOperation(Selected::Over)
                }))
            }
            (Settled::Real(select), _) => match until {
                Until::Forever => Some(SelectedOperation::real(select.select())),
                Until::Moment(deadline) => {
                    select.select_deadline(deadline.real()).ok().map(SelectedOperation::real)
                }
                Until::After(timeout) => select.select_timeout(timeout).ok().map(SelectedOperation::real),
            },
        }
    }

    #[track_caller]
    fn simulated(
        arms: &Arms<'a>,
        blocking: Blocking,
        choice: Choice,
        place: &'static Location<'static>,
    ) -> Option<SelectedOperation<'a>> {
        let (index, claim) = simulated::select(arms, blocking, choice, place)?;
        let selected = arms.get(index).copied().flatten().map_or(Selected::Over, |port| {
            Selected::Simulated(SimulatedOperation { index, port, claim: Some(claim) })
        });
        Some(SelectedOperation(selected))
    }

    /// The index of an operation that is ready. By the time it is tried, it may no longer be.
    ///
    /// # Errors
    ///
    /// If none is ready.
    #[track_caller]
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        let place = Location::caller();
        match self.settle() {
            (Settled::Real(select), _) => select.try_ready(),
            (Settled::Simulated(arms), choice) => {
                simulated::ready(arms, Blocking::None, choice, place).ok_or(TryReadyError)
            }
        }
    }

    /// Waits until an operation is ready. By the time it is tried, it may no longer be.
    ///
    /// # Panics
    ///
    /// If there is no operation.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        let place = Location::caller();
        assert!(!self.is_empty(), "no operations have been added to `Select`");
        self.ready_until(Until::Forever, place).expect("a wait without deadline")
    }

    /// As [`ready`](Self::ready), for `timeout` at most.
    ///
    /// # Errors
    ///
    /// If the time is up.
    #[track_caller]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.ready_until(Until::After(timeout), Location::caller()).ok_or(ReadyTimeoutError)
    }

    /// As [`ready`](Self::ready), until `deadline` at most.
    ///
    /// # Errors
    ///
    /// If the time is up.
    ///
    /// # Panics
    ///
    /// If `deadline` is of another world than the channels.
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.ready_until(Until::Moment(deadline), Location::caller()).ok_or(ReadyTimeoutError)
    }

    #[track_caller]
    fn ready_until(&mut self, until: Until, place: &'static Location<'static>) -> Option<usize> {
        match self.settle() {
            (Settled::Simulated(arms), choice) => {
                simulated::ready(arms, Blocking::Until(until), choice, place)
            }
            (Settled::Real(select), _) if sim::is_simulated() => {
                Some(select.try_ready().unwrap_or_else(|_| {
                    refuse_to_wait(place);
                    0
                }))
            }
            (Settled::Real(select), _) => match until {
                Until::Forever => Some(select.ready()),
                Until::Moment(deadline) => select.ready_deadline(deadline.real()).ok(),
                Until::After(timeout) => select.ready_timeout(timeout).ok(),
            },
        }
    }

    fn is_empty(&self) -> bool {
        match &self.arms {
            World::Open => true,
            // Crossbeam says so itself.
            World::Real(_) => false,
            World::Simulated(arms) => arms.iter().all(Option::is_none),
        }
    }

    /// The arms; a select without any is of the caller's world.
    fn settle(&mut self) -> (Settled<'_, 'a>, Choice) {
        if matches!(self.arms, World::Open) {
            // Nothing but the time is waited for, and time is of one world or the other.
            if sim::is_simulated() {
                self.arms = World::Simulated(Vec::new());
            } else {
                self.real();
            }
        }
        match &mut self.arms {
            World::Real(select) => (Settled::Real(select), self.choice),
            World::Simulated(arms) => (Settled::Simulated(arms), self.choice),
            World::Open => unreachable!("the world has just been settled"),
        }
    }
}

fn refuse_mixture() -> ! {
    panic!(
        "a select among channels of both worlds: some were made inside a simulation and some outside. Make all of \
         them inside Sim::run, or all outside"
    )
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select { .. }")
    }
}
