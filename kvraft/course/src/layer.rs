//! The layer between the machine and Raft (MIT's `rsm`): callers that wait, and one thread that applies.
//!
//! ```text
//! caller ── submit ──> Raft's log ... Raft ── ApplyMsg ──> the applier ── Reply ──> caller
//! ```
//!
//! # The rules
//!
//! - One lock guards the state. Nobody holds it while it waits: for a reply, for a message, or for Raft to store a snapshot.
//! - The applier alone changes the machine.
//! - A caller is answered with what was applied, never with what was proposed.

use std::collections::BTreeMap;
use std::time::Duration;

use kvraft_interface::Layer;
use labrpc::channel::{self, Receiver, RecvTimeoutError, Sender};
use labrpc::sync::{Arc, Mutex, MutexGuard};
use raft_interface::{ApplyMsg, Index, Persister, RaftServer, Term};

use crate::machine::{Command, Machine, Reply};

/// How often who waits looks whether the leader is still the same.
const LOOK: Duration = Duration::from_millis(50);
/// After so many looks a clerk should ask somebody else: a leader in a minority does not know that it is deposed.
const LOOKS_MAX: u32 = 20;

/// What all threads of a server share.
pub(crate) struct Node<R> {
    pub(crate) raft: R,
    /// Everything that changes.
    pub(crate) state: Mutex<State>,
    /// Where Raft stores.
    pub(crate) persister: Arc<dyn Persister>,
    /// Whether this is 4A's counter, or the key/value service.
    pub(crate) layer: Layer,
    /// A snapshot is due when Raft stores so many bytes; `None`: never.
    pub(crate) raft_state_bytes_max: Option<usize>,
}

/// All that the lock guards.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) machine: Machine,
    /// The last index that is in the machine. Only grows.
    pub(crate) applied: Index,
    /// Who waits for the entry at an index, and of which term it must be.
    pub(crate) waiters: BTreeMap<Index, (Term, Sender<Reply>)>,
    /// The server is no longer needed.
    pub(crate) is_killed: bool,
}

impl<R: RaftServer> Node<R> {
    /// The state, which nobody else sees until what is returned is dropped.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Puts a command into the log and waits for what comes of it.
    pub(crate) fn submit(&self, command: &Command) -> Reply {
        let (waiter, reply) = channel::bounded(1);
        let Some(term) = self.propose(command, waiter) else { return Reply::WrongLeader };
        self.wait_for(&reply, term)
    }

    /// Gives a command to Raft, and notes who waits for it. Returns its term; `None` if this server does not lead.
    // hint: `self.raft.start` says whether this server leads, and at which index the command will be if it commits.
    // hint: Hold the lock from before `start` until the note is made. Else the command may be applied before anybody waits for it.
    // hint: 4A.3: a server that was killed takes nothing on any more.
    fn propose(&self, command: &Command, waiter: Sender<Reply>) -> Option<Term> {
        let bytes = postcard::to_stdvec(command).expect("a command is plain data");
        // begin solution 4A.1: start the command, and note who waits for its index
        let mut state = self.lock();
        let started = self.raft.start(bytes.into());
        if state.is_killed || !started.is_leader {
            return None;
        }
        state.waiters.insert(started.index, (started.term, waiter));
        Some(started.term)
        // end solution
    }

    /// Waits for the reply to a command that this server has started in `term`.
    fn wait_for(&self, reply: &Receiver<Reply>, term: Term) -> Reply {
        // begin solution 4A.2: wait, and look now and then whether the command can still commit
        // hint: If the cluster is idle nothing is applied, and who waits is told nothing. So wait for a `LOOK` at a time, and look at
        // hint: `self.raft.get_state()`: in a later term, or if this server leads no more, nobody can know: `Reply::Unknown`.
        // hint: The other end of the channel is gone when a server is killed, or when another command is noted for the same index.
        // hint: 4B.3: `is_worth_waiting` says when it has been long enough.
        // instead: reply.recv().unwrap_or(Reply::Unknown)
        let mut looks = 0;
        loop {
            match reply.recv_timeout(LOOK) {
                Ok(reply) => return reply,
                Err(RecvTimeoutError::Disconnected) => return Reply::Unknown,
                Err(RecvTimeoutError::Timeout) => looks += 1,
            }
            if self.raft.get_state() != (term, true) || !self.is_worth_waiting(looks) {
                return Reply::Unknown;
            }
        }
        // end solution
    }

    /// Whether a caller that has looked so many times should wait on.
    fn is_worth_waiting(&self, looks: u32) -> bool {
        // begin solution 4B.3: let a clerk ask another server after a second
        // hint: 4A's callers have nobody else to ask: `self.layer` says who they are.
        // instead: true
        self.layer == Layer::Counter || looks < LOOKS_MAX
        // end solution
    }

    /// The applier: a thread that applies what Raft delivers, until that ends or the server is killed.
    // hint: Receive, lock, `state.take(message)`, unlock, and again, for as long as the channel is open.
    // hint: 4A.3: your Raft may keep its end of the channel open for longer than it lives. So receive for a while only, and look whether
    // hint: the server was killed: then nothing is applied any more.
    // hint: 4A.4: after each message see whether a snapshot is due. Give it to `self.raft.snapshot` without the lock.
    pub(crate) fn apply_all(&self, delivered: &Receiver<ApplyMsg>) {
        // begin solution 4A.1: apply what Raft delivers, one message after the other
        loop {
            let message = delivered.recv_timeout(2 * LOOK);
            let mut state = self.lock();
            match message {
                _ if state.is_killed => return,
                Ok(message) => state.take(message),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let snapshot = self.snapshot_if_due(&state);
            drop(state);
            if let Some((index, data)) = snapshot {
                self.raft.snapshot(index, data);
            }
        }
        // end solution
    }

    /// Stops the server and its Raft, and frees all who wait.
    pub(crate) fn kill(&self) {
        self.raft.kill();
        // begin solution 4A.3: note that the server was killed, and free who waits
        // hint: Who drops the sender of a channel ends the wait at the other end.
        // instead: // 4A.3: note that the server was killed, and free who waits
        let mut state = self.lock();
        state.is_killed = true;
        state.waiters.clear();
        // end solution
    }
}

impl State {
    /// Does what a message of Raft says.
    fn take(&mut self, message: ApplyMsg) {
        match message {
            ApplyMsg::Command { index, term, command } => {
                let command = postcard::from_bytes(&command).expect("a command that a server has encoded");
                self.apply(index, term, &command);
            }
            ApplyMsg::Snapshot { index, data, .. } => self.install(index, &data),
            // An entry that Raft has made for itself.
            ApplyMsg::Own { index, .. } => self.applied = index,
        }
    }

    /// Applies the command at `index`, and tells who waits for it.
    fn apply(&mut self, index: Index, term: Term, command: &Command) {
        // begin solution 4A.1: apply the command, and send what came of it to who waits for this index
        // hint: Remove the waiter, and send it the reply. It may be gone already: that is no error.
        // hint: 4A.2: if the entry is of another term than the waiter's, it is another command. What became of the waiter's own?
        let reply = self.machine.apply(command);
        self.applied = index;
        if let Some((wanted, waiter)) = self.waiters.remove(&index) {
            // Who does not wait any more needs no answer.
            let _ = waiter.send(if wanted == term { reply } else { Reply::Unknown });
        }
        // end solution
    }
}
