//! The handle that a service holds, the lock, and the threads.
//!
//! # The rules
//!
//! - One lock guards the whole state. Nobody holds it while it waits: for a call, for time, or for room in a channel.
//! - All that changes the state is a [step](Node::step): it locks, changes, saves, unlocks and wakes who waits. So nothing is
//!   answered before it is saved.
//! - After a wait everything may be different. Whoever comes back from a call asks first: still this term, still this role?

use std::fmt;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

use crate::messages::{AppendEntriesArgs, InstallSnapshotArgs, RequestVoteArgs};
use crate::persist::Persistent;
use crate::state::State;

/// One Raft server. Cheap to clone: all clones are the same server. It runs until it is killed.
#[derive(Clone)]
pub struct Raft {
    node: Arc<Node>,
}

/// What all threads of a server share.
pub(crate) struct Node {
    /// The ways to all servers, by number.
    pub(crate) peers: Vec<ClientEnd>,
    /// What survives a crash.
    pub(crate) persister: Arc<dyn Persister>,
    /// Everything else.
    pub(crate) state: Mutex<State>,
    /// A step was taken, so what somebody waits for may hold now.
    pub(crate) changed: Condvar,
}

impl Node {
    /// Takes one atomic step, and returns what `change` does. `None` if the server has stopped: then nothing was changed.
    pub(crate) fn step<T>(&self, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = self.state.lock();
        if state.is_stopped {
            return None;
        }
        let before = state.mark();
        let outcome = change(&mut state);
        let saved = self.save(&state, before);
        if let Err(error) = &saved {
            // Nobody may hear of what is not saved. So this server goes back to what is, and is silent from now on.
            log::error!(target: "PERS", "S{} stops: {error}", state.me);
            *state = State::new(state.me, state.servers, Persistent::restore(&*self.persister));
            state.is_stopped = true;
        }
        drop(state); // so that whoever wakes finds the lock free
        self.changed.notify_all();
        saved.is_ok().then_some(outcome)
    }

    /// Handles a request or a reply: first its term, which is the same rule for all of them, and then the rest.
    pub(crate) fn handle<R: Default>(&self, term: Term, rule: impl FnOnce(&mut State) -> R) -> R {
        let handled = self.step(|state| {
            state.observe_term(term);
            rule(state)
        });
        handled.unwrap_or_else(|| self.fall_silent())
    }

    /// Answers nothing until the server is killed, when nobody listens any more: as if it had crashed.
    fn fall_silent<R: Default>(&self) -> R {
        let mut state = self.state.lock();
        while !state.is_killed {
            self.changed.wait(&mut state);
        }
        R::default()
    }
}

/// Starts a thread that nobody joins: it ends by itself when the server stops.
pub(crate) fn spawn(name: String, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name).spawn(body).expect("the system refuses another thread");
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let state = State::new(me, peers.len(), Persistent::restore(&*persister));
        let others = state.peers();
        let node = Arc::new(Node { peers, persister, state: Mutex::new(state), changed: Condvar::new() });
        let ticker = Arc::clone(&node);
        spawn("ticker".to_owned(), move || ticker.tick());
        for peer in others {
            let sender = Arc::clone(&node);
            spawn(format!("sender to S{peer}"), move || sender.replicate_to(peer));
        }
        let applier = Arc::clone(&node);
        spawn("applier".to_owned(), move || applier.apply(&apply));
        Self { node }
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots] = [(); 3].map(|()| Arc::clone(&self.node));
        Service::new("Raft")
            .method("RequestVote", move |args: RequestVoteArgs| {
                votes.handle(args.term, |state| state.on_request_vote(&args))
            })
            .method("AppendEntries", move |args: AppendEntriesArgs| {
                entries.handle(args.term, |state| state.on_append_entries(args))
            })
            .method("InstallSnapshot", move |args: InstallSnapshotArgs| {
                snapshots.handle(args.term, |state| state.on_install_snapshot(&args))
            })
    }

    fn start(&self, command: Command) -> Started {
        self.node.step(|state| state.append_command(command)).unwrap_or_else(|| {
            let (term, is_leader) = self.get_state();
            Started { index: 0, term, is_leader }
        })
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.current_term, state.is_leader())
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.node.step(|state| state.take_snapshot(index, data));
    }

    fn kill(&self) {
        let mut state = self.node.state.lock();
        (state.is_killed, state.is_stopped) = (true, true);
        drop(state);
        self.node.changed.notify_all();
    }
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.node.state.lock();
        write!(f, "S{} T{} {:?}", state.me, state.current_term, state.role)
    }
}
