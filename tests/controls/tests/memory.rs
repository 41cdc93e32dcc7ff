//! The controls keep no memory of heartbeats. In a process of its own, with nothing beside it: what is measured is the process' heap.

use lab_harness::run::run_case;
use lab_report as report;
use lab_runs::Plan;
use lab_runs::settings::World;
use labrpc::sim::{Policy, Tracing};

#[test]
fn memory_of_idle_controls_does_not_grow() {
    let case = lab_suites::find("memory_of_an_idle_life_3b").expect("a test of the lab");
    for (name, implementation) in controls::all() {
        let plan = Plan { world: World::Simulated, seed: 1, policy: Policy::Random, tracing: Tracing::Off };
        let outcome = run_case(case, implementation, plan);
        let failure = outcome.failure.as_deref().map(report::headline);
        assert!(failure.is_none(), "{name}: {failure:?}");
        if cfg!(all(target_os = "linux", target_env = "gnu")) {
            assert_eq!(outcome.skipped, None, "{name}");
        }
    }
}
