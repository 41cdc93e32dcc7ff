//! A Raft whose leaders begin their term with a no-op (§8).
//!
//! The paper's indexes count all entries: those on the wire, `commit_index`, `last_applied`. The service above sees only
//! commands, numbered 1, 2, 3 without gaps; `Log` translates between the two. What it needs for that once the log has
//! been compacted, the number of commands that a snapshot covers, is saved and sent with the snapshot.
//!
//! Each server has an election thread, an applier thread and one replicator thread per peer. A call may hang for
//! seconds, so each is made in a short-lived thread of its own.
//!
//! All state is behind one lock, and `Node::update` saves what has changed before it gives that lock back. So nothing
//! that is not saved is ever sent, answered or applied.
//!
//! A variant, [`Patient`], asks a follower that has refused again with the next heartbeat only.

mod applier;
mod election;
mod log;
mod messages;
mod receiver;
mod replication;
mod state;

use std::convert::Infallible;
use std::fmt;

use labrpc::channel::{Receiver, Sender, bounded};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use raft_interface::{
    ApplyMsg, Command, Features, Index, NotOffered, Persister, RaftServer, ServerId, Started, Term,
};

pub use log::{Entry, SnapshotPoint};
pub use messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RequestVoteArgs,
    RequestVoteReply,
};
use state::State;

/// One Raft server. All clones are the same server. Whether it is patient: see [`Patient`].
#[derive(Clone)]
pub struct Raft<const IS_PATIENT: bool = false> {
    node: Arc<Node>,
}

/// A leader that was refused asks again with the next heartbeat: it needs one for each term in which the logs differ.
pub type Patient = Raft<true>;

/// What all threads of a server share.
struct Node {
    me: ServerId,
    peers: Vec<ClientEnd>,
    apply: Sender<ApplyMsg>,
    /// Is disconnected when the server stops, which frees an applier whose service no longer reads.
    stopped: Receiver<Infallible>,
    state: Mutex<State>,
    /// Wakes the election thread when the server stops.
    election: Condvar,
    /// Wakes the applier.
    applier: Condvar,
    /// Wakes the replicator of each peer.
    replicators: Vec<Condvar>,
}

impl Node {
    /// Changes the state and saves it. `None` if the server has stopped, also if it stops because it cannot save: then
    /// nobody may hear of the change.
    fn update<R>(&self, change: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut state = self.state.lock();
        if state.is_stopped() {
            return None;
        }
        let result = change(&mut state);
        state.save_changes();
        if state.is_stopped() {
            return None;
        }
        self.wake(&state);
        Some(result)
    }

    /// Wakes the threads that have something to do.
    fn wake(&self, state: &State) {
        if state.has_unapplied() {
            self.applier.notify_one();
        }
        for (peer, replicator) in self.replicators.iter().enumerate() {
            if peer != self.me && state.has_something_for(peer) {
                replicator.notify_one();
            }
        }
    }

    /// Starts a thread of this server.
    fn spawn(self: &Arc<Self>, name: String, body: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let node = Arc::clone(self);
        thread::Builder::new().name(name).spawn(move || body(&node)).expect("a stack for a new thread");
    }
}

impl<const IS_PATIENT: bool> RaftServer for Raft<IS_PATIENT> {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let (stop, stopped) = bounded(0);
        let mut state = State::restore(me, peers.len(), persister, stop);
        state.is_patient = IS_PATIENT;
        let node = Arc::new(Node {
            me,
            apply,
            stopped,
            state: Mutex::new(state),
            election: Condvar::new(),
            applier: Condvar::new(),
            replicators: peers.iter().map(|_| Condvar::new()).collect(),
            peers,
        });
        node.spawn("election".into(), |node| node.run_elections());
        node.spawn("applier".into(), |node| node.run_applier());
        for peer in (0..node.peers.len()).filter(|&peer| peer != me) {
            node.spawn(format!("replicator to {peer}"), move |node| node.run_replicator(peer));
        }
        Self { node }
    }

    /// It is always on, and the service never hears of it.
    fn offers(features: &Features) -> Result<(), NotOffered> {
        features.among(&["noop_on_election"])
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots] = [(); 3].map(|()| Arc::clone(&self.node));
        // A server that has stopped answers in term 0, of which nobody takes notice.
        Service::new("Raft")
            .method("RequestVote", move |args: RequestVoteArgs| {
                votes.update(|state| state.on_request_vote(&args)).unwrap_or_default()
            })
            .method("AppendEntries", move |args: AppendEntriesArgs| {
                entries.update(|state| state.on_append_entries(args)).unwrap_or_default()
            })
            .method("InstallSnapshot", move |args: InstallSnapshotArgs| {
                snapshots.update(|state| state.on_install_snapshot(args)).unwrap_or_default()
            })
    }

    fn start(&self, command: Command) -> Started {
        let nothing = Started { index: 0, term: 0, is_leader: false };
        self.node.update(|state| state.propose(command)).unwrap_or(nothing)
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.current_term, state.is_leader() && !state.is_stopped())
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.node.update(|state| state.compact(index, data));
    }

    fn kill(&self) {
        self.node.state.lock().stop();
        self.node.election.notify_all();
        self.node.applier.notify_all();
        for replicator in &self.node.replicators {
            replicator.notify_all();
        }
    }

    fn leader_hint(&self) -> Option<ServerId> {
        self.node.state.lock().leader
    }
}

impl<const IS_PATIENT: bool> fmt::Debug for Raft<IS_PATIENT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raft server {} of {}", self.node.me, self.node.peers.len())
    }
}
