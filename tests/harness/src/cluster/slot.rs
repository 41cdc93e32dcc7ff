//! What the harness holds of a server, up or down.

use std::time::Duration;

use labrpc::network::ClientEnd;
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use raft_interface::Persister;

use super::storage::Storage;
use crate::implementation::AnyRaft;
use crate::on_node::end;
use kvraft_interface::AnyService;

/// What the harness holds of a server.
#[derive(Default)]
pub(super) struct Slot {
    /// Its storage, which survives it.
    pub(super) storage: Storage,
    /// What runs; `None` while the server is down.
    pub(super) running: Option<Incarnation>,
    /// Its ends to all servers, by id; none while it is down. Those of an incarnation that is gone are never enabled again:
    /// if its threads live on, they talk to nobody.
    pub(super) ends: Vec<ClientEnd>,
    /// How long each message waits before its service can have it, if the scenario may say so.
    pub(super) pace: Duration,
    /// Whether the tester has cut it off.
    pub(super) is_cut_off: bool,
    /// The nodes of all its incarnations. The referee tells these apart by where they lie, so none is given back.
    pub(super) nodes: Vec<NodeHandle>,
}

/// A server from one start to its end.
pub(super) struct Incarnation {
    pub(super) node: NodeHandle,
    pub(super) raft: Arc<dyn AnyRaft>,
    /// What stands on the Raft, if it is not the harness' own service.
    pub(super) service: Option<Arc<dyn AnyService>>,
}

impl Incarnation {
    /// Tells the server to end.
    pub(super) fn kill(&self) {
        let (service, raft) = (self.service.clone(), Arc::clone(&self.raft));
        let kill = move || match service {
            Some(service) => service.kill(), // and its Raft
            None => raft.kill(),
        };
        end(&self.node, kill);
    }
}

impl Slot {
    pub(super) fn raft(&self) -> Option<Arc<dyn AnyRaft>> {
        Some(Arc::clone(&self.running.as_ref()?.raft))
    }

    pub(super) fn service(&self) -> Option<Arc<dyn AnyService>> {
        self.running.as_ref()?.service.clone()
    }

    pub(super) fn node(&self) -> Option<NodeHandle> {
        Some(self.running.as_ref()?.node.clone())
    }

    pub(super) fn persister(&self) -> Arc<dyn Persister> {
        self.storage.persister()
    }
}
