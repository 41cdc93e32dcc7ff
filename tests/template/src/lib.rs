//! Your Raft: the calls that the tests make, and nothing behind them yet.
//!
//! Threads, locks, channels, time and chance come from `labrpc`, which has the names and semantics of `std`, `parking_lot`,
//! `crossbeam-channel` and `rand`: so the same code runs in a simulation, where a failure replays from its seed, and on real
//! threads. The messages should bear the paper's names (`RequestVote { term, candidate_id, ... }`): the lab reads them by these.

// Until everything is written. Delete it then.
#![allow(unused_variables, reason = "some of it is still to be written")]

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// One Raft server. All clones are the same server.
#[derive(Clone)]
pub struct Raft {
    // What all threads of a server share, behind an `Arc`: the ends of its peers, a `labrpc::sync::Mutex` with Figure 2's state, ...
}

impl RaftServer for Raft {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        todo!("3A.1: start a server, and a thread that stands for election when nobody is heard of")
    }

    fn service(&self) -> Service {
        todo!(
            "3A.2: Service::new(\"Raft\").method(\"RequestVote\", ...); AppendEntries and InstallSnapshot follow"
        )
    }

    fn start(&self, command: Command) -> Started {
        todo!("3B.1: a leader appends the command to its log")
    }

    fn get_state(&self) -> (Term, bool) {
        todo!("3A.3: the current term, and whether this server leads it")
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        todo!("3D.1: forget the log up to this index, and keep the bytes")
    }

    fn kill(&self) {
        todo!("3A.1: all threads of this server should end soon")
    }
}
