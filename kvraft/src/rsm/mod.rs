//! The replicated state machine layer: submit a command, wait for its result.
//!
//! It stands between a Raft and any [`StateMachine`]. In the order in which it happens:
//!
//! 1. [`Rsm::submit`] starts the command at the Raft, which says at which index and in which term it would commit, and
//!    waits there.
//! 2. The applier takes what the Raft delivers, entry by entry, and applies it: on the leader and on every follower alike, and
//!    nothing is applied before it is delivered.
//! 3. A waiter whose index *and* term are those of the entry gets the machine's reply. One whose entry can no longer
//!    commit is told so (`waiters`).
//! 4. When the Raft's stored state has grown past a limit, the applier hands the Raft a snapshot of the machine
//!    (`applier`, `snapshot`).
//! 5. [`Rsm::read`] answers from the machine without an entry of the log, on a Raft that can confirm its leadership
//!    (`read`).
//!
//! # Rules
//!
//! - One lock, around the machine, the index up to which it has applied, and the waiters. `submit` holds it while it calls the
//!   Raft's `start`, so that no entry is applied before its waiter stands there. It is never held while
//!   somebody waits for the cluster. The order is: this lock, then the Raft's. The Raft delivers without its own lock.
//! - One thread, the applier. It alone changes the machine, so a snapshot is always of one moment.
//! - A waiter looks now and then whether its leader still leads in its term: on an idle cluster nothing else would tell a
//!   deposed leader's waiter that nobody will answer.

mod applier;
mod read;
mod snapshot;
mod terms;
mod waiters;

use std::fmt;

use kvraft_interface::Accepted;

use labrpc::channel::{self, Receiver, RecvTimeoutError, Sender};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer};

pub use snapshot::{Damaged, snapshot_index};
use terms::AppliedTerms;
pub(crate) use terms::Fate;
use waiters::{Answer, Ticket, Waiters};

/// How often a waiter looks whether the leader of its entry is one no more.
const TERM_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// What is replicated: MIT's `DoOp`, `Snapshot` and `Restore`.
///
/// Deterministic: the state and the reply follow from the commands applied so far, and from nothing else.
pub trait StateMachine: Send + 'static {
    /// What a command results in.
    type Reply: Send + 'static;

    /// Applies the command of the entry at `index`.
    fn apply(&mut self, index: Index, command: &[u8]) -> Self::Reply;

    /// The whole state as bytes.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the state by that of a snapshot.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the bytes are not a snapshot. The state is as before.
    fn restore(&mut self, data: &[u8]) -> Result<(), Damaged>;
}

/// The limits of one server. They need not be the same on all servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RsmConfig {
    /// A snapshot is taken when the Raft's stored state reaches this many bytes (MIT's `maxraftstate`); `None`: never. Default:
    /// never.
    pub raft_state_bytes_max: Option<usize>,
    /// How long a submit or a read waits at most. Default: 1 s. A leader that has lost its majority then sends its
    /// clients on to another server.
    pub wait_max: Duration,
}

impl Default for RsmConfig {
    fn default() -> Self {
        Self { raft_state_bytes_max: None, wait_max: Duration::from_secs(1) }
    }
}

/// An entry that was started, and where its result will come.
type Waiter<T> = (Ticket, Receiver<Answer<T>>);

/// Why a submit has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// This server does not lead. The command was not started.
    #[error("not the leader")]
    NotLeader,
    /// Another entry was committed in the command's place, which therefore never takes effect.
    #[error("another command was committed in its place")]
    Overwritten,
    /// The server has lost its leadership, or was overtaken by a snapshot. The command may or may not take effect.
    #[error("leadership was lost before the command was seen to commit")]
    LostLeadership,
    /// The command did not commit in time. It may still take effect.
    #[error("the command has not committed in time")]
    Timeout,
    /// The server is being stopped. The command may or may not take effect.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl SubmitError {
    /// Whether the command may have taken effect, or may still do so.
    #[must_use]
    pub fn may_take_effect(self) -> bool {
        match self {
            Self::NotLeader | Self::Overwritten => false,
            Self::LostLeadership | Self::Timeout | Self::ShuttingDown => true,
        }
    }
}

/// A replicated state machine on one server. Cheap to clone: all clones are the same one. It runs until
/// [`Self::kill`], or until its Raft ends.
pub struct Rsm<R, M: StateMachine> {
    shared: Arc<Shared<R, M>>,
}

/// What the threads of one server share.
struct Shared<R, M: StateMachine> {
    raft: R,
    persister: Arc<dyn Persister>,
    config: RsmConfig,
    core: Mutex<Core<M>>,
    /// The machine has applied more, or the server has stopped. Who reads waits here, and who has entries in the log that another
    /// server appended.
    progress: Condvar,
}

/// What the lock protects.
struct Core<M: StateMachine> {
    machine: M,
    /// The index of the last entry that the machine has applied. Starts at the snapshot's, and only grows.
    applied: Index,
    /// The terms of what was applied last.
    terms: AppliedTerms,
    waiters: Waiters<M::Reply>,
    /// How many threads wait on [`Shared::progress`].
    watching: usize,
    /// Dropped when the server stops, which ends the applier.
    stop_signal: Option<Sender<()>>,
}

impl<R: RaftServer, M: StateMachine> Rsm<R, M> {
    /// Starts to apply what `raft` delivers to `delivered`. The machine is first restored from the snapshot that is
    /// stored in `persister`, if there is one; this is the persister that `raft` was made with.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the stored snapshot cannot be read. No thread has been started.
    ///
    /// # Panics
    ///
    /// If the machine cannot start a thread.
    pub fn new(
        raft: R,
        delivered: Receiver<ApplyMsg>,
        persister: Arc<dyn Persister>,
        mut machine: M,
        config: RsmConfig,
    ) -> Result<Self, Damaged> {
        // Before the applier runs: the Raft delivers from the entry after its snapshot on, and a machine
        // without that snapshot would have a gap that no message fills.
        let applied = snapshot::restore_stored(&mut machine, &persister.snapshot())?;
        let (stop_signal, stopped) = channel::bounded(0);
        let core = Core::new(machine, applied, stop_signal);
        let shared = Shared { raft, persister, config, core: Mutex::new(core), progress: Condvar::new() };
        let shared = Arc::new(shared);
        let applier = shared.clone();
        thread::Builder::new()
            .name("rsm applier".into())
            .spawn(move || applier.apply_all(&delivered, &stopped))
            .expect("the system refuses another thread");
        Ok(Self { shared })
    }

    /// Submits a command and waits for its result: until it is applied, can no longer commit, or
    /// [`RsmConfig::wait_max`] has passed.
    ///
    /// # Errors
    ///
    /// [`SubmitError`], which says whether the command may still take effect.
    pub fn submit(&self, command: Command) -> Result<M::Reply, SubmitError> {
        let deadline = Instant::now() + self.shared.config.wait_max;
        let (ticket, answer) = self.start(command)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Without the lock: the answer comes from the applier, which needs it.
            match answer.recv_timeout(left.min(TERM_CHECK_INTERVAL)) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(SubmitError::ShuttingDown),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // By a higher term, or of its own accord, in the old one, because it has lost its majority.
            let (term, is_leader) = self.shared.raft.get_state();
            let is_deposed = term > ticket.term || !is_leader;
            // Told apart, although both leave the outcome open: with a lost leadership the clerk also learns
            // who leads now.
            let is_late = Instant::now() >= deadline;
            if is_deposed || is_late {
                let error = if is_deposed { SubmitError::LostLeadership } else { SubmitError::Timeout };
                let withdrawn = self.shared.core.lock().waiters.withdraw(ticket);
                // The applier may have answered between the timeout and the lock. Then the answer is on its way
                // or there, and it is better than "nobody knows".
                return if withdrawn {
                    Err(error)
                } else {
                    answer.recv().unwrap_or(Err(SubmitError::ShuttingDown))
                };
            }
        }
    }

    /// Starts commands one after the other, and waits for none of them.
    ///
    /// # Errors
    ///
    /// [`SubmitError::NotLeader`] or [`SubmitError::ShuttingDown`] if none was started. [`SubmitError::LostLeadership`] if the server was
    /// deposed in the middle, or another entry came between them: some may take effect.
    ///
    /// # Panics
    ///
    /// If there is no command.
    pub fn start_all(&self, commands: &[Command]) -> Result<Accepted, SubmitError> {
        // Held to the end, so that no other command of this server comes between them.
        let core = self.shared.core.lock();
        if core.is_stopped() {
            return Err(SubmitError::ShuttingDown);
        }
        let mut accepted: Option<Accepted> = None;
        for command in commands {
            let started = self.shared.raft.start(command.clone());
            accepted = match accepted {
                None if !started.is_leader => return Err(SubmitError::NotLeader),
                None => Some(Accepted { term: started.term, first: started.index, last: started.index }),
                // By the term as well: a server that was deposed and elected again meanwhile may have lost the first ones.
                Some(Accepted { term, first, last })
                    if started.is_leader && started.term == term && started.index == last + 1 =>
                {
                    Some(Accepted { term, first, last: started.index })
                }
                Some(_) => return Err(SubmitError::LostLeadership),
            };
        }
        Ok(accepted.expect("a caller with at least one command"))
    }

    /// Waits until it is known here what became of entries that a leader has appended; [`Fate::Open`] when that is not known by
    /// then.
    pub(crate) fn wait_for_fate(&self, entries: &Accepted, deadline: Instant) -> Fate {
        let known = |fate: &Fate| *fate != Fate::Open;
        let fate = self.shared.wait_for(deadline, |core| Some(core.terms.fate(entries)).filter(known));
        fate.unwrap_or(Fate::Open)
    }

    /// Starts a command and puts a waiter in its place, in one step for the applier.
    fn start(&self, command: Command) -> Result<Waiter<M::Reply>, SubmitError> {
        let mut core = self.shared.core.lock();
        if core.is_stopped() {
            return Err(SubmitError::ShuttingDown);
        }
        // With the lock held, or the applier could be faster: a cluster of one commits at once, the entry is
        // applied before its waiter stands there, and the waiter waits for what has passed.
        let started = self.shared.raft.start(command);
        if !started.is_leader {
            return Err(SubmitError::NotLeader);
        }
        // The Raft says where the command will stand if it commits, not that it will. Another leader may put
        // something else there, hence the term.
        let ticket = Ticket { index: started.index, term: started.term };
        Ok((ticket, core.waiters.enter(ticket)))
    }

    /// Looks at the machine as it is on this server: perhaps far behind the leader's. For tests and statistics.
    pub fn inspect<T>(&self, look: impl FnOnce(&M) -> T) -> T {
        look(&self.shared.core.lock().machine)
    }

    /// The Raft below.
    #[must_use]
    pub fn raft(&self) -> &R {
        &self.shared.raft
    }

    /// Stops the server: frees every caller, ends the applier and kills the Raft.
    pub fn kill(&self) {
        self.shared.stop();
        self.shared.raft.kill();
    }
}

impl<R, M: StateMachine> Shared<R, M> {
    /// Nothing is applied or answered any more, and nobody waits.
    fn stop(&self) {
        let mut core = self.core.lock();
        core.stop_signal = None;
        // Nobody will apply these entries here, so nobody else could ever answer their waiters.
        core.waiters.release_all(SubmitError::ShuttingDown);
        drop(core);
        self.progress.notify_all();
    }
}

impl<R, M: StateMachine> Shared<R, M> {
    /// Waits until `found` finds something, and returns that; `None` when the server stops or it is too late.
    fn wait_for<T>(&self, deadline: Instant, mut found: impl FnMut(&Core<M>) -> Option<T>) -> Option<T> {
        let mut core = self.core.lock();
        core.watching += 1;
        // With a loop: what was applied may not be enough, and what is applied before the wait begins wakes nobody.
        let result = loop {
            match found(&core) {
                None if !core.is_stopped() && Instant::now() < deadline => {
                    let _woken_or_late = self.progress.wait_until(&mut core, deadline); // the loop looks anyway
                }
                result => break result,
            }
        };
        core.watching -= 1;
        result
    }
}

impl<M: StateMachine> Core<M> {
    /// A machine that has applied everything up to `applied`.
    fn new(machine: M, applied: Index, stop_signal: Sender<()>) -> Self {
        let mut terms = AppliedTerms::default();
        terms.restart(applied);
        let waiters = Waiters::default();
        Self { machine, applied, terms, waiters, watching: 0, stop_signal: Some(stop_signal) }
    }

    fn is_stopped(&self) -> bool {
        self.stop_signal.is_none()
    }
}

impl<R: Clone, M: StateMachine> Clone for Rsm<R, M> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<R, M: StateMachine> fmt::Debug for Rsm<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.shared.core.lock();
        write!(f, "applied up to {}, {} waiting", core.applied, core.waiters.len())
    }
}
