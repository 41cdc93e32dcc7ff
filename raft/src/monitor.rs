//! The monitor: one lock around the [`State`], atomic steps, and who is woken by them.
//!
//! Whoever wants something of the state takes a *step*: lock, change, save what must be persistent (Fig. 2),
//! check the invariants, unlock, wake. A reply is made in a step and leaves after it, so nothing is answered
//! before it is saved, by construction.
//!
//! # Rules
//!
//! - No call, no sleep and no send on the apply channel happens under the lock. A save does: it is part of the step.
//! - Each condition variable belongs to one kind of thread and stands for a question about the state: is a
//!   message due, is an election due, is there something to apply? After each step the answers are looked at, not
//!   what the step did, so no step can forget to wake anybody.
//! - Only the ticker watches the time. The others wait without a deadline, and the ticker wakes them.
//! - A server that cannot save stops as if it had crashed: its threads end, and its handlers answer nothing until
//!   it is killed. What it had in memory and not on disk was never seen by anybody.

use labrpc::channel::{Receiver, Sender};
use labrpc::network::ClientEnd;
use labrpc::rand::RngExt;
use labrpc::sync::{Arc, Condvar, Mutex, MutexGuard};
use labrpc::time::Instant;
use raft_interface::{Persister, Servers};

use crate::config::Config;
use crate::persist::Journal;
use crate::state::{Moment, State};

/// More senders than this are never kept waiting for one peer.
const SENDERS_READY_MAX: usize = 2;
/// More senders than this never exist for one peer. With a heartbeat of 100 ms and calls that hang for 7 s, MIT's
/// longest, 70 are stuck at a time.
const SENDERS_MAX: usize = 128;

/// What the threads of one server share.
pub(crate) struct Node {
    /// How to reach each server, by id. The own one is not used.
    pub(crate) ends: Vec<ClientEnd>,
    pub(crate) persister: Arc<dyn Persister>,
    pub(crate) monitor: Mutex<Monitor>,
    /// An election is due, or a message for which no sender is ready, or a deadline has come nearer.
    pub(crate) ticker: Condvar,
    /// A message to this peer is due. One per server, by id.
    pub(crate) senders: Vec<Condvar>,
    /// Something is committed and not applied.
    pub(crate) applier: Condvar,
    /// A waiting read may be confirmed or lost, somebody waits for a status, or a silent handler may return. Rarely waited on.
    pub(crate) others: Condvar,
    /// Nothing is ever sent here: it is disconnected when the server stops, which frees a blocked applier.
    pub(crate) stopped: Receiver<()>,
}

/// What the lock protects.
pub(crate) struct Monitor {
    pub(crate) state: State,
    journal: Journal,
    /// How the ticker sleeps.
    pub(crate) ticker_plan: Plan,
    /// The applier waits, and nobody has woken it yet.
    pub(crate) applier_waits: bool,
    /// The senders of each peer, by id.
    pub(crate) pools: Vec<Pool>,
    /// How many threads wait on [`Node::others`].
    pub(crate) others_waiting: usize,
    /// Dropped when the server stops.
    stop_signal: Option<Sender<()>>,
    /// The harness has let go of this server.
    pub(crate) killed: bool,
}

/// The sender threads of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pool {
    /// Those that exist.
    pub(crate) all: usize,
    /// Those that are not in a call.
    pub(crate) ready: usize,
    /// One of these is on its way: it was woken, or has just been started, and none has looked at the state since.
    pub(crate) is_called: bool,
}

/// When the ticker will look at the state again of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It is awake and will look before it sleeps.
    Awake,
    /// At that time; `None`: only when it is woken.
    Asleep(Option<Instant>),
}

/// Which messages are due, and who is there to send them.
pub(crate) struct DueMessages {
    /// Peers with a message due and a sender ready.
    senders: Servers,
    /// Peers with a message due and all senders in calls.
    pub(crate) short_handed: Servers,
    /// When the ticker should look next: at the [alarm of the state](State::alarm), at the next deadline of a message, or at once when
    /// there are too few senders.
    pub(crate) alarm: Option<Instant>,
}

/// Whom to wake after a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wake {
    ticker: bool,
    applier: bool,
    others: bool,
    /// One sender of each of these peers.
    senders: Servers,
    /// All threads, because the server has stopped.
    all: bool,
}

impl Wake {
    pub(crate) fn is_for_nobody(self) -> bool {
        self == Self::default()
    }
}

impl Monitor {
    pub(crate) fn new(state: State, stop_signal: Sender<()>) -> Self {
        let pools = vec![Pool::default(); state.servers];
        Self {
            state,
            journal: Journal::default(),
            ticker_plan: Plan::Awake,
            applier_waits: false,
            pools,
            others_waiting: 0,
            stop_signal: Some(stop_signal),
            killed: false,
        }
    }

    /// Changes the state, saves what must be persistent and checks what must hold. `None` when the server has
    /// stopped, be it long ago or because this very step could not be saved.
    pub(crate) fn step<T>(
        &mut self,
        persister: &dyn Persister,
        moment: &Moment,
        change: impl FnOnce(&mut State, &Moment) -> T,
    ) -> Option<T> {
        if self.state.stopped {
            return None;
        }
        let before = self.state.never_back();
        let out = change(&mut self.state, moment);
        // Saved before the lock is free, so before any thread can send what the step has decided. A vote that
        // leaves first: S2 votes for S0, crashes before the save, comes back without a memory of it and votes
        // for S1 in the same term. With S0's and S1's own votes that makes two leaders of one term.
        if self.state.dirty
            && let Err(error) = self.journal.save(&mut self.state, persister)
        {
            log::error!(target: "PERS", "S{} T{} stops like a crashed server: {error}", self.state.me, before.term);
            // The change is in memory and cannot be undone piece by piece. Dead, it does no harm: no reply of
            // this step leaves.
            self.state.stop(before.term);
            return None;
        }
        self.state.assert_invariants(&before);
        Some(out)
    }

    /// Whose question is answered "yes" now, of those who wait for an answer. Each is woken once.
    pub(crate) fn whom_to_wake(&mut self, now: Instant) -> Wake {
        if self.state.stopped {
            // Disconnected, the channel says so to the applier however often it looks. A message would be gone
            // once taken.
            self.stop_signal = None;
            return Wake { all: true, ..Wake::default() };
        }
        let DueMessages { senders, alarm, .. } = self.due_messages(now);
        // Only an earlier deadline needs the ticker. One that has moved away finds it awake at the old time,
        // which is harmless; waking it for each heartbeat would cost a switch of threads per message.
        let ticker = match (self.ticker_plan, alarm) {
            (Plan::Awake, _) | (_, None) => false,
            (Plan::Asleep(None), Some(_)) => true,
            (Plan::Asleep(Some(planned)), Some(alarm)) => alarm < planned,
        };
        if ticker {
            self.ticker_plan = Plan::Awake;
        }
        let applier = self.state.has_work_for_applier();
        // An applier in its send is not woken: it looks for more by itself when it comes back.
        let applier = applier && std::mem::take(&mut self.applier_waits);
        Wake { ticker, applier, others: self.others_waiting > 0, senders: self.call(senders), all: false }
    }

    /// The senders that have something to do.
    pub(crate) fn senders_to_wake(&mut self, due: &DueMessages) -> Wake {
        Wake { senders: self.call(due.senders), ..Wake::default() }
    }

    /// Notes that one sender of each of these peers is woken. Returns those for whom none is on its way already.
    fn call(&mut self, senders: Servers) -> Servers {
        senders.iter().filter(|&peer| !std::mem::replace(&mut self.pools[peer].is_called, true)).collect()
    }

    /// Which messages are due, and who is there to send them. Every step asks for all of it, so the peers are looked at once.
    pub(crate) fn due_messages(&self, now: Instant) -> DueMessages {
        let alarm = self.state.alarm();
        let mut due = DueMessages { senders: Servers::NONE, short_handed: Servers::NONE, alarm };
        for peer in self.state.correspondents().iter() {
            let Some(at) = self.state.due_at(peer) else { continue };
            let pool = self.pools[peer];
            // For a message that is due there is a ready sender, or a new one may be started, or all of the
            // many are in calls. In the last case there is nothing to do and no time to name: the next call
            // that ends brings a sender. An alarm that has passed would make the ticker spin.
            if at <= now && pool.ready > 0 {
                due.senders = due.senders.with(peer);
                continue;
            }
            if at <= now && pool.may_grow() {
                due.short_handed = due.short_handed.with(peer);
            }
            if at > now || pool.may_grow() {
                due.alarm = Some(due.alarm.map_or(at, |alarm| alarm.min(at)));
            }
        }
        due
    }
}

impl Pool {
    /// Another sender is started, which looks at the state before it waits.
    pub(crate) fn grow(&mut self) {
        self.all += 1;
        self.ready += 1;
        // Else the step before its first look would wake another one for the same message.
        self.is_called = true;
    }

    /// Whether a due message needs another sender, and may have it.
    pub(crate) fn may_grow(self) -> bool {
        self.ready == 0 && self.all < SENDERS_MAX
    }

    /// Whether a sender that finds nothing to do should end.
    pub(crate) fn is_too_large(self) -> bool {
        self.ready > SENDERS_READY_MAX
    }
}

impl Node {
    /// Runs one atomic step. `None` when the server has stopped.
    pub(crate) fn step<T>(&self, change: impl FnOnce(&mut State, &Moment) -> T) -> Option<T> {
        self.step_holding(self.monitor.lock(), change)
    }

    /// Runs one atomic step with the lock already held, and releases it.
    pub(crate) fn step_holding<T>(
        &self,
        mut monitor: MutexGuard<'_, Monitor>,
        change: impl FnOnce(&mut State, &Moment) -> T,
    ) -> Option<T> {
        let moment = Moment::now();
        let out = monitor.step(&*self.persister, &moment, change);
        // Decided under the lock, done without it. The state may change in between, but then whoever changes it
        // decides anew, and those who are woken look for themselves.
        let wake = monitor.whom_to_wake(moment.now);
        drop(monitor); // so that whoever wakes finds the lock free
        self.wake(wake);
        out
    }

    /// Stops the server for good: its threads end and its handlers may answer anything.
    pub(crate) fn kill(&self) {
        let mut monitor = self.monitor.lock();
        let term = monitor.state.current_term;
        monitor.state.stop(term);
        monitor.killed = true;
        let wake = monitor.whom_to_wake(Instant::now());
        drop(monitor);
        self.wake(wake);
    }

    pub(crate) fn wake(&self, wake: Wake) {
        // One sender per message: all that wait for a peer want the same message, and the others would wake for
        // nothing. When the server stops, each has to end.
        if wake.all {
            for condvar in &self.senders {
                condvar.notify_all();
            }
        }
        for peer in wake.senders.iter() {
            self.senders[peer].notify_one();
        }
        if wake.applier || wake.all {
            self.applier.notify_one();
        }
        if wake.ticker || wake.all {
            self.ticker.notify_one();
        }
        if wake.others || wake.all {
            self.others.notify_all();
        }
    }
}

impl Moment {
    /// This moment, with random election timeouts (§5.2).
    pub(crate) fn now() -> Self {
        let election_timeout = |config: &Config| {
            labrpc::rand::rng().random_range(config.election_timeout_min..=config.election_timeout_max)
        };
        Self { now: Instant::now(), election_timeout }
    }
}
