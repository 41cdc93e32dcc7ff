//! A cluster with a service on it.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use labrpc::network::{Address, ClientEnd};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread::JoinHandle;
use raft_interface::{Features, ServerId};

use super::client::Client;
use crate::client_history::ClientHistory;
use crate::cluster::{ClusterBuilder, Running};
use crate::implementation::ServicePlan;
use crate::lab::Lab;
use kvraft_interface::{Layer, Reads};
use lab_referee::Violation;
use lab_runs::settings::World;

/// A cluster with a service that has not been started yet.
#[derive(Debug)]
#[must_use = "call start()"]
pub struct KvBuilder {
    lab: Lab,
    cluster: ClusterBuilder,
    plan: ServicePlan,
    reads: Reads,
}

/// A running cluster with a service on it, and the histories of its clients.
pub struct KvCluster {
    cluster: Running,
    reads: Reads,
    clients: AtomicU32,
    client_history: Arc<ClientHistory>,
}

impl Lab {
    /// A cluster of `servers` servers with the service that is graded, to be set up and started.
    ///
    /// Skips the test if the implementation is a Raft alone.
    pub fn service(&self, servers: usize, layer: Layer) -> KvBuilder {
        if !self.implementation().has_service() {
            self.skip("a Raft without a service on it");
        }
        let plan = ServicePlan { layer, raft_state_bytes_max: None };
        KvBuilder { lab: self.clone(), cluster: self.cluster(servers), plan, reads: Reads::default() }
    }
}

impl KvBuilder {
    /// MIT's unreliable network.
    pub fn unreliable(mut self) -> Self {
        self.cluster = self.cluster.unreliable();
        self
    }

    /// Snapshots are due when the stored state of a Raft reaches this many bytes.
    pub fn snapshots_at(mut self, raft_state_bytes_max: usize) -> Self {
        self.plan.raft_state_bytes_max = Some(raft_state_bytes_max);
        self
    }

    /// The scenario can let a replica apply slowly; see [`Cluster::pace`](crate::cluster::Cluster::pace).
    pub fn paced(mut self) -> Self {
        self.cluster = self.cluster.paced();
        self
    }

    /// How the clients read, if nothing else is said of one. Skips the test if the service does not offer it.
    pub fn reads(mut self, reads: Reads) -> Self {
        self.lab.needs_reads(reads);
        self.reads = reads;
        self
    }

    /// The Rafts do this beyond Figure 2. Skips the test if they do not offer it.
    pub fn features(mut self, features: Features) -> Self {
        self.cluster = self.cluster.features(features);
        self
    }

    /// Starts all servers, connected.
    pub fn start(self) -> KvCluster {
        let layer = self.plan.layer;
        let cluster = self.cluster.service(self.plan).start();
        let client_history = Arc::default();
        cluster.lab().record().begin_service(layer, &client_history);
        KvCluster { cluster, reads: self.reads, clients: AtomicU32::new(0), client_history }
    }
}

impl Deref for KvCluster {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.cluster
    }
}

/// An operation of a service that waits for two heartbeats takes so many times as long as one that waits for none.
const SLOW_SHARE: usize = 50;

impl KvCluster {
    /// A new client, connected to all servers.
    pub fn client(&self) -> Client {
        self.client_reading(self.reads)
    }

    /// The same, which reads in this way. Skips the test if the service does not offer it.
    pub fn client_reading(&self, reads: Reads) -> Client {
        self.lab().needs_reads(reads);
        let number = self.clients.fetch_add(1, Ordering::Relaxed) + 1;
        let network = self.network();
        let ends: Vec<ClientEnd> = self
            .servers()
            .map(|server| network.make_connected_end(Address::Client(number), server as u32))
            .collect();
        let clerk = (self.lab().implementation().services().clerk)(ends.clone(), reads);
        Client {
            lab: self.lab().clone(),
            number,
            clerk,
            reads,
            client_history: Arc::clone(&self.client_history),
            ends,
        }
    }

    /// A new client that does `what` in a thread and on a node of its own.
    pub fn spawn_client<T: Send + 'static>(
        &self,
        what: impl FnOnce(Client) -> T + Send + 'static,
    ) -> (NodeHandle, JoinHandle<T>) {
        let client = self.client();
        let node = NodeHandle::new(self.lab().client_name(client.number()));
        let thread = node.spawn("client", move || what(client));
        (node, thread)
    }

    /// Lets a client do `what` in a thread and on a node of its own.
    pub fn spawn_with<T: Send + 'static>(
        &self,
        client: Client,
        what: impl FnOnce(Client) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        NodeHandle::new(self.lab().client_name(client.number())).spawn("client", move || what(client))
    }

    /// As many clients as `count` do `what` at the same time; they are told their place among them. Returns when all are done.
    pub fn clients<T: Send + 'static>(
        &self,
        count: usize,
        what: impl Fn(usize, Client) -> T + Clone + Send + 'static,
    ) -> Vec<T> {
        at_once(count, |place| {
            let what = what.clone();
            self.spawn_client(move |client| what(place, client)).1
        })
    }

    /// Submits to the counter of a server; `None` when it was refused, or the server is down.
    pub fn add(&self, server: ServerId, delta: i64) -> Option<i64> {
        self.service(server)?.add(delta)
    }

    /// The counter as a server has it.
    #[must_use]
    pub fn counter(&self, server: ServerId) -> Option<i64> {
        Some(self.service(server)?.counter())
    }

    /// Expects that no server stores more Raft state or a longer snapshot than this; [`usize::MAX`] is no limit. Who has not applied
    /// what it has stored yet, because its threads had no turn, is given two seconds for that.
    ///
    /// # Panics
    ///
    /// If one does.
    #[track_caller]
    pub fn expect_sizes(&self, raft_state_bytes_max: usize, snapshot_bytes_max: usize) {
        const APPLIED_WITHIN: Duration = Duration::from_secs(2);

        let sizes = |server| (self.raft_state_len(server), self.snapshot_len(server));
        let is_small = |(state, snapshot)| state <= raft_state_bytes_max && snapshot <= snapshot_bytes_max;
        let deadline = self.lab().now() + APPLIED_WITHIN;
        while !self.servers().all(|server| is_small(sizes(server))) && self.lab().now() < deadline {
            self.lab().sleep_ms(50);
        }
        for server in self.servers() {
            let (state, snapshot) = sizes(server);
            self.lab().expect(is_small((state, snapshot)), || {
                Violation::new(
                    format!("S{server} stores too much"),
                    limits(raft_state_bytes_max, snapshot_bytes_max),
                    format!("{state} bytes of Raft state, {snapshot} of snapshot"),
                )
                .rule("a log that has grown past the limit is replaced by a snapshot (§7)")
                .servers([server])
            });
        }
    }

    /// Fails with what the history of the clients proves, or with `otherwise` if that is nothing.
    ///
    /// # Panics
    ///
    /// Always.
    #[track_caller]
    pub fn fail_with_history(&self, otherwise: Violation) -> ! {
        fail_with_history(self.lab(), &self.client_history, otherwise)
    }

    /// How many operations the clients have been answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.client_history.count().1
    }

    /// Expects that everything the clients saw can be: that their history is linearizable. And that some operations were
    /// answered: a history of nothing proves nothing. Usual are `operations`; on a Raft that waits for heartbeats there are
    /// far fewer.
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn check(&self, operations: usize) {
        let (asked, answered) = self.client_history.count();
        // Even if the history is not linearizable: the report says how long it was.
        self.lab().set_operations(answered as u64);
        if let Err(fault) = self.client_history.judge() {
            let Some(unclear) = fault.unclear else { self.lab().fail(fault.violation) };
            self.client().look_again(unclear);
            fail_with_history(self.lab(), &self.client_history, fault.violation);
        }
        // A busy real machine may serve few, through no fault of the implementation.
        let is_simulated = self.lab().world() == World::Simulated;
        let least = if is_simulated { (operations / SLOW_SHARE).max(1) } else { 1 };
        self.lab().expect(answered >= least, || {
            Violation::new(
                "the clients were hardly served",
                format!("at least {least} operations that are answered"),
                format!("{answered} of {asked}"),
            )
            .hint("clients that do not find the leader, or a service that is stuck for long")
        });
        let why = format!(
            "the clients were answered {answered} of {asked} operations; mostly it is {operations} or more"
        );
        self.lab().expect_usual(!is_simulated || answered >= operations, &why);
    }
}

/// Fails with what a history proves, or with `otherwise` if that is nothing. The rule of the scenario stays, as it says more of
/// what was tried.
#[track_caller]
pub(super) fn fail_with_history(lab: &Lab, client_history: &ClientHistory, otherwise: Violation) -> ! {
    let Some(proved) = client_history.proved_fault() else { lab.fail(otherwise) };
    let (rule, servers) = (otherwise.rule.or(proved.rule), otherwise.servers);
    lab.fail(Violation { rule, servers, ..proved })
}

/// Starts so many threads, each by its place among them, and waits for all.
pub(crate) fn at_once<T>(count: usize, start: impl FnMut(usize) -> JoinHandle<T>) -> Vec<T> {
    // All of them before the first is waited for.
    let threads: Vec<JoinHandle<T>> = (0..count).map(start).collect();
    threads.into_iter().map(wait_for).collect()
}

/// The result of a thread of the scenario; its panic is the scenario's.
pub fn wait_for<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The same, of a thread that must end within `patience`. It is looked at every `pause_ms` milliseconds.
///
/// # Panics
///
/// With the violation if it does not end in time.
#[track_caller]
pub fn wait_within<T>(
    lab: &Lab,
    thread: JoinHandle<T>,
    patience: Duration,
    pause_ms: u64,
    late: impl Fn() -> Violation,
) -> T {
    let end = lab.now() + patience;
    // `join` has no deadline. Each look is a step of the scheduler, so the caller says how often it is worth
    // one.
    while !thread.is_finished() {
        lab.expect(lab.now() < end, &late);
        lab.sleep_ms(pause_ms);
    }
    wait_for(thread)
}

/// The thread again, if it still waits. Its panic is the scenario's.
///
/// # Panics
///
/// With the violation if it has returned, which is told what.
#[track_caller]
pub fn expect_waits<T>(
    lab: &Lab,
    thread: JoinHandle<T>,
    early: impl FnOnce(&T) -> Violation,
) -> JoinHandle<T> {
    if thread.is_finished() {
        let returned = wait_for(thread);
        lab.fail(early(&returned));
    }
    thread
}

impl fmt::Debug for KvCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cluster.fmt(f)
    }
}

/// What may be stored, for people: without the limit that is none.
fn limits(raft_state_bytes_max: usize, snapshot_bytes_max: usize) -> String {
    let limit =
        |bytes: usize, what: &str| (bytes < usize::MAX).then(|| format!("at most {bytes} bytes of {what}"));
    let limits = [limit(raft_state_bytes_max, "Raft state"), limit(snapshot_bytes_max, "snapshot")];
    limits.into_iter().flatten().collect::<Vec<_>>().join(", and ")
}
