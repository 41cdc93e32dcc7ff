//! How long three servers do nothing for their clients while the configuration changes: `cargo bench -p reference-raft --bench
//! membership`.
//!
//! On real threads, in memory, over the reliable network, arguments and replies encoded, under the load of a client that has a few
//! commands under way. Of each change the longest time is taken in which nothing was committed, from the call to a while after the
//! end; beside it stands that of a stretch as long without a change, which is what the machine does. The aim is 100 ms: an
//! election without a hint takes at least 400 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrpc::channel;
use labrpc::network::{Network, Server};
use labrpc::sim::NodeHandle;
use labrpc::sync::Mutex;
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::{Config, Raft};
use raft_interface::{
    ApplyMsg, Change, Configuration, Features, MemoryPersister, OwnEntry, RaftServer, ServerId, Servers,
};

/// All servers, of which the first three vote at first.
const SERVERS: usize = 6;
/// How many commands the client has under way.
const UNDER_WAY: u64 = 16;
/// How often each change is tried, each time with a new cluster.
const RUNS: usize = 9;
/// How long the load is watched before a change, and after its end: longer than an election takes.
const WATCH: Duration = Duration::from_millis(1200);
/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at the cluster, for those who wait.
const PAUSE: Duration = Duration::from_millis(1);
/// Between two looks of the client, which is the load.
const CLIENT_PAUSE: Duration = Duration::from_micros(200);

/// What the services have seen.
struct Seen {
    /// The highest index that any server has applied.
    applied: u64,
    /// When that was.
    at: Instant,
    /// The longest time in which nothing was committed, since somebody asked.
    gap: Duration,
    /// The last configuration that was committed, and where.
    configuration: (u64, Configuration),
}

impl Seen {
    /// An entry was applied for the first time, and it is a command or something of Raft's own.
    fn applies(&mut self, index: u64, is_command: bool) {
        if index <= self.applied {
            return;
        }
        self.applied = index;
        if is_command {
            self.gap = self.gap.max(self.at.elapsed());
            self.at = Instant::now();
        }
    }
}

struct Cluster {
    network: Network,
    servers: Vec<Raft>,
    seen: Arc<Mutex<Seen>>,
    is_over: Arc<AtomicBool>,
    client: Option<thread::JoinHandle<()>>,
}

impl Cluster {
    /// Three servers that vote and a client at work.
    fn start() -> Self {
        let first = Configuration::of(Servers::first(3));
        let network = Network::new();
        let seen = Seen { applied: 0, at: Instant::now(), gap: Duration::ZERO, configuration: (0, first) };
        let seen = Arc::new(Mutex::new(seen));
        let servers: Vec<_> = (0..SERVERS).map(|me| start_server(&network, me, first, &seen)).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let client = Some(start_client(servers.clone(), Arc::clone(&seen), Arc::clone(&is_over)));
        Self { network, servers, seen, is_over, client }
    }

    fn leader(&self) -> Option<ServerId> {
        self.servers.iter().position(|server| server.get_state().1)
    }

    /// The longest time without a commit while the load is watched for so long.
    fn gap_in(&self, watch: Duration) -> Duration {
        self.forget();
        thread::sleep(watch);
        self.gap()
    }

    /// Whatever was, a gap begins now.
    fn forget(&self) {
        let mut seen = self.seen.lock();
        (seen.gap, seen.at) = (Duration::ZERO, Instant::now());
    }

    /// The longest time without a commit, the one that has not ended among them.
    fn gap(&self) -> Duration {
        let seen = self.seen.lock();
        seen.gap.max(seen.at.elapsed())
    }

    /// Makes a change and waits until it is committed, all of it.
    fn change(&self, change: impl Fn(ServerId) -> Change, is_done: impl Fn(&Configuration) -> bool) {
        let begun = Instant::now();
        let mut last = None;
        while begun.elapsed() < PATIENCE {
            let (_, configuration) = self.seen.lock().configuration;
            if is_done(&configuration) {
                return;
            }
            // What the leader refuses for now is asked for again. What it has taken is not: it may step down before the answer
            // is looked at.
            if !matches!(last, Some(Ok(_)))
                && let Some(leader) = self.leader()
            {
                last = Some(self.servers[leader].change_configuration(change(leader)));
            }
            thread::sleep(PAUSE);
        }
        panic!("the change does not come about: {last:?}, {:?}", self.seen.lock().configuration);
    }

    /// Lets these servers learn everything, so that they can vote afterwards.
    fn learn(&self, servers: &[ServerId]) {
        for &server in servers {
            self.change(|_| Change::AddLearner(server), |now| now.learners.contains(server));
        }
    }

    fn stop(mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.client.take().expect("it runs").join().expect("the client ends");
        self.servers.iter().for_each(RaftServer::kill);
        self.network.cleanup();
    }
}

fn start_server(network: &Network, me: ServerId, first: Configuration, seen: &Arc<Mutex<Seen>>) -> Raft {
    let node = NodeHandle::new(format!("S{me}"));
    let (apply, committed) = channel::unbounded();
    let ends = (0..SERVERS).map(|peer| network.make_connected_end(me as u32, peer as u32)).collect();
    let config = Config { features: Features::beginning_with(first), ..Config::default() };
    let server =
        Raft::make_with(config, ends, me, Arc::new(MemoryPersister::new()), apply).expect("a fresh server");
    network.add_server(me as u32, Server::new(&node).service(server.service()));
    let seen = Arc::clone(seen);
    node.spawn("service", move || {
        for message in committed {
            let mut seen = seen.lock();
            match message {
                ApplyMsg::Command { index, .. } => seen.applies(index, true),
                ApplyMsg::Own { index, entry, .. } => {
                    if let OwnEntry::Configuration(configuration) = entry
                        && index > seen.configuration.0
                    {
                        seen.configuration = (index, configuration);
                    }
                    seen.applies(index, false);
                }
                ApplyMsg::Snapshot { .. } => unreachable!("nobody takes snapshots"),
            }
        }
    });
    server
}

/// Gives commands to whoever leads, a few at a time.
fn start_client(
    servers: Vec<Raft>,
    seen: Arc<Mutex<Seen>>,
    is_over: Arc<AtomicBool>,
) -> thread::JoinHandle<()> {
    let command: Arc<[u8]> = Arc::from(*b"a command of some 32 bytes, here");
    thread::spawn(move || {
        let mut leader = 0;
        while !is_over.load(Ordering::Relaxed) {
            let started = servers[leader].start(Arc::clone(&command));
            if !started.is_leader {
                leader = (leader + 1) % SERVERS;
                // Once around, and nobody leads: not a loop that takes the time which an election needs.
                if leader == 0 {
                    thread::sleep(CLIENT_PAUSE);
                }
                continue;
            }
            // A leader that is one no more commits nothing: then the next one is looked for.
            while started.index >= seen.lock().applied + UNDER_WAY
                && servers[leader].get_state() == (started.term, true)
            {
                thread::sleep(CLIENT_PAUSE);
            }
        }
    })
}

/// What is measured: who learns before, and the change.
struct Row {
    name: &'static str,
    learners: &'static [ServerId],
    /// Given who leads.
    change: fn(ServerId) -> Change,
    is_done: fn(&Configuration) -> bool,
}

const ROWS: [Row; 6] = [
    Row {
        name: "a learner comes",
        learners: &[],
        change: |_| Change::AddLearner(3),
        is_done: |now| now.learners.contains(3),
    },
    Row {
        name: "a voter comes",
        learners: &[3],
        change: |_| Change::Promote(3),
        is_done: |now| now.voters.contains(3),
    },
    Row {
        name: "a voter goes",
        learners: &[],
        change: |leader| Change::Remove((leader + 1) % 3),
        is_done: |now| now.voters.len() == 2,
    },
    Row {
        name: "the leader goes",
        learners: &[],
        change: Change::Remove,
        is_done: |now| now.voters.len() == 2,
    },
    Row {
        name: "two come (joint)",
        learners: &[3, 4],
        change: |_| Change::Voters(Servers::first(5)),
        is_done: |now| now.incoming.is_none() && now.voters == Servers::first(5),
    },
    Row {
        name: "all are replaced",
        learners: &[3, 4, 5],
        change: |_| Change::Voters([3, 4, 5].into_iter().collect()),
        is_done: |now| now.incoming.is_none() && now.voters == [3, 4, 5].into_iter().collect(),
    },
];

fn measure(row: &Row) {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let cluster = Cluster::start();
        cluster.change(|_| Change::AddLearner(5), |now| now.learners.contains(5)); // a leader works
        cluster.learn(row.learners);
        without.push(cluster.gap_in(WATCH));
        cluster.forget();
        cluster.change(row.change, row.is_done);
        thread::sleep(WATCH);
        with.push(cluster.gap());
        cluster.stop();
    }
    without.sort_unstable();
    with.sort_unstable();
    println!(
        "{:<18} nothing committed for {:>8.1?} (median), {:>8.1?} at most; without a change {:>8.1?}, {:>8.1?}",
        row.name,
        with[RUNS / 2],
        with[RUNS - 1],
        without[RUNS / 2],
        without[RUNS - 1],
    );
}

fn main() {
    println!(
        "3 of {SERVERS} servers vote, real threads, in memory, encoded messages, {UNDER_WAY} commands under way"
    );
    ROWS.iter().for_each(measure);
}
