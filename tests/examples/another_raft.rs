//! Grades an implementation that is not this workspace's: here one that is wrong on purpose.
//!
//! ```text
//! cargo run -p reference-lab --example another_raft -- grade 3A
//! ```
//!
//! `Boaster` is the reference, except that every server claims to lead. Your own Raft goes in its place: implement
//! [`RaftServer`], pass it to `lab::main`, and in a test file write `lab::suite_3a!(Boaster);` for each part.

use std::process::ExitCode;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

#[derive(Clone)]
struct Boaster(raft::Raft);

impl RaftServer for Boaster {
    fn make(
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Self {
        Self(raft::Raft::make(peers, me, persister, apply))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn start(&self, command: Command) -> Started {
        self.0.start(command)
    }

    fn get_state(&self) -> (Term, bool) {
        (self.0.get_state().0, true)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        self.0.snapshot(index, data);
    }

    fn kill(&self) {
        self.0.kill();
    }
}

fn main() -> ExitCode {
    lab::main(lab::Implementation::of::<Boaster>())
}
