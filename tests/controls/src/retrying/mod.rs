//! A Raft that retries without end, in words of its own.
//!
//! §5.5: "servers retry RPCs if they do not receive a response in a timely manner", and "Raft RPCs are idempotent". Here
//! this is taken at its word. Each request has a thread of its own, which sends it again, with the same arguments, until it
//! is answered or the server is killed. Losing an office does not stop it: what a deposed leader or a candidate of old has
//! asked goes on being asked, and is told that its term is over. The module `retries` says how many such threads there can be.
//!
//! A leader does not wait for one answer before it asks the next thing: `next` moves on as soon as a request has a thread,
//! since that thread sees to it, and goes back to what a follower says it wants (`next_index`).

mod applying;
mod election;
mod following;
mod leading;
mod retries;
mod state;
mod storage;
mod wire;

use labrpc::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use state::{Role, State};
pub use wire::{AppendLog, AppendReply, AskVote, Item, Meta, SendSnapshot, SnapshotReply, VoteReply, names};

/// One Raft server. All clones are the same server.
#[derive(Clone, Debug)]
pub struct Raft {
    node: Arc<Node>,
}

/// What all threads of a server share.
#[derive(Debug)]
struct Node {
    peers: Vec<ClientEnd>,
    me: ServerId,
    persister: Arc<dyn Persister>,
    apply: Sender<ApplyMsg>,
    state: Mutex<State>,
    /// Wakes the applier; one message is as good as many.
    to_apply: (Sender<()>, Receiver<()>),
    /// Taken away by a kill.
    alive: Mutex<Option<Sender<()>>>,
    /// Nothing ever comes here. It is disconnected once the server is killed, which ends all waiting.
    killed: Receiver<()>,
}

impl Node {
    /// Starts a thread of this server.
    fn spawn(self: &Arc<Self>, name: String, body: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let node = Arc::clone(self);
        thread::Builder::new().name(name).spawn(move || body(&node)).expect("memory for a thread");
    }

    /// Waits, but not beyond a kill. Whether the server lives on.
    fn pause(&self, time: Duration) -> bool {
        self.killed.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }

    /// All servers but this one.
    fn others(&self) -> impl Iterator<Item = ServerId> + use<> {
        let me = self.me;
        (0..self.peers.len()).filter(move |&server| server != me)
    }

    /// How many servers are a majority.
    fn majority(&self) -> usize {
        self.peers.len() / 2 + 1
    }

    /// Saves what must survive a crash. After a failed save the server must not act on what it could not save, and
    /// does nothing at all any more: as if it had crashed.
    fn save(&self, state: &mut State, snapshot: Option<&[u8]>) {
        let (keep, tail) = state.durable.encode();
        if self.persister.save_tail(keep, &tail, snapshot).is_err() {
            state.halt();
        }
    }

    /// Handles a request under the lock. A server that could not save says nothing, as a crashed one would.
    fn answer<R>(&self, handle: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let reply = handle(&mut state);
        let is_halted = state.is_halted;
        drop(state);
        if is_halted {
            // Until the server is killed; by then nobody listens.
            let _ = self.killed.recv();
        }
        reply
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let state = Mutex::new(State::restore(&persister.raft_state(), peers.len()));
        let (alive, killed) = bounded(0);
        let alive = Mutex::new(Some(alive));
        let node = Arc::new(Node { peers, me, persister, apply, state, to_apply: bounded(1), alive, killed });
        node.spawn("ticker".into(), Node::tick);
        node.spawn("applier".into(), |node| node.apply_all());
        Self { node }
    }

    fn service(&self) -> Service {
        let [votes, appends, snapshots] = [(); 3].map(|()| Arc::clone(&self.node));
        Service::new("Peer")
            .method("AskVote", move |ask: AskVote| votes.answer(|state| votes.on_ask_vote(state, &ask)))
            .method("AppendLog", move |ask: AppendLog| {
                appends.answer(|state| appends.on_append_log(state, ask))
            })
            .method("SendSnapshot", move |ask: SendSnapshot| {
                snapshots.answer(|state| snapshots.on_send_snapshot(state, &ask))
            })
    }

    fn start(&self, command: Command) -> Started {
        let node = &self.node;
        let mut state = node.state.lock();
        let term = state.durable.term;
        if !matches!(state.role, Role::Leader(_)) {
            return Started { index: 0, term, is_leader: false };
        }
        state.durable.items.push(Item { born_in: term, payload: command });
        let index = state.durable.last_idx();
        node.save(&mut state, None);
        // Alone, a leader is its own majority.
        node.commit_what_majority_has(&mut state);
        for peer in node.others() {
            node.feed(&mut state, peer, false);
        }
        Started { index, term, is_leader: !state.is_halted }
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.durable.term, matches!(state.role, Role::Leader(_)))
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        let mut state = self.node.state.lock();
        // A newer snapshot may have come from the leader while the service made this one.
        if !state.is_halted && index > state.durable.base_idx && index <= state.applied {
            state.durable.forget_to(index);
            self.node.save(&mut state, Some(&data));
        }
    }

    fn kill(&self) {
        self.node.state.lock().halt();
        self.node.alive.lock().take();
    }

    fn leader_hint(&self) -> Option<ServerId> {
        self.node.state.lock().leader
    }
}
