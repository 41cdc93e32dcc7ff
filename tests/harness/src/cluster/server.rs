//! One server of a cluster: how it is started, and how it ends.

use labrpc::channel;
use labrpc::network::{Address, ClientEnd, Server};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use raft_interface::{ApplyMsg, Index, Persister, ServerId};

use super::handle::Cluster;
use super::slot::Incarnation;
use crate::implementation::AnyRaft;
use crate::server_storage::{ReadTime, ServerStorage};
use crate::service_state::ServiceState;
use crate::timeline::TimelineEvent;
use kvraft_interface::AnyService;
use lab_runs::actions::ActionKind;
use lab_runs::settings::World;

/// A server that was just made.
struct Made {
    raft: Arc<dyn AnyRaft>,
    service: Option<Arc<dyn AnyService>>,
    /// What its Raft delivers, if no service of its own reads it.
    unread: Option<channel::Receiver<ApplyMsg>>,
}

fn address(server: ServerId) -> Address {
    Address::Server(server as u32)
}

impl Cluster {
    /// Starts a server from its storage, if it is down. Its connections are as they were.
    ///
    /// # Panics
    ///
    /// If the implementation panics.
    pub fn restart(&self, server: ServerId) {
        if self.is_up(server) {
            return;
        }
        let lab = &self.inner.lab;
        let was_up_before = lab.record().seen(server, |seen| seen.starts > 0);
        // The first start belongs to the cluster, not to the scenario, and is in every smaller run.
        if was_up_before && !self.performs(ActionKind::Repair, "restart", server) {
            return;
        }
        let network = &self.inner.network;
        let node = NodeHandle::new(lab.node_name(server));
        // Fresh ends for each start. Threads of an earlier incarnation that live on, in the real world or
        // because they ignore `kill`, hold ends that lead nowhere any more, and cannot speak for their
        // successor.
        let ends: Vec<ClientEnd> = self
            .servers()
            .map(|peer| {
                let end = network.make_end(address(server));
                network.connect(&end, address(peer));
                end
            })
            .collect();
        let persister = self.open_storage(server, &node);
        let base = self.snapshot_index(&persister.snapshot());
        self.inner.slots.lock()[server].ends.clone_from(&ends);
        // Before its first step: a server that is cut off must not get a single message through.
        self.set_links(server);
        // On record before it is made: its threads may apply and send before `make` has returned.
        let start = match lab.record().started(lab.now(), server, base) {
            Ok(start) => start,
            Err(violation) => return lab.end_run(&violation),
        };
        self.inner.slots.lock()[server].nodes.push(node.clone());
        self.inner.referee.starts(lab.now(), server, base, &node);
        // On the server's own node, to which the threads that it starts will belong.
        let persister = ServerStorage::of(persister, ReadTime::default(), lab.implementation(), server);
        let made = node.spawn("make", self.maker(ends, server, start, persister)).join();
        let Made { raft, service, unread } = made.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut handlers = Server::new(&node).service(raft.service());
        if let Some(more) = service.as_ref().and_then(|service| service.handlers()) {
            self.inner.referee.service_answers(more.methods().map(|(method, _)| method));
            handlers = handlers.service(more);
        }
        // Until now requests to it were lost, as they are while a real server starts.
        network.add_server(address(server), handlers);
        self.inner.slots.lock()[server].running = Some(Incarnation { node: node.clone(), raft, service });
        if let Some(unread) = unread {
            self.spawn_service(&node, server, start, unread);
        }
    }

    /// What makes a server, when it is called on its node.
    fn maker(
        &self,
        ends: Vec<ClientEnd>,
        server: ServerId,
        start: u64,
        persister: Arc<dyn Persister>,
    ) -> impl FnOnce() -> Made + Send + 'static {
        let implementation = *self.inner.lab.implementation();
        let cluster = self.clone();
        move || {
            let (apply, delivered) = channel::bounded(cluster.inner.apply_capacity);
            let features = cluster.inner.features;
            let Some(plan) = cluster.inner.service_plan else {
                let raft = implementation.make(&features, ends, server, persister, apply);
                return Made { raft, service: None, unread: Some(delivered) };
            };
            let delivered = cluster.paced(server, delivered);
            let delivered =
                delivered.inspect(move |message| cluster.observe_delivery(server, start, message));
            let setup = plan.setup(delivered, persister, ends, server);
            let (raft, service) = (implementation.services().make)(&features, apply, setup);
            Made { raft, service: Some(service), unread: None }
        }
    }

    /// How far a stored snapshot goes; 0 if there is none, `None` if it does not say.
    fn snapshot_index(&self, snapshot: &[u8]) -> Option<Index> {
        if snapshot.is_empty() {
            return Some(0);
        }
        match &self.inner.service_plan {
            None => Some(ServiceState::decode(snapshot).unwrap_or_default().index),
            Some(_) => (self.inner.lab.implementation().services().snapshot_index)(snapshot),
        }
    }

    /// Kills a server as MIT's tester does: it is cut off and taken from the network, its storage copied, and then it
    /// is told to end. What it still does reaches nobody and is stored nowhere.
    pub fn crash(&self, server: ServerId) {
        if self.is_up(server) && !self.performs(ActionKind::Fault, "crash", server) {
            return;
        }
        let Some(incarnation) = self.take_down(server, TimelineEvent::Killed(server)) else { return };
        incarnation.kill();
    }

    /// A server loses its power: none of its threads takes another step. In the real world, where threads cannot be
    /// stopped, nothing counts that they do, and they are told to end.
    pub fn power_failure(&self, server: ServerId) {
        let Some(node) = self.inner.slots.lock()[server].node() else { return };
        if !self.performs(ActionKind::Fault, "power failure", server) {
            return;
        }
        // First the threads stop, then the storage is copied. The other way round a vote could be saved and
        // granted between the two, and be missing in the copy: the restarted server would vote once more in
        // that term.
        node.lose_power();
        let Some(incarnation) = self.take_down(server, TimelineEvent::PowerLost(server)) else { return };
        if self.inner.lab.world() == World::Real {
            incarnation.kill(); // no thread was stopped
        }
    }

    /// Takes a server from the network and keeps its storage as it is at this moment.
    fn take_down(&self, server: ServerId, how: TimelineEvent) -> Option<Incarnation> {
        let lab = &self.inner.lab;
        // From here on nothing counts that this incarnation says or applies.
        self.inner.referee.stops(server);
        lab.record().stopped(lab.now(), server, how.clone());
        // The lock is given back before the network is called: see `Cluster::finish`.
        let (incarnation, ends) = {
            let slot = &mut self.inner.slots.lock()[server];
            (slot.running.take()?, std::mem::take(&mut slot.ends))
        };
        for end in &ends {
            self.inner.network.delete_end(end);
        }
        // Then the copy, after the server is off the network. A save after the copy may still be answered, but
        // that answer is dropped. A reply that left earlier must be about what is in the copy: that is what
        // restarts put to the test.
        self.inner.network.delete_server(address(server));
        self.keep_storage(server, &how);
        Some(incarnation)
    }

    /// Tells a server to end, and returns its node: to see whether its threads do.
    #[must_use]
    pub fn kill_and_watch(&self, server: ServerId) -> Option<NodeHandle> {
        let incarnation = self.take_down(server, TimelineEvent::Killed(server))?;
        incarnation.kill();
        Some(incarnation.node)
    }

    /// A server that is down loses all that it has stored. It must never speak to the others again: Raft does not bear
    /// that (Fig. 2, State: on stable storage).
    pub fn lose_storage(&self, server: ServerId) {
        {
            let storage = &mut self.inner.slots.lock()[server].storage;
            *storage = storage.emptied();
        }
        self.inner.lab.record().storage_lost(server);
        self.inner.referee.storage_lost(server);
    }

    /// Whether a server runs.
    #[must_use]
    pub fn is_up(&self, server: ServerId) -> bool {
        self.inner.slots.lock()[server].running.is_some()
    }

    /// Whether a server runs and the tester has not cut it off.
    #[must_use]
    pub fn is_connected(&self, server: ServerId) -> bool {
        let slot = &self.inner.slots.lock()[server];
        slot.running.is_some() && !slot.is_cut_off
    }

    pub(super) fn cut_off(&self, server: ServerId, is_cut_off: bool) {
        self.inner.slots.lock()[server].is_cut_off = is_cut_off;
        self.set_links(server);
    }

    /// Enables and disables the ends from and to a server, as both parties are connected or not.
    fn set_links(&self, server: ServerId) {
        // In both directions: a server that is connected again reaches, and hears, only those that are
        // connected as well.
        let links: Vec<(ClientEnd, bool)> = {
            let slots = self.inner.slots.lock();
            let link = |from: ServerId, to: ServerId| {
                let end = slots[from].ends.get(to)?.clone();
                Some((end, !slots[from].is_cut_off && !slots[to].is_cut_off))
            };
            (0..slots.len()).flat_map(|peer| [link(server, peer), link(peer, server)]).flatten().collect()
        };
        for (end, is_enabled) in links {
            if is_enabled {
                self.inner.network.enable(&end);
            } else {
                self.inner.network.disable(&end);
            }
        }
    }

    pub(crate) fn node(&self, server: ServerId) -> Option<NodeHandle> {
        self.inner.slots.lock()[server].node()
    }
}
