//! Lab 2: what a student's own scenario is told of a deadlock.

use std::time::Duration;

use lab::suites::find;
use lab::{Implementation, Lab, Plan, World, run_case};
use lab_report::columns::{self, Selection};
use lab_runs::artifacts::TRACING;
use labrpc::sim::{Policy, Tracing};

/// As in `tests/course/texts/2l.md`.
fn two_orders(lab: &Lab) {
    let server = lab.locks();
    let threads = [["x", "y"], ["y", "x"]].map(|order| {
        let work = move |client: lab::single::LockClient| {
            let mut locks = order.map(|name| client.lock(name));
            for lock in &mut locks {
                lock.acquire();
                client.lab().sleep_ms(100);
            }
            locks.iter_mut().for_each(|lock| lock.release());
        };
        server.spawn(work).1
    });
    server.finish(threads.into(), Duration::from_secs(10));
}

lab::scenarios! { two_orders }

#[test]
fn two_locks_in_two_orders_are_told_as_a_deadlock() {
    let implementation = Implementation::of_locks::<kv_lock::Reference>();
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    let outcome = run_case(&SCENARIOS[0], implementation, plan);
    let report = lab_report::explain(&SCENARIOS[0], implementation, plan, &outcome);
    for line in [
        "two_orders: C1 and C2 wait for each other",
        "  seen:     C1 holds x; C2 holds y; C1 waits for y; C2 waits for x",
        "a deadlock:\n  C1 holds x and waits for y, which C2 holds\n  C2 holds y and waits for x, which C1 holds",
        "often:  two locks that are taken in two orders: take them in one",
    ] {
        assert!(report.contains(line), "{line:?} is missing in:\n{report}");
    }
}

#[test]
#[should_panic(expected = "wait for each other")]
fn scenario_of_ones_own_fails_a_test_of_cargo() {
    lab::try_scenarios(SCENARIOS, Implementation::of_locks::<kv_lock::Reference>(), 1);
}

/// What a test announces has a line when it happens, though the server is nobody's peer.
#[test]
fn lost_reply_is_seen_in_the_log() {
    let case = find("lost_reply_2k").expect("a test");
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: TRACING };
    let outcome = run_case(case, Implementation::of_single::<kv_single::Single>(), plan);
    let trace = outcome.trace.expect("it was asked for");
    let lines = columns::lines(&trace, &Selection::all(columns::servers(outcome.tally.servers)));
    let lost = lines.iter().find(|line| line.topic == "DROP").expect("it is seen");
    assert!(lost.server == Some(0) && lost.text.starts_with("-x C2"), "{lost:?}");
}
