//! Lab 2: what a student's own scenario is told of a deadlock, and what wrong servers are told.

use std::marker::PhantomData;
use std::time::Duration;

use lab::kvraft_interface::{PutError, SingleKv, Version, VersionedClerk};
use lab::suites::find;
use lab::{Implementation, Lab, Plan, World, run_case};
use lab_report::columns::{self, Selection};
use lab_runs::artifacts::TRACING;
use labrpc::network::{ClientEnd, Service};
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

/// The reference with a clerk that is wrong in some way.
struct Wrong<W>(Box<dyn VersionedClerk>, PhantomData<W>);

/// What is wrong: whatever is not written anew is the reference's.
trait Way: Send + 'static {
    fn get(clerk: &mut dyn VersionedClerk, key: &str) -> Option<(String, Version)> {
        clerk.get(key)
    }

    fn put(clerk: &mut dyn VersionedClerk, key: &str, value: &str, at: Version) -> Result<(), PutError> {
        clerk.put(key, value, at)
    }
}

impl<W: Way> SingleKv for Wrong<W> {
    fn serve() -> Service {
        kv_single::Single::serve()
    }

    fn clerk(server: ClientEnd) -> Box<dyn VersionedClerk> {
        Box::new(Self(kv_single::Single::clerk(server), PhantomData))
    }
}

impl<W: Way> VersionedClerk for Wrong<W> {
    fn get(&mut self, key: &str) -> Option<(String, Version)> {
        W::get(&mut *self.0, key)
    }

    fn put(&mut self, key: &str, value: &str, version: Version) -> Result<(), PutError> {
        W::put(&mut *self.0, key, value, version)
    }
}

/// What a test says of a store, and after how many steps of the scheduler.
fn report_of(implementation: Implementation, test: &str) -> (String, u64) {
    let case = find(test).expect("a test");
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    let outcome = run_case(case, implementation, plan);
    (lab_report::explain(case, implementation, plan, &outcome), outcome.steps)
}

#[track_caller]
fn assert_says<W: Way>(test: &str, lines: &[&str]) {
    let (report, steps) = report_of(Implementation::of_single::<Wrong<W>>(), test);
    for line in lines {
        assert!(report.contains(line), "{line:?} is missing in:\n{report}");
    }
    assert!(steps < 100_000, "the test gives up: {steps} steps");
}

/// A test that writes until a write is done gives up, and says what was refused by whom.
#[test]
fn store_that_never_writes_is_told_what_it_refuses() {
    struct NeverCreates;
    impl Way for NeverCreates {
        fn put(clerk: &mut dyn VersionedClerk, key: &str, value: &str, at: Version) -> Result<(), PutError> {
            if at == 0 { Err(PutError::NoKey) } else { clerk.put(key, value, at) }
        }
    }
    struct NeverKnows;
    impl Way for NeverKnows {
        fn put(_: &mut dyn VersionedClerk, _: &str, _: &str, _: Version) -> Result<(), PutError> {
            Err(PutError::Maybe)
        }
    }
    assert_says::<NeverCreates>(
        "late_request_2k",
        &[
            "late_request_2k: C1 cannot write k: 1000 puts, and none was done",
            "seen:     NoKey to the last of them, put(k, \"0\", version 0)",
        ],
    );
    assert_says::<NeverCreates>("repeated_requests_2k", &["NoKey"]);
    assert_says::<NeverKnows>("late_request_2k", &["Maybe to the last of them"]);
    assert_says::<NeverKnows>(
        "unreliable_net_2k",
        &[
            "C1 cannot write: 100 puts of one version, and none was done",
            "Maybe to each put(k, \"0\", version 0)",
        ],
    );
}

/// A clerk that panics has not given up: the report is of the panic. One that gives up is named, with what it was asked.
#[test]
fn client_that_returns_early_is_named_and_one_that_panics_is_told_so() {
    const GIVEN_UP: Duration = Duration::from_secs(1);
    struct Unwritten;
    impl Way for Unwritten {
        fn put(clerk: &mut dyn VersionedClerk, key: &str, value: &str, at: Version) -> Result<(), PutError> {
            if at > 0 { todo!("2K.2: ask again") } else { clerk.put(key, value, at) }
        }
    }
    struct GivesUp;
    impl Way for GivesUp {
        fn get(_: &mut dyn VersionedClerk, _: &str) -> Option<(String, Version)> {
            labrpc::thread::sleep(GIVEN_UP);
            None
        }
    }
    assert_says::<Unwritten>(
        "unreachable_server_2k",
        &[
            "unreachable_server_2k: \"2K.2: ask again\" is still to be written (at tests/tests/program/lab2.rs:",
        ],
    );
    assert_says::<GivesUp>(
        "unreachable_server_2k",
        &[
            "unreachable_server_2k: C2's get(k) has returned, and the server could not be reached",
            "seen:     the get was answered None",
        ],
    );
}

mod unseen {
    /// A thread panics, its handle is kept, and the scenario notices what came of it.
    fn consequence(lab: &lab::Lab) {
        let thread = labrpc::thread::spawn(|| panic!("the cause"));
        lab.sleep_ms(1);
        lab.fail(lab::Violation::new("what came of it", "a thread that lives", format!("{thread:?}")));
    }

    lab::scenarios! { consequence }
}

#[test]
fn panic_that_nobody_has_joined_is_told_before_what_came_of_it() {
    let implementation = Implementation::of_single::<kv_single::Single>();
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    let case = &unseen::SCENARIOS[0];
    let report = lab_report::explain(case, implementation, plan, &run_case(case, implementation, plan));
    assert!(report.contains("panicked at") && report.contains("the cause"), "{report}");
    assert!(!report.starts_with("consequence: what came of it"), "{report}");
}
