//! How a cluster is set up and started.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::network::{Address, Happening, MessageEvent, Network, Observer};
use labrpc::sync::Arc;
use labrpc::thread;
use parking_lot::Mutex as PlainMutex;
use raft_interface::{Features, ServerId};

use super::handle::{AppliedSignal, Cluster, Inner};
use super::options::{Reading, Snapshots};
use super::slot::Slot;
use super::storage::Storage;
use crate::implementation::ServicePlan;
use crate::lab::Lab;
use crate::record::{Record, Role};
use crate::service_state::Padding;
use lab_referee::{Notice, Referee};
use lab_runs::settings::World;

/// A cluster that has not been started yet.
#[derive(Debug)]
#[must_use = "call start()"]
pub struct ClusterBuilder {
    lab: Lab,
    servers: usize,
    features: Features,
    is_on_disks: bool,
    is_unreliable: bool,
    snapshots: Snapshots,
    snapshot_padding: Padding,
    apply_capacity: Option<usize>,
    service_plan: Option<ServicePlan>,
    reading: Reading,
}

/// How often the watcher asks all servers for their state: about twice per heartbeat interval, so that two leaders who
/// believe in themselves at one time are seen.
const WATCH_INTERVAL: Duration = Duration::from_millis(50);

/// How many messages an apply channel holds whose reader never calls back.
const DELIVERED_MAX: usize = 64;

impl Lab {
    /// A cluster of `servers` servers of the implementation that is graded, to be set up and started.
    pub fn cluster(&self, servers: usize) -> ClusterBuilder {
        ClusterBuilder::new(self.clone(), servers)
    }
}

impl ClusterBuilder {
    fn new(lab: Lab, servers: usize) -> Self {
        Self {
            lab,
            servers,
            features: Features::default(),
            is_on_disks: false,
            is_unreliable: false,
            snapshots: Snapshots::Never,
            snapshot_padding: Padding::Same(0),
            apply_capacity: None,
            service_plan: None,
            reading: Reading::ToTheEnd,
        }
    }

    /// MIT's unreliable network: a request waits 0 to 26 ms; one in ten is lost, and one reply in ten.
    pub fn unreliable(mut self) -> Self {
        self.is_unreliable = true;
        self
    }

    /// The services take snapshots.
    pub fn snapshots(mut self, snapshots: Snapshots) -> Self {
        self.snapshots = snapshots;
        self
    }

    /// The servers do this beyond Figure 2. Skips the test if the implementation does not offer it.
    pub fn features(mut self, features: Features) -> Self {
        self.lab.needs_features(&features);
        self.features = features;
        self
    }

    /// Each server stores what it saves on a disk of its own, through what the implementation
    /// [opens](raft_interface::RaftServer::open_storage) there.
    pub fn on_disks(mut self) -> Self {
        self.is_on_disks = true;
        self
    }

    /// So many bytes more in each snapshot, whose 16 bytes are soon sent. They are checked when it is delivered.
    pub fn snapshot_padding(mut self, bytes: usize) -> Self {
        self.snapshot_padding = Padding::Same(bytes);
        self
    }

    /// Some snapshots have 16 bytes, some a tenth of so many more, and some all of them: who sends snapshots in pieces has more than
    /// one to send. They are checked when they are delivered.
    pub fn snapshots_up_to(mut self, bytes: usize) -> Self {
        self.snapshot_padding = Padding::UpTo(bytes);
        self
    }

    /// The apply channels hold that many messages. By default none if the services take snapshots, as in MIT's tester:
    /// a server that delivers with a lock held, and waits until its service takes it, then shows. Otherwise
    /// 64: a service that only reads never calls its server, so nobody can see the difference.
    pub fn apply_capacity(mut self, messages: usize) -> Self {
        self.apply_capacity = Some(messages);
        self
    }

    /// Something else than the harness' own service stands on the servers. As in MIT's tests of services, calls to
    /// whom cannot be reached come back soon.
    pub(crate) fn service(mut self, plan: ServicePlan) -> Self {
        self.service_plan = Some(plan);
        self
    }

    /// The services read that many messages and then no more, so that their apply channels fill up.
    pub fn stuck_after(mut self, messages: usize) -> Self {
        self.reading = Reading::UpTo(messages);
        self
    }

    /// The services look only now and then whether there is a message, so that a server mostly has to wait for them.
    pub fn slow_services(mut self) -> Self {
        self.reading = Reading::Slowly;
        self
    }

    /// The scenario can hold up what is delivered to a service; see [`Cluster::pace`].
    pub(crate) fn paced(mut self) -> Self {
        self.reading = Reading::Paced;
        self
    }

    /// Starts all servers, connected.
    pub fn start(self) -> Running {
        let network = Network::new();
        // With MIT's long delays a call to a server that is cut off hangs for seconds. A leader that waits for
        // it falls behind with all others: tests of Raft are to find that. The clerks of a service ask one
        // server after the other, and would only wait.
        if self.service_plan.is_none() {
            network.long_delays();
        }
        if self.is_unreliable {
            network.unreliable();
        }
        let has_replies = Arc::new(AtomicBool::new(false));
        let number = self.lab.record().begin_cluster(self.servers, self.features.first_configuration);
        let referee = self.attach_referee(number, &network, &has_replies);
        let storage = if self.is_on_disks { Storage::on_disk } else { Storage::default };
        let slots = (0..self.servers).map(|_| Slot { storage: storage(), ..Slot::default() }).collect();
        // A service that takes snapshots calls its server from the thread that reads the channel. If the server
        // holds a lock while it delivers, the two wait for each other at once; with room for 64 messages they
        // would do so only if 64 entries came in a row, which few tests reach.
        let calls_back = self.snapshots != Snapshots::Never || self.reading != Reading::ToTheEnd;
        let cluster = Cluster {
            inner: Arc::new(Inner {
                lab: self.lab,
                network,
                referee,
                features: self.features,
                snapshots: self.snapshots,
                snapshot_padding: self.snapshot_padding,
                apply_capacity: self.apply_capacity.unwrap_or(if calls_back { 0 } else { DELIVERED_MAX }),
                service_plan: self.service_plan,
                reading: self.reading,
                slots: PlainMutex::new(slots),
                has_replies,
                applied_signal: AppliedSignal::default(),
                over: false.into(),
            }),
        };
        for server in cluster.servers() {
            cluster.restart(server);
        }
        let watched = cluster.clone();
        // A thread of the tester's node: it goes on when a server loses its power.
        thread::spawn(move || watched.watch());
        Running { cluster }
    }

    /// The referee watches the network from the first message on.
    fn attach_referee(&self, number: u64, network: &Network, has_replies: &Arc<AtomicBool>) -> Arc<Referee> {
        let told = self.lab.clone();
        let names = self.lab.implementation().names();
        let record = Arc::clone(self.lab.record());
        let referee = Referee::new(self.servers, names, move |notice| {
            // Who leads a cluster that is gone leads nothing in this one. What it breaks is broken.
            if !matches!(notice, Notice::Leads(..)) || told.record().is_cluster(number) {
                told.on_notice(notice);
            }
        });
        let referee = match self.features.first_configuration {
            Some(first) => referee.with_configuration(first),
            None => referee,
        };
        let referee = match (self.service_plan, self.reading) {
            (Some(_), _) => referee.with_reads(),
            (None, Reading::ToTheEnd) => referee.with_told_calls().with_services(),
            (None, Reading::UpTo(_) | Reading::Slowly | Reading::Paced) => referee.with_told_calls(),
        };
        let referee = Arc::new(referee);
        let watching = Arc::clone(&referee);
        let has_replies = Arc::clone(has_replies);
        let is_read = AtomicBool::new(false);
        network.add_observer(move |event: &MessageEvent<'_>| {
            if record.is_cluster(number) {
                note_message(&record, &watching, &is_read, event);
                note_role(&record, &watching, event);
            }
            if !event.message.is_request() && event.message.size > 0 {
                has_replies.store(true, Ordering::Relaxed);
            }
            watching.observe(event);
        });
        referee
    }
}

/// That a message has come from one server to another, whatever it says. For what the referee cannot judge: it knows more where it
/// can read.
fn note_message(record: &Record, referee: &Referee, is_read: &AtomicBool, event: &MessageEvent<'_>) {
    let (Happening::Delivered, Address::Server(from), Address::Server(to)) =
        (event.what, event.message.from, event.message.to)
    else {
        return;
    };
    if !referee.reads_everything() {
        is_read.store(false, Ordering::Relaxed);
        record.note_message(from as ServerId, to as ServerId);
    } else if !is_read.swap(true, Ordering::Relaxed) {
        record.note_read();
    }
}

/// What a message tells of the role of its sender, for the report of a failure.
fn note_role(record: &Record, referee: &Referee, event: &MessageEvent<'_>) {
    let names = referee.names();
    let Address::Server(number) = event.message.from else { return };
    let sender = number as ServerId;
    match event.what {
        // When it is sent, not when it arrives: a candidate that nobody can hear stands for election all the
        // same.
        Happening::Sent => {
            if let Some(term) = names.candidacy(&event.message)
                && referee.hears_of(sender)
            {
                record.note_candidate(sender, term);
            }
        }
        Happening::Delivered => {
            // Its term is what it has stored before it answered; its service need not have asked it since.
            if let Some(term) = referee.answer_to_candidate(&event.message) {
                record.note_sent(sender, term, Role::Follower);
            }
            if let Some(term) = names.answer_to_leader(&event.message) {
                record.note_answer(sender, term);
            }
        }
        _ => {}
    }
}

impl Cluster {
    /// The watcher: asks all servers for their state now and then, so that the invariants see more than the scenario.
    fn watch(&self) {
        while !self.is_over() {
            for server in self.servers() {
                // A paused server may hold the lock that `get_state` takes. The watcher would stand still with
                // it, and see nothing of the others.
                if !self.inner.lab.record().seen(server, |seen| seen.is_paused) {
                    self.state(server);
                }
            }
            thread::sleep(WATCH_INTERVAL);
        }
    }
}

/// A cluster that is killed when this is dropped.
pub struct Running {
    cluster: Cluster,
}

impl Deref for Running {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A simulation that has failed is over, and takes its threads with it: nobody is left to be killed.
        if !thread::panicking() {
            self.cluster.finish();
        } else if self.cluster.lab().world() == World::Real {
            // Something is broken already, maybe so that kill would wait for ever.
            let cluster = self.cluster.clone();
            thread::spawn(move || cluster.finish());
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cluster.fmt(f)
    }
}
