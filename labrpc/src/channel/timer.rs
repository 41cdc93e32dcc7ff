//! A timer that can be set anew, after Go's `time.Timer`.
//!
//! In a simulation it is a deadline, as those of [`after`](super::after). In the real world it is a channel with room for one
//! message, which one thread for all timers sends when the time has come. That thread is not told when a timer is put off:
//! it looks when it would have sent, and comes back.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant as RealInstant};

use parking_lot::Mutex;

use super::Receiver;
use super::simulated;
use crate::later::Later;
use crate::sim;
use crate::time::Instant;

/// A timer that sends one message to its channel when its time has come, and can be set anew.
///
/// ```
/// use labrpc::channel::{select, unbounded};
/// use labrpc::sim::Sim;
/// use labrpc::thread;
/// use labrpc::time::{Duration, Timer};
///
/// const SILENCE: Duration = Duration::from_millis(100);
///
/// Sim::new(1).run(|| {
///     let (sender, heartbeats) = unbounded();
///     thread::spawn(move || {
///         for _ in 0..3 {
///             thread::sleep(SILENCE / 2);
///             sender.send(()).unwrap();
///         }
///         thread::sleep(10 * SILENCE);
///     });
///     let election = Timer::after(SILENCE);
///     let mut beats = 0;
///     loop {
///         select! {
///             recv(heartbeats) -> _ => {
///                 beats += 1;
///                 election.reset(SILENCE);
///             }
///             recv(election.channel()) -> _ => break,
///         }
///     }
///     assert_eq!(beats, 3);
/// }).unwrap();
/// ```
///
/// # For who knows Go's `time.Timer`
///
/// | Go | here |
/// |---|---|
/// | `t := time.NewTimer(d)` | `let t = Timer::after(d)` |
/// | `<-t.C` | `t.channel().recv()` |
/// | `case <-t.C:` | `recv(t.channel()) -> _ => ..` |
/// | `t.Reset(d)` | `t.reset(d)` |
/// | `t.Stop()` | `t.stop()` |
/// | `time.After(d)` | [`channel::after(d)`](crate::channel::after) |
///
/// The rules are those since Go 1.23. After [`stop`](Self::stop) and [`reset`](Self::reset) no message of the time before
/// can be received, so there is no channel to be drained. Both say whether the timer was *active*: it was set, and nobody
/// had received its message, even if that had been sent. A thread that waits for the message when the timer is reset waits
/// until the new time.
///
/// There is no `AfterFunc`: start a thread that sleeps, or waits for the channel. The length of the channel is 1 while a
/// message is there, and not always 0.
///
/// # In both worlds
///
/// Where a timer is made decides its world. Its channel is never disconnected, not even when the timer is dropped, which
/// does not stop it: a clone of the receiver still gets the message. In a simulation the time is virtual, on the clock of the
/// node of whoever sets the timer, or waits. To reset or stop it is a scheduling point.
pub struct Timer {
    world: World,
    receiver: Receiver<Instant>,
}

enum World {
    Simulated(simulated::Timer<Instant>),
    Real(Arc<Real>),
}

impl Timer {
    /// A timer whose message comes after `delay`: the instant at which it came.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        if sim::is_simulated() {
            let timer = simulated::Timer::resettable(delay);
            return Self { receiver: Receiver::timer(timer.clone()), world: World::Simulated(timer) };
        }
        let real = Real::new();
        real.set(Some(delay));
        let receiver = Receiver::real(real.receiver.clone()).keeping(real.clone());
        Self { world: World::Real(real), receiver }
    }

    /// Where the message comes. Clone the receiver to wait in several threads; one of them gets the message.
    #[must_use]
    pub fn channel(&self) -> &Receiver<Instant> {
        &self.receiver
    }

    /// Sets the timer anew, whatever it did before: its message comes after `delay` from now. Returns whether it was active.
    #[track_caller]
    pub fn reset(&self, delay: Duration) -> bool {
        self.set(Some(delay), Location::caller())
    }

    /// Stops the timer: no message comes until it is reset. Returns whether it was active; if not, its message has been
    /// received, or it was stopped already.
    #[track_caller]
    pub fn stop(&self) -> bool {
        self.set(None, Location::caller())
    }

    #[track_caller]
    fn set(&self, delay: Option<Duration>, place: &'static Location<'static>) -> bool {
        match &self.world {
            World::Simulated(timer) => timer.set(delay, place),
            World::Real(timer) => timer.set(delay),
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer { .. }")
    }
}

/// A timer of the real world.
struct Real {
    state: Mutex<State>,
    sender: crossbeam_channel::Sender<Instant>,
    receiver: crossbeam_channel::Receiver<Instant>,
}

struct State {
    /// When the message is to be sent; `None`: it was, or the timer is stopped.
    deadline: Option<RealInstant>,
    /// When the thread of all timers looks next, if it does.
    looks_at: Option<RealInstant>,
}

/// What the thread of all timers does.
static LATER: LazyLock<Arc<Later>> = LazyLock::new(Arc::default);

/// A delay that nobody waits for, for those that the clock cannot show.
const FAR: Duration = Duration::from_secs(3600 * 24 * 365);

impl Real {
    fn new() -> Arc<Self> {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let state = Mutex::new(State { deadline: None, looks_at: None });
        Arc::new(Self { state, sender, receiver })
    }

    /// As [`simulated::Timer::set`].
    fn set(self: &Arc<Self>, delay: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        // Under the lock, as it is sent: so nothing of the time before is there when this returns.
        let was_sent = self.receiver.try_recv().is_ok();
        let now = RealInstant::now();
        let deadline = delay.map(|delay| now.checked_add(delay).unwrap_or_else(|| now + FAR));
        let was_set = std::mem::replace(&mut state.deadline, deadline).is_some();
        if let Some(deadline) = deadline
            && state.looks_at.is_none_or(|looks_at| looks_at > deadline)
        {
            self.look_at(&mut state, deadline, now);
        }
        was_sent || was_set
    }

    fn look_at(self: &Arc<Self>, state: &mut State, at: RealInstant, now: RealInstant) {
        state.looks_at = Some(at);
        // Who has neither the timer nor its channel any more need not be waited for.
        let timer = Arc::downgrade(self);
        LATER.schedule(at.saturating_duration_since(now), Box::new(move || look(&timer, at)));
    }
}

/// Sends the message if its time has come, and looks again later if it was put off.
fn look(timer: &Weak<Real>, at: RealInstant) {
    let Some(timer) = timer.upgrade() else { return };
    let mut state = timer.state.lock();
    if state.looks_at != Some(at) {
        // The timer was brought forward since, and another look is under way.
        return;
    }
    state.looks_at = None;
    let now = RealInstant::now();
    match state.deadline {
        Some(deadline) if deadline <= now => {
            state.deadline = None;
            // There is room: what was there was taken out when the timer was set.
            let _ = timer.sender.try_send(Instant::from_real(deadline));
        }
        Some(deadline) => timer.look_at(&mut state, deadline, now),
        None => {}
    }
}
