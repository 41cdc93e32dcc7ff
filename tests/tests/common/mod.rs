//! Small implementations that are wrong on purpose: they do nothing but one thing.

#![allow(dead_code, reason = "each test file uses some of them")]

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// What a wrong implementation does; all else is nothing.
pub(crate) trait Fault: Clone + Send + Sync + 'static {
    /// A server is made, on its node.
    fn make(me: ServerId) -> Self;

    /// What it says of itself.
    fn get_state(&self) -> (Term, bool) {
        (0, false)
    }
}

/// A server that does what its fault says.
#[derive(Clone)]
pub(crate) struct Wrong<F>(F, Arc<Sender<ApplyMsg>>);

impl<F: Fault> RaftServer for Wrong<F> {
    fn make(_: Vec<ClientEnd>, me: ServerId, _: Arc<dyn Persister>, apply: Sender<ApplyMsg>) -> Self {
        Self(F::make(me), Arc::new(apply))
    }

    fn service(&self) -> Service {
        Service::new("Raft")
    }

    fn start(&self, _: Command) -> Started {
        Started { index: 0, term: 0, is_leader: false }
    }

    fn get_state(&self) -> (Term, bool) {
        self.0.get_state()
    }

    fn snapshot(&self, _: Index, _: Vec<u8>) {}

    fn kill(&self) {}
}
