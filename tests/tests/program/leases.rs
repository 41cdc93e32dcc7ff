//! Leases on clocks that are worse than was promised: the one thing in Raft whose safety depends on time (thesis §6.4.1).

use lab::suites::{find, part_e5};
use lab::{Implementation, Plan, TestCase, World, run_case};
use labrpc::sim::{Policy, Tracing};
use raft::Raft;

const SEEDS: u64 = 10;

/// The first words of what came of each run of this scenario.
fn headlines(body: fn(&lab::Lab)) -> Vec<Option<String>> {
    let case = TestCase { body, ..*find("lease_within_the_clock_error_e5").expect("a test") };
    let run = |seed| {
        let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off };
        let outcome = run_case(&case, Implementation::of::<Raft>(), plan);
        outcome.failure.map(|failure| lab_report::headline(&failure))
    };
    (1..=SEEDS).map(run).collect()
}

/// The leader's clock runs at half its rate and the others' half as fast again, far beyond what the leases allow for: a correct Raft
/// gives stale reads, and the lab sees them. So the tests of leases do find a lease that is too long.
#[test]
fn clocks_beyond_the_bound_are_caught() {
    let found = headlines(|lab| part_e5::leases::reads_while_cut_off(lab, 500_000));
    assert!(found.iter().flatten().count() >= 5, "{found:?}");
    assert!(found.iter().flatten().all(|headline| headline.contains("a stale read on S")), "{found:?}");
}

/// The same scenario with clocks that are as good as promised.
#[test]
fn clocks_within_the_bound_are_no_fault() {
    let found = headlines(|lab| part_e5::leases::reads_while_cut_off(lab, 10_000));
    assert!(found.iter().all(Option::is_none), "{found:?}");
}
