//! One Raft server, in the shape of MIT's `raft.go`.
//!
//! All threads share one [`Raft`] and its one lock. Do not hold the lock while you call another server, sleep, or send to the service.

// Until everything is written. Delete it then: what the compiler still finds unused is worth a look.
#![allow(dead_code, unused_imports, unused_variables, reason = "some of it is still to be written")]

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};
use serde::{Deserialize, Serialize};

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    shared: Arc<Shared>,
}

/// What all threads of a server share.
struct Shared {
    /// The ways to all servers: `self.peers[i].call("Raft.RequestVote", &args)` asks server `i`.
    peers: Vec<ClientEnd>,
    /// The number of this server.
    me: ServerId,
    /// What survives a crash.
    persister: Arc<dyn Persister>,
    /// Where committed entries go: `self.apply.send(ApplyMsg::Command { .. })`.
    apply: Sender<ApplyMsg>,
    /// Set by [`kill`](RaftServer::kill). Every loop of a thread should look at it.
    is_dead: AtomicBool,
    /// Figure 2.
    state: Mutex<State>,
}

/// Figure 2, State.
#[derive(Debug, Default)]
struct State {
    /// The latest term that this server has seen.
    current_term: Term,
    /// Whether it leads that term.
    is_leader: bool,
    // 3A: whom has it voted for, and when does it stand for election?
    // 3B: the log, and the rest of Figure 2.
}

/// One entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// The term of the leader that has appended it.
    term: Term,
    /// What the client wants.
    command: Command,
}

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RequestVoteArgs {
    term: Term,
    candidate_id: ServerId,
    last_log_index: Index,
    last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RequestVoteReply {
    term: Term,
    vote_granted: bool,
}

/// Figure 2, AppendEntries, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct AppendEntriesArgs {
    term: Term,
    leader_id: ServerId,
    prev_log_index: Index,
    prev_log_term: Term,
    entries: Vec<Entry>,
    leader_commit: Index,
}

/// Figure 2, AppendEntries, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct AppendEntriesReply {
    term: Term,
    success: bool,
}

/// Figure 13, arguments. The snapshot comes whole, so `offset` and `done` are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct InstallSnapshotArgs {
    term: Term,
    leader_id: ServerId,
    last_included_index: Index,
    last_included_term: Term,
    data: Vec<u8>,
}

/// Figure 13, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct InstallSnapshotReply {
    term: Term,
}

impl Shared {
    /// A thread: stands for election when no leader was heard of for a while, and sends heartbeats while it leads.
    fn ticker(&self) {
        while !self.is_dead.load(Ordering::SeqCst) {
            todo!("3A.1: stand for election if nobody was heard of for too long");
            // thread::sleep(Duration::from_millis(10));
        }
    }

    /// Somebody asks for a vote.
    fn request_vote(&self, args: RequestVoteArgs) -> RequestVoteReply {
        todo!("3A.2: grant the vote if it is free, in this term")
    }

    /// A leader sends entries, or a heartbeat.
    fn append_entries(&self, args: AppendEntriesArgs) -> AppendEntriesReply {
        todo!("3A.3: follow who leads this term")
    }

    /// A leader sends its snapshot.
    fn install_snapshot(&self, args: InstallSnapshotArgs) -> InstallSnapshotReply {
        todo!("3D.3: take the snapshot in the place of the log that it covers")
    }

    /// Saves what Figure 2 calls persistent state.
    fn persist(&self) {
        todo!("3A.4: save term and vote, for 3C the log too: postcard::to_stdvec, self.persister.save")
    }

    /// Reads it again when the server comes up.
    fn read_persist(state: &mut State, bytes: &[u8]) {
        if bytes.is_empty() {
            return; // the first start
        }
        todo!("3A.4: decode with postcard::from_bytes what persist has encoded")
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let mut state = State::default();
        Shared::read_persist(&mut state, &persister.raft_state());
        let is_dead = AtomicBool::new(false);
        let shared = Arc::new(Shared { peers, me, persister, apply, is_dead, state: Mutex::new(state) });
        let ticker = Arc::clone(&shared);
        thread::spawn(move || ticker.ticker());
        Self { shared }
    }

    fn service(&self) -> Service {
        let [votes, entries, snapshots] = [(); 3].map(|()| Arc::clone(&self.shared));
        Service::new("Raft")
            .method("RequestVote", move |args: RequestVoteArgs| votes.request_vote(args))
            .method("AppendEntries", move |args: AppendEntriesArgs| entries.append_entries(args))
            .method("InstallSnapshot", move |args: InstallSnapshotArgs| snapshots.install_snapshot(args))
    }

    fn start(&self, command: Command) -> Started {
        todo!("3B.1: a leader appends the command to its log")
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.shared.state.lock();
        (state.current_term, state.is_leader)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        todo!("3D.1: forget the log up to this index, and keep the bytes")
    }

    fn kill(&self) {
        self.shared.is_dead.store(true, Ordering::SeqCst);
    }
}
