//! Which Raft is graded: any [`RaftServer`], with its type forgotten, so that the suites are compiled once.

use std::fmt;

use labrpc::channel::Sender;
use labrpc::network::{ClientEnd, Service};
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Command, Index, Persister, RaftServer, ServerId, Started, Term};

/// A Raft server of some implementation. The calls are those of [`RaftServer`].
pub(crate) trait AnyRaft: Send + Sync {
    fn service(&self) -> Service;
    fn start(&self, command: Command) -> Started;
    fn get_state(&self) -> (Term, bool);
    fn snapshot(&self, index: Index, data: Vec<u8>);
    fn kill(&self);
}

impl<R: RaftServer> AnyRaft for R {
    fn service(&self) -> Service {
        RaftServer::service(self)
    }

    fn start(&self, command: Command) -> Started {
        RaftServer::start(self, command)
    }

    fn get_state(&self) -> (Term, bool) {
        RaftServer::get_state(self)
    }

    fn snapshot(&self, index: Index, data: Vec<u8>) {
        RaftServer::snapshot(self, index, data);
    }

    fn kill(&self) {
        RaftServer::kill(self);
    }
}

type Make = fn(Vec<ClientEnd>, ServerId, Arc<dyn Persister>, Sender<ApplyMsg>) -> Arc<dyn AnyRaft>;

/// How to make a server of the implementation that is graded.
#[derive(Clone, Copy)]
pub struct Implementation {
    name: &'static str,
    make: Make,
}

impl Implementation {
    /// The implementation `R`.
    #[must_use]
    pub fn of<R: RaftServer>() -> Self {
        Self {
            name: std::any::type_name::<R>(),
            make: |peers, me, persister, apply| Arc::new(R::make(peers, me, persister, apply)),
        }
    }

    /// The name of its type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn make(
        &self,
        peers: Vec<ClientEnd>,
        me: ServerId,
        persister: Arc<dyn Persister>,
        apply: Sender<ApplyMsg>,
    ) -> Arc<dyn AnyRaft> {
        (self.make)(peers, me, persister, apply)
    }
}

impl fmt::Debug for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Implementation({})", self.name)
    }
}
