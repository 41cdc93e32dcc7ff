//! A server: callers that wait, and one thread that applies what Raft delivers.

use std::collections::BTreeMap;
use std::time::Duration;

use kvraft_interface::{AnyService, Layer, ServiceSetup};
use labrpc::channel::{self, Receiver, RecvTimeoutError, Sender};
use labrpc::network::Service;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use raft_interface::{ApplyMsg, Index, Persister, RaftServer, Term};

use super::machine::{Command, Machine, Op, Reply, Snapshot};

/// How often who waits looks whether the leader is still the same.
const LOOK: Duration = Duration::from_millis(50);
/// After so many looks a clerk should ask somebody else: a leader in a minority does not know that it is deposed.
const LOOKS_MAX: u32 = 20;

/// A handle: what clones of it share lives in [`Node`].
pub(super) struct Server<R>(Arc<Node<R>>);

struct Node<R> {
    raft: R,
    state: Mutex<State>,
    persister: Arc<dyn Persister>,
    layer: Layer,
    raft_state_bytes_max: Option<usize>,
}

#[derive(Default)]
struct State {
    machine: Machine,
    /// The last index that is in the machine.
    applied: Index,
    /// Who waits for the entry at an index, and of which term it must be.
    waiters: BTreeMap<Index, (Term, Sender<Reply>)>,
    is_killed: bool,
}

impl<R: RaftServer> Server<R> {
    pub(super) fn start(setup: ServiceSetup<R>) -> Self {
        // Empty bytes are no snapshot: then everything begins at 0.
        let Snapshot { index, machine } = Snapshot::decode(&setup.persister.snapshot()).unwrap_or_default();
        let node = Arc::new(Node {
            raft: setup.raft,
            state: Mutex::new(State { machine, applied: index, ..State::default() }),
            persister: setup.persister,
            layer: setup.layer,
            raft_state_bytes_max: setup.raft_state_bytes_max,
        });
        let applier = Arc::clone(&node);
        thread::spawn(move || applier.apply_all(&setup.delivered));
        Self(node)
    }
}

impl<R: RaftServer> AnyService for Server<R> {
    fn handlers(&self) -> Option<Service> {
        let node = Arc::clone(&self.0);
        Some(Service::new("Plain").method("Do", move |command: Command| node.submit(&command)))
    }

    fn add(&self, delta: i64) -> Option<i64> {
        match self.0.submit(&Command { client: 0, number: 0, op: Op::Add(delta) }) {
            Reply::Counter(value) => Some(value),
            _ => None,
        }
    }

    fn counter(&self) -> i64 {
        self.0.state.lock().machine.counter
    }

    fn kill(&self) {
        self.0.raft.kill();
        let mut state = self.0.state.lock();
        state.is_killed = true;
        state.waiters.clear(); // their channels are closed, and whoever waits hears of that
    }
}

impl<R: RaftServer> Node<R> {
    /// Puts a command into the log and waits for what comes of it.
    fn submit(&self, command: &Command) -> Reply {
        let bytes = postcard::to_stdvec(command).expect("plain data");
        let (waiter, reply) = channel::bounded(1);
        // Start and note in one step: the applier must not come in between.
        let mut state = self.state.lock();
        if state.is_killed {
            return Reply::WrongLeader;
        }
        let started = self.raft.start(bytes.into());
        if !started.is_leader {
            return Reply::WrongLeader;
        }
        state.waiters.insert(started.index, (started.term, waiter));
        drop(state);
        self.wait_for(&reply, started.term)
    }

    fn wait_for(&self, reply: &Receiver<Reply>, term: Term) -> Reply {
        let mut looks = 0;
        loop {
            match reply.recv_timeout(LOOK) {
                Ok(reply) => return reply,
                Err(RecvTimeoutError::Disconnected) => return Reply::Unknown,
                Err(RecvTimeoutError::Timeout) => looks += 1,
            }
            let has_time = self.layer == Layer::Counter || looks < LOOKS_MAX;
            if self.raft.get_state() != (term, true) || !has_time {
                return Reply::Unknown;
            }
        }
    }

    /// Applies what Raft delivers, until it ends or the server is killed.
    fn apply_all(&self, delivered: &Receiver<ApplyMsg>) {
        loop {
            let message = delivered.recv_timeout(2 * LOOK);
            let mut state = self.state.lock();
            if state.is_killed {
                return;
            }
            match message {
                Ok(message) => state.take(message),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let snapshot = self.is_log_too_long().then(|| (state.applied, state.encode()));
            drop(state);
            if let Some((index, data)) = snapshot {
                self.raft.snapshot(index, data);
            }
        }
    }

    fn is_log_too_long(&self) -> bool {
        self.raft_state_bytes_max.is_some_and(|max| self.persister.raft_state_len() >= max)
    }
}

impl State {
    fn take(&mut self, message: ApplyMsg) {
        match message {
            // The stored snapshot may come once more; what it covers does not count.
            ApplyMsg::Snapshot { index, data, .. } if index > self.applied => {
                let snapshot = Snapshot::decode(&data).expect("a snapshot that a server has taken");
                (self.machine, self.applied) = (snapshot.machine, index);
                // What came of their commands is in the snapshot: they cannot be told, and ask again.
                self.waiters = self.waiters.split_off(&(index + 1));
            }
            ApplyMsg::Snapshot { .. } => {}
            ApplyMsg::Own { index, .. } => self.applied = index,
            ApplyMsg::Command { index, term, command } => {
                let command = postcard::from_bytes(&command).expect("a command that a server has encoded");
                let reply = self.machine.apply(&command);
                self.applied = index;
                if let Some((wanted, waiter)) = self.waiters.remove(&index) {
                    // Of another term it is another command. Who does not wait any more needs no answer.
                    let _ = waiter.send(if wanted == term { reply } else { Reply::Unknown });
                }
            }
        }
    }

    fn encode(&self) -> Vec<u8> {
        let snapshot = Snapshot { index: self.applied, machine: self.machine.clone() };
        postcard::to_stdvec(&snapshot).expect("plain data")
    }
}
