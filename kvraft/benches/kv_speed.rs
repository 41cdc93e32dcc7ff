//! Operations per second in the real world: 3 servers, a reliable network, 1, 16 and 256 clients.
//!
//! `cargo bench -p reference-kvraft` prints a table. Each client does one operation after the other; reads
//! go through the log and by ReadIndex.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kvraft::{Clerk, ClerkConfig, ClerkReads, KvServer, ReadPath, RsmConfig};
use labrpc::network::{Address, ClientEnd, Network, Server};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::{Duration, Instant};
use raft::Raft;
use raft_interface::{MemoryPersister, RaftServer};

const SERVERS: u32 = 3;
const CLIENTS: [u32; 3] = [1, 16, 256];
const MEASURED: Duration = Duration::from_secs(2);
/// Clients find the leader and open their sessions before it is measured.
const WARM_UP: Duration = Duration::from_millis(1500);

/// What clients do.
#[derive(Clone, Copy, Debug)]
enum Work {
    Put,
    GetThroughTheLog,
    GetByReadIndex,
}

fn main() {
    println!("operations per second, {SERVERS} servers, real world");
    for clients in CLIENTS {
        for work in [Work::Put, Work::GetThroughTheLog, Work::GetByReadIndex] {
            println!("{clients:>4} clients  {:<18} {:>9.0}", format!("{work:?}"), measure(clients, work));
        }
    }
}

fn measure(clients: u32, work: Work) -> f64 {
    let network = Network::new();
    let servers: Vec<KvServer<Raft>> = (0..SERVERS).map(|id| boot(&network, id)).collect();
    let done = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (1..=clients)
        .map(|number| {
            let ends =
                (0..SERVERS).map(|id| network.make_connected_end(Address::Client(number), id)).collect();
            let (done, over) = (Arc::clone(&done), Arc::clone(&over));
            thread::spawn(move || client(ends, work, number, &done, &over))
        })
        .collect();
    thread::sleep(WARM_UP);
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    thread::sleep(MEASURED);
    let rate = (done.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().expect("a client panicked"));
    servers.iter().for_each(KvServer::kill);
    network.cleanup();
    rate
}

fn boot(network: &Network, id: u32) -> KvServer<Raft> {
    let node = NodeHandle::new(format!("S{id}"));
    let ends: Vec<ClientEnd> = (0..SERVERS).map(|peer| network.make_connected_end(id, peer)).collect();
    let config = RsmConfig { raft_state_bytes_max: Some(100_000), ..RsmConfig::default() };
    let server = KvServer::<Raft>::make(ends, id as usize, Arc::new(MemoryPersister::new()), config)
        .expect("an empty persister is a good one");
    network.add_server(id, Server::new(&node).service(server.raft().service()).service(server.service()));
    server
}

fn client(ends: Vec<ClientEnd>, work: Work, number: u32, done: &AtomicU64, over: &AtomicBool) {
    let reads = match work {
        Work::Put | Work::GetThroughTheLog => ReadPath::Log,
        Work::GetByReadIndex => ReadPath::ReadIndex,
    };
    let mut clerk =
        Clerk::new(ends, ClerkConfig { reads: ClerkReads::Leader(reads), ..ClerkConfig::default() });
    let key = number.to_string();
    while !over.load(Ordering::Relaxed) {
        match work {
            Work::Put => clerk.put(&key, "value").expect("a clerk that does not give up"),
            Work::GetThroughTheLog | Work::GetByReadIndex => {
                clerk.get(&key).expect("a clerk that does not give up");
            }
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}
