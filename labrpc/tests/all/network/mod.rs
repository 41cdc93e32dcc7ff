//! The network: what its tests share.

mod faults;
mod mit;
mod plain;
mod servers;
mod wire;

use std::time::Duration;

use labrpc::network::{Address, ClientEnd, Network, Server, Service};
use labrpc::sim::{NodeHandle, Sim};

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
