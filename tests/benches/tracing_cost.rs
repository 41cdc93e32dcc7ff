//! What a full trace costs: the same runs with and without one.
//!
//! ```text
//! cargo bench -p reference-lab              # all tests
//! cargo bench -p reference-lab -- backup_3b
//! ```
//!
//! The target: at most three times the processor time. Each test is run with and without, in turn, and the medians are
//! compared, because the speed of a machine changes from second to second.

use std::time::Duration;

use kvraft::Reference;
use lab::suites::{TESTS, find};
use lab::{Implementation, Plan, World, run_case};
use lab_harness::case::TestCase;
use labrpc::sim::{Policy, Tracing};
use rustix::time::{ClockId, clock_gettime};

/// Pairs of passes.
const PAIRS: usize = 5;
/// A pass runs so many seeds that it takes about that long.
const PASS: Duration = Duration::from_millis(20);
/// As many events as the report of a failure keeps.
const TRACED: Tracing = Tracing::Last(150_000);

/// The processor time that this process has used so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

fn pass(case: &'static TestCase, seeds: u64, tracing: Tracing) -> Duration {
    let implementation = Implementation::of_service::<Reference<raft::Raft>>();
    let before = processor_time();
    for seed in 1..=seeds {
        let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing };
        let _ = run_case(case, implementation, plan);
    }
    (processor_time() - before) / u32::try_from(seeds).expect("few seeds")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The processor time of a run without and with a full trace.
fn cost(case: &'static TestCase) -> (Duration, Duration) {
    let once = pass(case, 1, Tracing::Off).max(Duration::from_micros(1));
    let seeds = PASS.div_duration_f64(once).clamp(1.0, 50.0) as u64;
    let pairs = (0..PAIRS).map(|_| (pass(case, seeds, Tracing::Off), pass(case, seeds, TRACED)));
    let (without, with) = pairs.unzip();
    (median(without), median(with))
}

fn main() {
    labrpc::logging::init_quiet();
    let named: Vec<String> = std::env::args().skip(1).collect();
    let cases: Vec<&TestCase> = if named.is_empty() {
        TESTS.iter().collect()
    } else {
        named.iter().map(|name| find(name).unwrap_or_else(|| panic!("there is no test {name}"))).collect()
    };
    let (mut without_all, mut with_all) = (Duration::ZERO, Duration::ZERO);
    for case in cases {
        let (without, with) = cost(case);
        (without_all, with_all) = (without_all + without, with_all + with);
        print(case.name, without, with);
    }
    print("all", without_all, with_all);
}

fn print(name: &str, without: Duration, with: Duration) {
    let ratio = with.div_duration_f64(without);
    println!("{ratio:>5.2} times  {without:>9.2?} without, {with:>9.2?} with a full trace  {name}");
}
