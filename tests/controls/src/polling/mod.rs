//! A Raft that polls.
//!
//! One mutex guards everything, nobody waits for a condition, and every thread wakes now and then to look:
//!
//! | thread | wakes every | and looks whether |
//! |---|---|---|
//! | ticker | 50 ms | the election timeout has passed |
//! | heartbeat, one for each leadership | 100 ms | it still leads; if so it sends what each follower lacks |
//! | applier | 10 ms | something is committed that the service has not got |
//!
//! A command waits for the next heartbeat, and the followers learn that it is committed from the one after that. Each
//! call has a thread of its own, because a call to a server that is gone may hang for seconds. No lock is held during a
//! call, nor while something is delivered to the service.

mod applier;
mod election;
mod log;
mod messages;
mod replication;
mod snapshots;
mod state;

use std::fmt;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use log::Entry;
use state::{Role, State};

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    node: Arc<Node>,
}

/// What all threads of a server share.
struct Node {
    peers: Vec<ClientEnd>,
    me: ServerId,
    persister: Arc<dyn Persister>,
    is_killed: AtomicBool,
    state: Mutex<State>,
}

impl Node {
    fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::SeqCst)
    }

    /// The other servers.
    fn others(&self) -> impl Iterator<Item = ServerId> {
        let me = self.me;
        (0..self.peers.len()).filter(move |&peer| peer != me)
    }

    /// The smallest number of servers that is more than half of them.
    fn majority(&self) -> usize {
        self.peers.len() / 2 + 1
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let state = Mutex::new(State::restored(&persister.raft_state(), peers.len()));
        let node = Arc::new(Node { peers, me, persister, is_killed: AtomicBool::new(false), state });
        let (ticking, applying) = (Arc::clone(&node), Arc::clone(&node));
        thread::spawn(move || ticking.tick());
        thread::spawn(move || applying.apply(&apply));
        Self { node }
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots] = [(); 3].map(|()| Arc::clone(&self.node));
        Service::new("Raft")
            .method("RequestVote", move |args| votes.answer(|state| votes.on_request_vote(&args, state)))
            .method("AppendEntries", move |args| {
                entries.answer(|state| entries.on_append_entries(args, state))
            })
            .method("InstallSnapshot", move |args| {
                snapshots.answer(|state| snapshots.on_install_snapshot(&args, state))
            })
    }

    fn start(&self, command: Command) -> Started {
        let mut state = self.node.state.lock();
        let term = state.current_term;
        if state.role != Role::Leader || self.node.is_killed() {
            return Started { index: 0, term, is_leader: false };
        }
        state.log.push(Entry { term, command });
        // This server counts itself when it counts who stores the entry, so it must store it. If it cannot, it leads no
        // more.
        self.node.persist(&mut state);
        Started { index: state.log.last_index(), term, is_leader: !state.is_broken }
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.current_term, state.role == Role::Leader)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.node.take_snapshot(index, &data);
    }

    fn kill(&self) {
        self.node.is_killed.store(true, Ordering::SeqCst);
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").field("me", &self.node.me).finish_non_exhaustive()
    }
}
