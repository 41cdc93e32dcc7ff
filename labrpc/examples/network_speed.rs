//! Calls per second, in both worlds. Prints; asserts nothing about time.
//!
//! `cargo run --release -p labrpc --example network_speed`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use labrpc::network::{Address, ClientEnd, Network, Server, Service};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::thread;
use serde::{Deserialize, Serialize};

/// 64 bytes in encoded form: 4 fixed numbers and 58 or so bytes of text.
#[derive(Serialize, Deserialize)]
struct Args {
    term: u64,
    text: String,
}

const CALLS: u64 = 500_000;

fn args() -> Args {
    Args { term: 7, text: "x".repeat(62) }
}

fn echo() -> Network {
    let network = Network::new();
    let service = Service::new("Echo").method("Term", |args: Args| args.term);
    network.add_server(0, Server::new(&NodeHandle::new("S0")).service(service));
    network
}

fn call_repeatedly(end: &ClientEnd, calls: u64) {
    let args = args();
    for _ in 0..calls {
        assert_eq!(end.call::<_, u64>("Echo.Term", &args), Some(7));
    }
}

fn concurrently(network: &Network, callers: u32, calls: u64) -> Duration {
    let ends: Vec<ClientEnd> =
        (0..callers).map(|caller| network.make_connected_end(Address::Client(caller), 0)).collect();
    let start = now();
    let threads: Vec<_> = ends
        .into_iter()
        .map(|end| thread::spawn(move || call_repeatedly(&end, calls / u64::from(callers))))
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    start.elapsed()
}

#[allow(clippy::disallowed_methods, reason = "real time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

fn show(what: &str, calls: u64, took: Duration) {
    println!("{what:40} {:>10.0} calls/s", calls as f64 / took.as_secs_f64());
}

fn main() {
    assert_eq!(labrpc::wire::encode(&args()).unwrap().len(), 64);
    for _ in 0..3 {
        let (took, _) = Sim::new(1).run(|| concurrently(&echo(), 1, CALLS)).unwrap();
        show("simulated, 1 caller", CALLS, took);
    }
    let (took, _) = Sim::new(1).run(|| concurrently(&echo(), 16, CALLS)).unwrap();
    show("simulated, 16 callers", CALLS, took);
    let (took, _) = Sim::new(1)
        .run(|| {
            let network = echo();
            let seen = std::sync::Arc::new(AtomicU64::new(0));
            let sum = seen.clone();
            network.add_observer(move |event: &labrpc::network::MessageEvent<'_>| {
                let term = event.message.int_of("term").unwrap_or(0);
                sum.fetch_add(term as u64, Ordering::Relaxed);
            });
            let took = concurrently(&network, 1, CALLS);
            assert!(seen.load(Ordering::Relaxed) > 0);
            took
        })
        .unwrap();
    show("simulated, 1 caller, observed", CALLS, took);
    for callers in [1, 1, 2, 16, 16] {
        let network = echo();
        let took = concurrently(&network, callers, CALLS);
        show(&format!("real, {callers} callers ({} threads)", network.threads()), CALLS, took);
    }
}
