//! What a full trace costs: the same runs with and without one.
//!
//! ```text
//! cargo run -p lab --example tracing_cost
//! ```
//!
//! The target: at most three times the processor time. Where the system does not tell it (it is read from Linux' `/proc`),
//! wall time stands in for it. The fastest of several passes counts.

use std::time::Duration;

use lab::kv::Reference;
use lab::suites::find;
use lab::{Implementation, Plan, World, run_case};
use labrpc::sim::{Policy, Tracing};

/// Seeds of each test in a pass.
const SEEDS: u64 = 6;
/// Passes, of which the fastest counts.
const PASSES: usize = 3;

/// The processor time of this process so far, in hundredths of a second.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(10 * ticks))
}

fn pass(test: &str, tracing: Tracing) -> Duration {
    let case = find(test).expect("a test");
    let implementation = Implementation::of_service::<Reference<raft::Raft>>();
    let run = |seed| {
        let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing };
        run_case(case, implementation, plan).wall
    };
    let before = processor_time();
    let wall: Duration = (1..=SEEDS).map(run).sum();
    before.and_then(|before| Some(processor_time()? - before)).unwrap_or(wall)
}

fn main() {
    labrpc::logging::init_quiet();
    for test in ["many_elections_3a", "backup_3b", "figure8_unreliable_3c", "chaos_3b", "concurrent_4b"] {
        let fastest = |tracing| (0..PASSES).map(|_| pass(test, tracing)).min().unwrap_or_default();
        let (without, with) = (fastest(Tracing::Off), fastest(Tracing::Last(150_000)));
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!("{test:<24} {without:>10.2?} without, {with:>10.2?} with a full trace: {ratio:.2} times");
    }
}
