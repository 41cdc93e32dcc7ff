//! Servers that panic when their power fails, on real threads, which cannot be stopped: in a simulation they would have ended.

use lab::suites::find;
use lab::{Implementation, Outcome, Plan, World, run_case};
use labrpc::sim::{Policy, Tracing};

use crate::disks::{On, Unwraps};
use crate::wrong::{Panics, Wrong};

fn run(test: &str, implementation: Implementation) -> Outcome {
    let plan = Plan { world: World::Real, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    run_case(find(test).expect("a test"), implementation, plan)
}

#[test]
fn panic_of_a_server_whose_power_has_failed_is_none() {
    // Whatever saves may panic: handlers, threads of the server's own, calls of its service. In a cluster, and on the bench.
    let tests = ["crash_at_every_save_3c", "power_fails_while_a_snapshot_is_taken_3d"];
    let run = |test| labrpc::thread::spawn(move || (test, run(test, Implementation::of::<On<Unwraps>>())));
    for thread in tests.map(run) {
        let (test, outcome) = thread.join().expect("a run");
        assert!(outcome.failure.is_none() && outcome.skipped.is_none(), "{test}: {outcome:?}");
    }
}

#[test]
fn panic_of_a_living_server_is_the_failure() {
    let outcome = run("initial_election_3a", Implementation::of::<Wrong<Panics>>());
    let violation = outcome.failure.and_then(|failure| failure.violation).expect("a violation");
    assert!(violation.is_panic, "{violation:?}");
}
