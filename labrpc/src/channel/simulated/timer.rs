//! Receivers that time itself sends to: `after`, `at`, `tick`, and `never`, to which nothing comes.
//!
//! There is no thread behind them. A timer is a deadline; who waits for its message waits until then, and the first
//! to come takes it. One that can be set anew knows who waits, and tells them of its new deadline.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, TryRecvError};
use parking_lot::Mutex;

use super::port::{Claim, Port};
use super::{Place, begin, is_inside, step};
use crate::channel::Until;
use crate::sim::{self, Kind, ObjectId, On, Wait, Waiter, with_core};
use crate::time::Instant;

/// A receiving handle to a timer.
pub(in crate::channel) struct Timer<T>(Arc<Shared<T>>);

struct Shared<T> {
    run: u32,
    /// When the next message comes, on the clock of whoever asks, in nanoseconds; `None`: never.
    next: Mutex<Option<u64>>,
    /// The time between messages; `None`: there is only one.
    period: Option<u64>,
    capacity: usize,
    /// Makes the message of the instant at which it came.
    message: fn(Instant) -> T,
    /// Who waits for the message, if it can be set anew. Those who crashed while they waited stand there, too.
    waiting: Option<Mutex<Vec<Waiter>>>,
    number: ObjectId,
}

impl<T> Timer<T> {
    fn new(next: Option<u64>, period: Option<u64>, capacity: usize, message: fn(Instant) -> T) -> Self {
        let run = with_core(|core| core.run);
        Self(Arc::new(Shared {
            run,
            next: Mutex::new(next),
            period,
            capacity,
            message,
            waiting: None,
            number: ObjectId::new(),
        }))
    }

    /// What an operation does with the timer, if others can see that: one that is never set anew is as good as a clock.
    fn access(&self) -> On<'_> {
        if self.0.waiting.is_some() { On::Changes(&self.0.number) } else { On::Nothing }
    }

    /// To which nothing ever comes.
    pub(in crate::channel) fn never() -> Self {
        Self::new(None, None, 0, |_| unreachable!("nothing comes from `never`"))
    }

    #[track_caller]
    pub(in crate::channel) fn try_recv(&self, place: Place) -> Result<T, TryRecvError> {
        if !step(self.0.run, Kind::Recv, self.access(), place) {
            return Err(TryRecvError::Disconnected);
        }
        self.take().map(|moment| self.message(moment)).ok_or(TryRecvError::Empty)
    }

    #[track_caller]
    pub(in crate::channel) fn recv(&self, until: Until, place: Place) -> Result<T, RecvTimeoutError> {
        let Some(deadline) = begin(self.0.run, until, Kind::Recv, self.access(), place) else {
            return Err(RecvTimeoutError::Disconnected);
        };
        loop {
            // After every wait: another receiver of the same timer may have been here first.
            if let Some(moment) = self.take() {
                return Ok(self.message(moment));
            }
            if deadline.is_some_and(|deadline| deadline <= sim::now()) {
                return Err(RecvTimeoutError::Timeout);
            }
            let next = [deadline, *self.0.next.lock()].into_iter().flatten().min();
            self.begins_to_wait();
            sim::wait(Wait::Recv, next, place);
            self.waits_no_longer();
        }
    }

    /// The running thread is about to wait until the deadline that is set now.
    fn begins_to_wait(&self) {
        if let Some(waiting) = &self.0.waiting {
            waiting.lock().push(sim::waiter());
        }
    }

    fn waits_no_longer(&self) {
        if let Some(waiting) = &self.0.waiting {
            let current = sim::waiter().slot;
            waiting.lock().retain(|waiter| waiter.slot != current);
        }
    }

    /// Takes the message, if its time has come.
    fn take(&self) -> Option<u64> {
        let now = sim::now();
        let mut next = self.0.next.lock();
        let moment = next.filter(|&moment| moment <= now)?;
        // From now on and not from when it was due: ticks that nobody fetched are not made up for.
        *next = self.0.period.map(|period| now.saturating_add(period));
        Some(moment)
    }

    fn message(&self, moment: u64) -> T {
        (self.0.message)(Instant::from_simulated_ns(moment))
    }

    fn is_due(&self) -> bool {
        self.0.next.lock().is_some_and(|moment| moment <= sim::now())
    }

    #[track_caller]
    pub(in crate::channel) fn len(&self, place: Place) -> usize {
        usize::from(step(self.0.run, Kind::Recv, self.access(), place) && self.is_due())
    }

    #[track_caller]
    pub(in crate::channel) fn is_full(&self, place: Place) -> bool {
        self.len(place) == self.0.capacity
    }

    pub(in crate::channel) fn capacity(&self) -> Option<usize> {
        Some(self.0.capacity)
    }

    /// All `never`s are one channel, to which nothing comes.
    pub(in crate::channel) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.capacity == 0 && other.0.capacity == 0
    }

    /// What a select claimed.
    pub(in crate::channel) fn complete(&self, claim: Claim) -> Option<T> {
        match claim {
            Claim::Moment(moment) => Some(self.message(moment)),
            _ => None,
        }
    }
}

impl Timer<Instant> {
    /// One message after `delay`, which can be put off, brought forward and taken back with [`set`](Self::set).
    pub(in crate::channel) fn resettable(delay: Duration) -> Self {
        let next = Some(later(delay));
        let run = with_core(|core| core.run);
        let (next, waiting) = (Mutex::new(next), Some(Mutex::default()));
        Self(Arc::new(Shared {
            run,
            next,
            period: None,
            capacity: 1,
            message: |moment| moment,
            waiting,
            number: ObjectId::new(),
        }))
    }

    /// From now on the message comes after `delay`, or never. Returns whether one was still to come, or to be received.
    #[track_caller]
    pub(in crate::channel) fn set(&self, delay: Option<Duration>, place: Place) -> bool {
        if !step(self.0.run, Kind::Notify, self.access(), place) {
            return false;
        }
        let before = std::mem::replace(&mut *self.0.next.lock(), delay.map(later));
        if let Some(waiting) = &self.0.waiting {
            // They wait until the old deadline, if there was one, and must look at the new one.
            waiting.lock().drain(..).for_each(sim::wake);
        }
        before.is_some()
    }

    /// One message at `deadline`.
    pub(in crate::channel) fn at(deadline: Instant) -> Self {
        Self::new(Some(deadline.simulated_ns()), None, 1, |moment| moment)
    }

    /// One message after `delay`; none if the clock cannot show when.
    pub(in crate::channel) fn after(delay: Duration) -> Self {
        Self::new(Until::After(delay).simulated_ns(), None, 1, |moment| moment)
    }

    /// A message every `period`.
    pub(in crate::channel) fn tick(period: Duration) -> Self {
        let period_ns = u64::try_from(period.as_nanos()).ok();
        Self::new(Until::After(period).simulated_ns(), period_ns, 1, |moment| moment)
    }
}

/// `delay` from now on the clock of the running thread; for ever, nearly, if the clock cannot show when.
fn later(delay: Duration) -> u64 {
    sim::now().saturating_add(sim::nanos(delay))
}

impl<T> Clone for Timer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Port for Timer<T> {
    fn is_inside(&self) -> bool {
        is_inside(self.0.run)
    }

    fn is_ready(&self) -> bool {
        self.is_due()
    }

    fn claim(&self) -> Option<Claim> {
        self.take().map(Claim::Moment)
    }

    fn claim_left(&self) -> Option<Claim> {
        None
    }

    fn register(&self) -> u64 {
        self.begins_to_wait();
        0
    }

    fn withdraw(&self, _id: u64) -> Option<Claim> {
        self.waits_no_longer();
        None
    }

    fn settle(&self, _claim: Claim, _place: Place) -> bool {
        true
    }

    fn give_up(&self, _claim: Claim) {}

    fn watch(&self) {
        self.begins_to_wait();
    }

    fn unwatch(&self) {
        self.waits_no_longer();
    }

    fn deadline(&self) -> Option<u64> {
        *self.0.next.lock()
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}
