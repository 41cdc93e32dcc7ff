//! Commands per second of three servers on real threads: `cargo bench -p reference-raft`.
//!
//! In memory, over the reliable network, arguments and replies encoded. A plain program instead of a benchmark library,
//! because one run gives many figures: rates at the leader and at all servers, and the spread of the latency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::channel::{self, Receiver, Sender};
use labrpc::network::{Network, Server};
use labrpc::sim::NodeHandle;
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::Raft;
use raft_interface::{ApplyMsg, MemoryPersister, RaftServer};

const SERVERS: u32 = 3;
/// How long each load is kept up.
const LOAD: Duration = Duration::from_secs(2);

/// Three servers, and how far each has applied.
struct Cluster {
    network: Network,
    servers: Vec<Raft>,
    applied: Vec<Arc<AtomicU64>>,
    /// What the leader applies, for clients that wait for their command.
    told: Receiver<u64>,
}

impl Cluster {
    fn start() -> Self {
        let network = Network::new();
        let applied: Vec<_> = (0..SERVERS).map(|_| Arc::new(AtomicU64::new(0))).collect();
        let (tells, told) = channel::unbounded();
        let servers =
            (0..SERVERS).map(|me| start_server(&network, me, &applied[me as usize], &tells)).collect();
        Self { network, servers, applied, told }
    }

    fn leader(&self) -> usize {
        loop {
            if let Some(leader) = self.servers.iter().position(|server| server.get_state().1) {
                return leader;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until all servers have applied `index`, without sleeping: the wait is what is measured.
    fn wait_for_all(&self, index: u64) {
        while self.applied.iter().any(|applied| applied.load(Ordering::Acquire) < index) {
            thread::yield_now();
        }
    }

    fn stop(self) {
        self.servers.iter().for_each(RaftServer::kill);
        self.network.cleanup();
    }
}

fn start_server(network: &Network, me: u32, applied: &Arc<AtomicU64>, tells: &Sender<u64>) -> Raft {
    let node = NodeHandle::new(format!("S{me}"));
    let (apply, committed) = channel::unbounded();
    let ends = (0..SERVERS).map(|peer| network.make_connected_end(me, peer)).collect();
    let server = Raft::make(ends, me as usize, Arc::new(MemoryPersister::new()), apply);
    network.add_server(me, Server::new(&node).service(server.service()));
    let (applied, tells, raft) = (Arc::clone(applied), tells.clone(), server.clone());
    node.spawn("service", move || {
        for message in committed {
            if let ApplyMsg::Command { index, .. } = message {
                applied.store(index, Ordering::Release);
                if raft.get_state().1 {
                    // The benchmark may have ended.
                    let _ = tells.send(index);
                }
            }
        }
    });
    server
}

/// One command after the other, each when the one before is applied at the leader. Prints the rate and the latency.
fn one_at_a_time() {
    let cluster = Cluster::start();
    let leader = &cluster.servers[cluster.leader()];
    let mut latencies = Vec::new();
    let mut last = 0;
    let began = Instant::now();
    while began.elapsed() < LOAD {
        let sent = Instant::now();
        last = leader.start(Arc::from(*b"a command of some 32 bytes, here")).index;
        while cluster.told.recv().expect("the servers run") < last {}
        latencies.push(sent.elapsed());
    }
    let elapsed = began.elapsed();
    let lag = Instant::now();
    cluster.wait_for_all(last);
    latencies.sort_unstable();
    let rate = latencies.len() as f64 / elapsed.as_secs_f64();
    println!(
        "one at a time      {rate:>10.0}/s   median {:>9.1?}  p99 {:>9.1?}  all applied {:>8.1?} after the last",
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100],
        lag.elapsed()
    );
    cluster.stop();
}

/// `count` clients, each with one command under way.
fn clients(count: usize) {
    let cluster = Cluster::start();
    let leader = cluster.servers[cluster.leader()].clone();
    let began = Instant::now();
    let mut under_way = 0;
    let (mut done, mut last) = (0_u64, 0);
    while began.elapsed() < LOAD {
        while under_way < count {
            last = leader.start(Arc::from(*b"a command of some 32 bytes, here")).index;
            under_way += 1;
        }
        cluster.told.recv().expect("the servers run");
        let answered = 1 + cluster.told.try_iter().count();
        under_way -= answered;
        done += answered as u64;
    }
    let leader_rate = done as f64 / began.elapsed().as_secs_f64();
    cluster.wait_for_all(last);
    let all_rate = last as f64 / began.elapsed().as_secs_f64();
    println!(
        "{count:>4} clients       {leader_rate:>10.0}/s at the leader   {all_rate:>10.0}/s at all servers"
    );
    cluster.stop();
}

/// Many commands at once: the best and the median of several bursts.
fn burst(commands: u64) {
    let cluster = Cluster::start();
    let leader = cluster.servers[cluster.leader()].clone();
    let command: Arc<[u8]> = Arc::from(*b"a command of some 32 bytes, here");
    let mut rates: Vec<(f64, f64)> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let mut last = 0;
            for _ in 0..commands {
                last = leader.start(Arc::clone(&command)).index;
            }
            while cluster.told.recv().expect("the servers run") < last {}
            let at_leader = commands as f64 / began.elapsed().as_secs_f64();
            cluster.wait_for_all(last);
            (at_leader, commands as f64 / began.elapsed().as_secs_f64())
        })
        .collect();
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (median, best) = (rates[rates.len() / 2], rates[rates.len() - 1]);
    println!(
        "burst of {commands:>5}     {:>10.0}/s at the leader   {:>10.0}/s at all   best {:.0}/s and {:.0}/s",
        median.0, median.1, best.0, best.1
    );
    cluster.stop();
}

fn main() {
    println!("3 servers, real threads, in memory, encoded messages, commands of 32 bytes");
    one_at_a_time();
    for count in [1, 16, 256] {
        clients(count);
    }
    burst(5_000);
}
