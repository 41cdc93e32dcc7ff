//! A Raft in the style of MIT's Go labs of 2020: one main loop per server, which `select!`s among signals and timers that
//! are started anew whenever they are reset.
//!
//! What is particular to it, and legal:
//!
//! - Every RPC has a thread of its own and a timeout of 100 ms. A later reply is ignored, and the next heartbeat asks
//!   again. A refused AppendEntries is repeated with the next heartbeat, too, and no earlier.
//! - Requests are not counted: while replies are under way, a new command sends again what is not acknowledged.
//! - The whole state is saved each time: term, vote and log.
//! - After a restart the snapshot on the disk is delivered like one of a leader's, before any command.
//! - Messages count entries from 0, as places in a list are counted, and say -1 where there is none.
//! - A leader appends nothing of its own, so what its predecessors have left commits with its first command.

mod bytes;
mod calls;
mod delivery;
mod from_zero;
mod handlers;
mod log;
mod messages;
mod roles;
mod signal;
mod state;

use std::fmt;

use labrpc::channel::{Receiver, Sender, TryRecvError, bounded};
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::atomic::AtomicU64;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use log::Entry;
use signal::Signal;
use state::{Role, State};

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    server: Arc<Server>,
}

/// What the threads of a server share.
struct Server {
    peers: Vec<ClientEnd>,
    me: ServerId,
    state: Mutex<State>,
    /// How many AppendEntries have been made.
    sent: AtomicU64,
    /// A leader was heard of or a vote was given: the election timer begins again. Sent under the lock.
    timer_reset: Signal,
    /// A candidate or leader may be none any more.
    role_changed: Signal,
    /// There are new commands to send.
    started: Signal,
    /// There is something to deliver.
    committed: Signal,
    /// Closed when the server is killed, since its only sender is dropped then.
    killed: Receiver<()>,
    alive: Mutex<Option<Sender<()>>>,
}

impl Server {
    fn is_killed(&self) -> bool {
        self.killed.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn others(&self) -> impl Iterator<Item = ServerId> + use<> {
        let me = self.me;
        (0..self.peers.len()).filter(move |&peer| peer != me)
    }

    /// As [`State::follow`], and tells the main loop.
    fn step_down(&self, state: &mut State, term: Term) -> bool {
        if state.role != Role::Follower {
            self.role_changed.send();
        }
        state.follow(term)
    }

    /// Appends a command if this server leads. Without a disk that takes it nothing is appended, and it leads no more.
    fn append(&self, command: Command) -> Started {
        let mut state = self.state.lock();
        let mut is_leader = state.role == Role::Leader;
        if is_leader {
            let term = state.current_term;
            state.log.push(Entry { term, command });
            is_leader = state.save(None).is_ok();
            if is_leader {
                self.started.send();
            } else {
                self.role_changed.send();
            }
        }
        // Nobody's reply will: the leader may be alone.
        if is_leader && state.advance_commit(self.me) {
            self.committed.send();
        }
        Started { index: state.log.last_index(), term: state.current_term, is_leader }
    }

    /// The log up to `index` is in `data`.
    fn compact(&self, index: Index, data: Arc<[u8]>) {
        let mut state = self.state.lock();
        // The service cannot have what it was not given; and an older snapshot than the last one is of no use.
        if index > state.last_applied || index <= state.log.base().0 {
            return;
        }
        let term = state.log.term_at(index).expect("what is applied and above the base is in the log");
        state.log.cut(index, term);
        if state.save(Some(data)).is_err() {
            self.role_changed.send();
        }
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let state = Mutex::new(State::restore(persister, peers.len()));
        let (alive, killed) = bounded(0);
        let server = Arc::new(Server {
            peers,
            me,
            state,
            sent: AtomicU64::new(0),
            timer_reset: Signal::new(),
            role_changed: Signal::new(),
            started: Signal::new(),
            committed: Signal::new(),
            killed,
            alive: Mutex::new(Some(alive)),
        });
        let (main, applier) = (Arc::clone(&server), Arc::clone(&server));
        thread::spawn(move || main.run());
        thread::spawn(move || applier.deliver(&apply));
        Self { server }
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots] = [(); 3].map(|()| Arc::clone(&self.server));
        Service::new("Raft")
            .method("RequestVote", move |args| votes.on_request_vote(&args))
            .method("AppendEntries", move |args| entries.on_append_entries(args))
            .method("InstallSnapshot", move |args| snapshots.on_install_snapshot(args))
    }

    fn start(&self, command: Command) -> Started {
        self.server.append(command)
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.server.state.lock();
        (state.current_term, state.role == Role::Leader)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.server.compact(index, data.into());
    }

    fn kill(&self) {
        *self.server.alive.lock() = None;
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raft {} of {}", self.server.me, self.server.peers.len())
    }
}
