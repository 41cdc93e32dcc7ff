//! A Raft, to be written: it starts, answers, and never leads.
//!
//! `cargo lab grade 3A` says what is missing first. The paper's Figure 2 says how it should be; the names below are its
//! names, and the lab reads the messages by them.
//!
//! Threads, locks, channels, time and chance come from `labrpc`, which has the names and semantics of `std`, `parking_lot`,
//! `crossbeam-channel` and `rand`: so the same code runs in a simulation, where a failure replays from its seed, and on real
//! threads.

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::{Arc, Mutex};
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};
use serde::{Deserialize, Serialize};

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    node: Arc<Node>,
}

/// What all threads of a server share.
struct Node {
    /// The other servers, and this one, by number.
    #[expect(dead_code, reason = "3A: ask them for their votes")]
    peers: Vec<ClientEnd>,
    /// The number of this one.
    #[expect(dead_code, reason = "3A: vote for it")]
    me: ServerId,
    /// Where the state lies that survives a crash.
    #[expect(dead_code, reason = "3C: save before you answer")]
    persister: Arc<dyn Persister>,
    /// Where committed entries go.
    #[expect(dead_code, reason = "3B: deliver in order of index, each index once")]
    apply: Sender<ApplyMsg>,
    state: Mutex<State>,
}

/// Figure 2, State.
#[derive(Default)]
struct State {
    /// The latest term that this server has seen. Starts at 0 and never goes back.
    current_term: Term,
    /// Whether this server leads `current_term`.
    is_leader: bool,
}

/// Figure 2, RequestVote, arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVoteArgs {
    /// The candidate's term.
    pub term: Term,
    /// Who asks.
    pub candidate_id: ServerId,
    /// The index of the candidate's last entry (§5.4).
    pub last_log_index: Index,
    /// The term of that entry.
    pub last_log_term: Term,
}

/// Figure 2, RequestVote, results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's term, for the candidate to update itself.
    pub term: Term,
    /// Whether the candidate has the vote.
    pub vote_granted: bool,
}

impl Node {
    /// Figure 2, RequestVote, receiver.
    fn on_request_vote(&self, _args: &RequestVoteArgs) -> RequestVoteReply {
        // 3A: adopt a higher term; grant the vote if it is free and the candidate's log is good enough.
        let state = self.state.lock();
        RequestVoteReply { term: state.current_term, vote_granted: false }
    }
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        let node = Node { peers, me, persister, apply, state: Mutex::new(State::default()) };
        // 3A: start a thread that stands for election when no leader is heard of for a while:
        // labrpc::thread::Builder::new().name("ticker".into()).spawn(...)
        Self { node: Arc::new(node) }
    }

    fn service(&self) -> Service {
        let votes = Arc::clone(&self.node);
        // 3A and 3B: AppendEntries. 3D: InstallSnapshot.
        Service::new("Raft").method("RequestVote", move |args: RequestVoteArgs| votes.on_request_vote(&args))
    }

    fn start(&self, _command: Command) -> Started {
        // 3B: a leader appends the command to its log and sends it on.
        let (term, is_leader) = self.get_state();
        Started { index: 0, term, is_leader }
    }

    fn get_state(&self) -> (Term, bool) {
        let state = self.node.state.lock();
        (state.current_term, state.is_leader)
    }

    fn snapshot(&self, _index: Index, _data: Vec<u8>) {
        // 3D: forget the log up to this index, and keep the bytes.
    }

    fn kill(&self) {
        // 3A: the threads of this server should end soon.
    }
}
