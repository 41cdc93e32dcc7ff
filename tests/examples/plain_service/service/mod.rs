//! The service: what the lab makes of it.

mod clerk;
mod machine;
mod server;

use std::marker::PhantomData;

use kvraft_interface::{AnyClerk, AnyService, KeyValue, Reads, ServiceSetup};
use labrpc::network::ClientEnd;
use labrpc::sync::Arc;
use raft_interface::{Index, RaftServer};

use clerk::Clerk;
use machine::Snapshot;
use server::Server;

/// The service, on whatever Raft.
pub(crate) struct Plain<R>(PhantomData<fn() -> R>);

impl<R: RaftServer> KeyValue for Plain<R> {
    type Raft = R;

    fn make(setup: ServiceSetup<R>) -> Arc<dyn AnyService> {
        Arc::new(Server::start(setup))
    }

    fn clerk(ends: Vec<ClientEnd>, _reads: Reads) -> Box<dyn AnyClerk> {
        Box::new(Clerk::new(ends))
    }

    fn snapshot_index(snapshot: &[u8]) -> Option<Index> {
        Snapshot::decode(snapshot).map(|snapshot| snapshot.index)
    }
}
