//! The network: what its tests share.

mod faults;
mod mistakes;
mod mit;
mod observers;
mod plain;
mod servers;
mod threads;
mod wire;

use std::time::Duration;

use labrpc::network::{Address, ClientEnd, Network, Server, Service};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;
use labrpc::time::Instant;

/// Runs the same body in simulations of several seeds, and once in the real world.
fn in_both_worlds(body: impl Fn() + Copy + Send + 'static) {
    in_simulations(10, body);
    body();
}

/// Runs the body in simulations of this many seeds.
fn in_simulations(seeds: u64, body: impl Fn() + Copy + Send + 'static) {
    for seed in 0..seeds {
        if let Err(failure) = Sim::new(seed).run(body) {
            panic!("{failure}");
        }
    }
}

/// A server on a node of its own.
fn add_server(network: &Network, number: u32, service: Service) -> NodeHandle {
    let node = NodeHandle::new(format!("S{number}"));
    network.add_server(number, Server::new(&node).service(service));
    node
}

/// An end of the tester's, ready for calls.
fn tester_end(network: &Network, server: u32) -> ClientEnd {
    network.make_connected_end(Address::TESTER, server)
}

/// A service that returns what it is given.
fn echo() -> Service {
    Service::new("Echo").method("Int", |int: u64| int)
}

/// Milliseconds.
const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A service whose handler takes a while, and counts how often it has run to its end.
fn slow(takes: Duration) -> (Service, Arc<AtomicU64>) {
    let done = Arc::new(AtomicU64::new(0));
    let count = done.clone();
    let service = Service::new("Slow").method("Int", move |int: u64| {
        thread::sleep(takes);
        count.fetch_add(1, Ordering::SeqCst);
        int
    });
    (service, done)
}

/// Calls a slow server in a thread of its own; returns the reply and how long it took.
fn call_aside(end: &ClientEnd) -> thread::JoinHandle<(Option<u64>, Duration)> {
    let end = end.clone();
    thread::spawn(move || {
        let start = Instant::now();
        (end.call("Slow.Int", &5_u64), start.elapsed())
    })
}
