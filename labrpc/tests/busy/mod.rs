//! A program that uses everything at once: hundreds of threads, every primitive, the network with every kind of fault,
//! crashes, pauses and drifting clocks. Its fingerprints stand for the determinism of the whole crate.

use std::time::Duration;

use labrpc::network::{Address, ClientEnd, Network, Server, Service};
use labrpc::rand::{self, RngExt as _};
use labrpc::sim::NodeHandle;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use labrpc::{channel, thread};

const SERVERS: u32 = 5;

/// What the threads of one server share.
#[derive(Default)]
struct Shared {
    counter: Mutex<u64>,
    changed: Condvar,
    table: RwLock<Vec<u64>>,
    calls: AtomicU64,
    name: OnceLock<String>,
}

/// Runs the program; the result depends on nothing but the seed.
pub(crate) fn program() -> u64 {
    let network = Network::new();
    network.unreliable();
    network.long_reordering();
    let nodes: Vec<NodeHandle> = (0..SERVERS).map(|server| start_server(&network, server)).collect();
    let sum = Arc::new(AtomicU64::new(0));
    let (results, collected) = channel::unbounded();
    for client in 0..20 {
        let ends =
            (0..SERVERS).map(|server| network.make_connected_end(Address::Client(client), server)).collect();
        let (results, sum) = (results.clone(), Arc::clone(&sum));
        thread::spawn(move || results.send(run_client(ends, &sum)).expect("the collector lives"));
    }
    drop(results);
    disturb(&network, &nodes);
    local_primitives() + collected.iter().sum::<u64>() + sum.load(Ordering::SeqCst)
}

/// A server with a handler and ten threads that contend for what they share.
fn start_server(network: &Network, server: u32) -> NodeHandle {
    let node = NodeHandle::new(format!("S{server}"));
    let shared = Arc::new(Shared::default());
    let handled = Arc::clone(&shared);
    let service = Service::new("Busy").method("Add", move |amount: u64| {
        handled.calls.fetch_add(1, Ordering::SeqCst);
        let mut counter = handled.counter.lock();
        *counter += amount;
        handled.changed.notify_one();
        *counter
    });
    network.add_server(server, Server::new(&node).service(service));
    for number in 0..10 {
        let shared = Arc::clone(&shared);
        node.spawn(&format!("worker-{number}"), move || {
            loop {
                let mut counter = shared.counter.lock();
                let _ = shared
                    .changed
                    .wait_for(&mut counter, Duration::from_millis(rand::rng().random_range(1..200)));
                let count = *counter;
                drop(counter);
                shared.name.get_or_init(|| format!("first counted {count}"));
                if shared.table.read().len() < 100 {
                    shared.table.write().push(count);
                }
            }
        });
    }
    node
}

/// Thirty calls to servers drawn at random; returns how many were answered.
fn run_client(ends: Vec<ClientEnd>, sum: &AtomicU64) -> u64 {
    (0..30)
        .filter(|_| {
            let end = &ends[rand::rng().random_range(0..ends.len() as u32) as usize];
            let reply: Option<u64> = end.call("Busy.Add", &rand::rng().random_range(1..10_u64));
            sum.fetch_add(reply.unwrap_or_default(), Ordering::SeqCst);
            reply.is_some()
        })
        .count() as u64
}

/// Crashes, pauses, drift.
fn disturb(network: &Network, nodes: &[NodeHandle]) {
    for round in 0..20_u32 {
        thread::sleep(Duration::from_millis(rand::rng().random_range(1..100)));
        let node = &nodes[(round % SERVERS) as usize];
        match round % 4 {
            0 => node.set_clock_rate(rand::rng().random_range(900_000..1_100_000)),
            1 => node.pause(),
            2 => nodes[((round - 1) % SERVERS) as usize].resume(),
            _ if round == 11 => {
                network.delete_server(round % SERVERS);
                node.crash()
            }
            _ => node.resume(),
        };
    }
}

/// A barrier, scoped threads, a rendezvous channel, a select and parking.
fn local_primitives() -> u64 {
    let barrier = Arc::new(Barrier::new(3));
    let mut counts = [0_u64; 3];
    thread::scope(|scope| {
        for count in &mut counts {
            let barrier = Arc::clone(&barrier);
            scope.spawn(move || *count += 1 + u64::from(barrier.wait().is_leader()));
        }
    });
    let (sender, receiver) = channel::bounded(0);
    let parked = thread::spawn(thread::park);
    parked.thread().unpark();
    parked.join().unwrap();
    thread::spawn(move || (0..10_u64).try_for_each(|number| sender.send(number)));
    let ticks = channel::tick(Duration::from_micros(3));
    let mut received = 0;
    loop {
        channel::select! {
            recv(receiver) -> number => match number {
                Ok(number) => received += number,
                Err(_) => break counts.iter().sum::<u64>() + received,
            },
            recv(ticks) -> _ => received += 1_000,
        }
    }
}
