//! Channels of the simulated world.
//!
//! An operation first gives way to the scheduler, then acts in one piece on the [`State`], and waits if it must.
//! The state is behind a lock because handles may end up on other OS threads once the run is over; while the run
//! goes on only the simulation's one OS thread takes it, and never across a switch.

mod entry;
mod port;
mod selection;
mod state;
mod timer;

use std::panic::Location;
use std::sync::Arc;

use crossbeam_channel::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use parking_lot::Mutex;

pub(super) use port::{Claim, Port};
pub(super) use selection::{Arms, Blocking, Choice, ready, select};
pub(super) use timer::Timer;

use self::entry::Offer;
use self::state::{Awaited, Outcome, Received, Sent, State};
use super::Until;
use crate::sim::{self, Core, Kind, NONE, ObjectId, On, Wait, Woken, with_core};

type Place = &'static Location<'static>;

/// What the handles of one channel share.
struct Channel<T> {
    /// The simulation that it was made in.
    run: u32,
    id: ObjectId,
    state: Mutex<State<T>>,
}

/// A sending handle.
pub(super) struct SendSide<T>(Arc<Channel<T>>);

/// A receiving handle.
pub(super) struct RecvSide<T>(Arc<Channel<T>>);

/// A channel for the running simulation.
pub(super) fn channel<T>(capacity: Option<usize>) -> (SendSide<T>, RecvSide<T>) {
    let run = with_core(|core| core.run);
    let channel = Arc::new(Channel { run, id: ObjectId::new(), state: Mutex::new(State::new(capacity)) });
    (SendSide(Arc::clone(&channel)), RecvSide(channel))
}

/// Whether the caller runs in the simulation `run`. `false` when it runs elsewhere and the run is over: then nothing waits,
/// but what is left can be looked at from anywhere.
#[inline]
#[track_caller]
fn is_inside(run: u32) -> bool {
    let is_inside = sim::is_in(run).is_some();
    if !is_inside {
        refuse_live(run);
    }
    is_inside
}

/// Takes a step of the simulation `run`. `false` as [`is_inside`].
#[inline]
#[track_caller]
fn step(run: u32, kind: Kind, on: On<'_>, place: Place) -> bool {
    let is_inside = is_inside(run);
    if is_inside {
        sim::step_on(kind, on, place);
    } else {
        step_elsewhere(kind, place);
    }
    is_inside
}

/// As [`step`], for an operation that may wait. Returns its deadline; the outer `None` is for a run that is over.
#[inline]
#[track_caller]
fn begin(run: u32, until: Until, kind: Kind, on: On<'_>, place: Place) -> Option<Option<u64>> {
    begin_unless(run, until, kind, on, place, || false)
}

/// As [`begin`], without a step if `waits_unobserved`: nobody can tell then whether the thread waits already or is
/// about to.
#[inline]
#[track_caller]
fn begin_unless(
    run: u32,
    until: Until,
    kind: Kind,
    on: On<'_>,
    place: Place,
    waits_unobserved: impl FnOnce() -> bool,
) -> Option<Option<u64>> {
    let deadline = is_inside(run).then(|| until.simulated_ns());
    match deadline {
        Some(_) if waits_unobserved() => {}
        Some(_) => sim::step_on(kind, on, place),
        None => step_elsewhere(kind, place),
    }
    deadline
}

/// A step with a channel of another run, which is over. Otherwise a loop that tries again and again would never end.
#[cold]
fn step_elsewhere(kind: Kind, place: Place) {
    if sim::is_simulated() && with_core(|core| core.current != NONE) {
        sim::step(kind, 0, place);
    }
}

#[cold]
#[track_caller]
fn refuse_live(run: u32) {
    assert!(
        !sim::is_live(run),
        "a channel of a simulation was used outside of it: start threads with labrpc::thread::spawn, and make a \
         channel that real threads share outside of Sim::run"
    );
}

impl<T> Channel<T> {
    /// What sending and receiving do.
    fn access(&self) -> On<'_> {
        On::Changes(&self.id)
    }

    /// Acts on the state and on the scheduler in one piece.
    #[inline]
    fn act<R>(&self, act: impl FnOnce(&mut State<T>, &mut Core) -> R) -> R {
        let mut state = self.state.lock();
        // The state first, then the core, always. Neither is held when this returns, so no thread is switched
        // under them.
        with_core(|core| act(&mut state, core))
    }

    /// A handle goes away, which it may do anywhere. Returns whether it was the last of its side, which `handles` counts.
    fn drop_handle(&self, state: &mut State<T>, handles: impl FnOnce(&mut State<T>) -> &mut usize) -> bool {
        let handles = handles(state);
        if *handles > 1 {
            *handles -= 1;
            return false;
        }
        let is_in = sim::is_in(self.run);
        if is_in == Some(false) {
            // The run is over. For those who still use the channel the world is as it was when it ended, so the
            // handle counts as if it were there.
            return true;
        }
        *handles = 0;
        // An OS thread outside of the run cannot reach the scheduler, so it tells nobody.
        if is_in == Some(true) {
            with_core(|core| {
                core.becomes_observed();
                // All who wait, because each gets the same answer.
                state.wake_all(core);
            });
        }
        true
    }

    /// Looks at the state, after a step.
    fn look<R>(&self, kind: Kind, place: Place, look: impl FnOnce(&mut State<T>) -> R) -> R {
        step(self.run, kind, On::Reads(&self.id), place);
        look(&mut self.state.lock())
    }

    fn capacity(&self) -> Option<usize> {
        self.state.lock().capacity()
    }

    /// Waits until the promise to the entry `id` is kept or broken. Returns whether the message is there; if not, the
    /// entry is gone.
    fn settle(&self, id: u64, place: Place) -> bool {
        while let Outcome::Promised = self.act(|state, core| state.recheck_receiver(core, id)) {
            // Without the deadline of the receive: it was chosen within its time, and the sender has been
            // told that it has a receiver.
            sim::wait(Wait::Recv, None, place);
        }
        self.state.lock().has_receiver(id)
    }

    /// Fetches the message of the entry `id`, which may be a promise still. `None`: there is none, and the entry is
    /// gone.
    fn collect(&self, id: u64, place: Place) -> Option<T> {
        if let Some(message) = self.state.lock().remove_message(id) {
            return Some(message);
        }
        if self.settle(id, place) { self.state.lock().remove_message(id) } else { None }
    }
}

impl<T> SendSide<T> {
    #[track_caller]
    pub(super) fn try_send(&self, message: T, place: Place) -> Result<(), TrySendError<T>> {
        if !step(self.0.run, Kind::Send, self.0.access(), place) {
            return Err(TrySendError::Disconnected(message));
        }
        match self.0.act(|state, core| state.send(core, message)) {
            Sent::Done => Ok(()),
            Sent::Full(message) => Err(TrySendError::Full(message)),
            Sent::Disconnected(message) => Err(TrySendError::Disconnected(message)),
        }
    }

    #[track_caller]
    pub(super) fn send(&self, mut message: T, until: Until, place: Place) -> Result<(), SendTimeoutError<T>> {
        let Some(deadline) = begin(self.0.run, until, Kind::Send, self.0.access(), place) else {
            return Err(SendTimeoutError::Disconnected(message));
        };
        loop {
            let waits = self.0.act(|state, core| match state.send(core, message) {
                Sent::Done => Ok(None),
                Sent::Full(message) => Ok(Some(state.register_sender(core, Offer::Message(message)))),
                Sent::Disconnected(message) => Err(SendTimeoutError::Disconnected(message)),
            })?;
            let Some(id) = waits else { return Ok(()) };
            let woken = sim::wait(Wait::Send, deadline, place);
            // Whoever took the message has done the send for this thread. If it is still there, a
            // disconnection, a crash or a resumed node has woken this thread to look, or its time is up; then
            // it is tried again, or given back.
            let offer = self.0.state.lock().withdraw_sender(id);
            let Offer::Message(back) = offer else { return Ok(()) };
            message = match woken {
                Woken::ByPeer | Woken::ByTheEnd => back,
                Woken::ByDeadline => return Err(SendTimeoutError::Timeout(back)),
            };
        }
    }

    #[track_caller]
    pub(super) fn len(&self, place: Place) -> usize {
        self.0.look(Kind::Send, place, |state| state.len())
    }

    #[track_caller]
    pub(super) fn is_full(&self, place: Place) -> bool {
        self.0.look(Kind::Send, place, |state| state.is_full())
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> RecvSide<T> {
    #[track_caller]
    pub(super) fn try_recv(&self, place: Place) -> Result<T, TryRecvError> {
        if !step(self.0.run, Kind::Recv, self.0.access(), place) {
            return self.take_left().ok_or(TryRecvError::Disconnected);
        }
        loop {
            match self.0.act(State::receive) {
                Received::Message(message) => return Ok(message),
                Received::Empty => return Err(TryRecvError::Empty),
                Received::Disconnected => return Err(TryRecvError::Disconnected),
                // A select has just chosen to send to us; it does so in its next breath.
                Received::Promised(id) => {
                    if let Some(message) = self.0.collect(id, place) {
                        return Ok(message);
                    }
                }
            }
        }
    }

    #[track_caller]
    pub(super) fn recv(&self, until: Until, place: Place) -> Result<T, RecvTimeoutError> {
        // Nothing is there and nobody can see who waits. Whatever others do between a step here and the wait,
        // they can do after the wait has begun, with the same result: the step would only double the
        // schedules.
        let waits_unobserved = || self.0.state.lock().lets_wait_unobserved();
        let Some(deadline) =
            begin_unless(self.0.run, until, Kind::Recv, self.0.access(), place, waits_unobserved)
        else {
            return self.take_left().ok_or(RecvTimeoutError::Disconnected);
        };
        loop {
            let (id, woken) = match self.0.act(State::receive_or_register) {
                Awaited::Message(message) => return Ok(message),
                Awaited::Disconnected => return Err(RecvTimeoutError::Disconnected),
                // A select has just been chosen to send to this thread. There is nothing to wait for here:
                // `collect` does that.
                Awaited::Promised(id) => (id, Woken::ByPeer),
                Awaited::Waits(id) => (id, sim::wait(Wait::Recv, deadline, place)),
            };
            // Before the reason for waking counts: what was given to this thread must not be lost, whatever
            // woke it.
            if let Some(message) = self.0.collect(id, place) {
                return Ok(message);
            }
            match woken {
                Woken::ByPeer | Woken::ByTheEnd => {}
                Woken::ByDeadline => return Err(RecvTimeoutError::Timeout),
            }
        }
    }

    /// A message that the run left behind.
    fn take_left(&self) -> Option<T> {
        self.0.state.lock().take_left()
    }

    #[track_caller]
    pub(super) fn len(&self, place: Place) -> usize {
        self.0.look(Kind::Recv, place, |state| state.len())
    }

    #[track_caller]
    pub(super) fn is_full(&self, place: Place) -> bool {
        self.0.look(Kind::Recv, place, |state| state.is_full())
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for SendSide<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for RecvSide<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().receivers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for SendSide<T> {
    fn drop(&mut self) {
        self.0.drop_handle(&mut self.0.state.lock(), |state| &mut state.senders);
    }
}

impl<T> Drop for RecvSide<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if self.0.drop_handle(&mut state, |state| &mut state.receivers) {
            let unwanted = state.take_queue();
            drop(state);
            // Messages may have destructors that use this very channel.
            drop(unwanted);
        }
    }
}
