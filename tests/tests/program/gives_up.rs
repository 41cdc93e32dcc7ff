//! Tests that wait for something to be done give up on code that never does it, and say what was not done.

use std::time::Duration;

use lab::kvraft_interface::{AnyLease, AnyLock, Locks, Token, VersionedClerk};
use lab::suites::find;
use lab::{Implementation, Plan, World, run_case};
use labrpc::sim::{Policy, Tracing};

use crate::stale::StaleReads;

/// What a test says, and of which moment of virtual time.
fn report_of(implementation: Implementation, test: &str) -> (String, Duration) {
    let case = find(test).expect("a test");
    let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
    let outcome = run_case(case, implementation, plan);
    (lab_report::explain(case, implementation, plan, &outcome), outcome.elapsed)
}

#[test]
fn writes_that_never_show_end_a_race_for_versions() {
    let (report, after) = report_of(Implementation::of_service::<StaleReads>(), "races_for_a_version_4b");
    assert!(report.contains(" of \"v\" again and again, and no write of it is done"), "{report}");
    assert!(after < Duration::from_secs(60), "after {after:?}");
}

/// Locks that are good, with leases that nobody gets.
struct NeverLends<const PANICS: bool>;

impl<const PANICS: bool> Locks for NeverLends<PANICS> {
    type Store = kv_single::Single;

    fn lock(clerk: Box<dyn VersionedClerk>, name: &str) -> Box<dyn AnyLock> {
        kv_lock::Reference::lock(clerk, name)
    }

    fn leases() -> bool {
        true
    }

    fn lease(_: Box<dyn VersionedClerk>, _: &str, _: Duration) -> Option<Box<dyn AnyLease>> {
        Some(Box::new(NoLease { panics: PANICS }))
    }
}

struct NoLease {
    panics: bool,
}

impl AnyLease for NoLease {
    fn acquire(&mut self) -> Token {
        assert!(!self.panics, "the lease is missing");
        loop {
            labrpc::thread::sleep(Duration::from_secs(1));
        }
    }

    fn release(&mut self) {}
}

#[test]
fn lease_that_nobody_gets_is_told_by_its_client() {
    let test = "lease_of_a_paused_client_2l";
    let (report, after) = report_of(Implementation::of_locks::<NeverLends<false>>(), test);
    assert!(report.contains("nobody has the lease, and C1 does not get it in 20s"), "{report}");
    assert!(after < Duration::from_secs(30), "after {after:?}");
    let (report, _) = report_of(Implementation::of_locks::<NeverLends<true>>(), test);
    assert!(report.contains("panicked at") && report.contains("the lease is missing"), "{report}");
}
