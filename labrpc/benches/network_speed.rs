//! Calls per second, in both worlds. Prints; asserts nothing about time.
//!
//! `cargo bench -p labrpc --bench network_speed`

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use labrpc::network::{Address, ClientEnd, MessageEvent, Network, Server, Service};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::thread;
use serde::{Deserialize, Serialize};

/// 64 bytes in encoded form: 4 fixed numbers and 58 or so bytes of text.
#[derive(Serialize, Deserialize)]
struct Args {
    term: u64,
    text: String,
}

const CALLS: u64 = 300_000;

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

/// Processor time of this process so far, where the system tells: on a busy machine it says more than real time.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

fn measure(what: &str, run: impl Fn() -> Duration) {
    for _ in 0..3 {
        let before = processor_time();
        let took = run();
        let busy = processor_time().zip(before).map(|(after, before)| after - before);
        let busy = busy.map_or(String::new(), |busy| {
            format!(", {:.2} us of processor time each", busy.as_secs_f64() * 1e6 / CALLS as f64)
        });
        println!("{what:32} {:>9.0} calls/s{busy}", CALLS as f64 / took.as_secs_f64());
    }
}

fn simulated(callers: u32, prepare: impl Fn(&Network) + Copy + Send + 'static) -> Duration {
    let run = move || {
        let network = echo();
        prepare(&network);
        concurrently(&network, callers, CALLS)
    };
    Sim::new(1).run(run).unwrap().0
}

fn main() {
    assert_eq!(labrpc::wire::encode(&args()).unwrap().len(), 64);
    let only = std::env::args().nth(1).unwrap_or_default();
    let wanted = |what: &str| what.contains(&only);
    for callers in [1, 16] {
        let what = format!("simulated, callers: {callers}");
        if wanted(&what) {
            measure(&what, || simulated(callers, |_| {}));
        }
    }
    if wanted("simulated, observed") {
        let observe = |network: &Network| {
            let sum = AtomicU64::new(0);
            network.add_observer(move |event: &MessageEvent<'_>| {
                sum.fetch_add(event.message.int_of("term").unwrap_or(0) as u64, Ordering::Relaxed);
            });
        };
        measure("simulated, observed", || simulated(1, observe));
    }
    for callers in [1, 2, 16] {
        let what = format!("real, callers: {callers}");
        if wanted(&what) {
            measure(&what, || concurrently(&echo(), callers, CALLS));
        }
    }
}
