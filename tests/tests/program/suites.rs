//! The suites themselves: that the macros and the table name the same tests, and that a wrong Raft fails with words.

use super::wrong::{AlwaysLeader, Wrong};
use lab::suites::{TESTS, find};
use lab::{Implementation, Part, Plan, World, run_case};
use labrpc::sim::{Policy, Tracing};
use raft::Raft;

/// No part is missing in the table of all, which `cargo lab` grades, or among the macros, which `cargo test` runs.
#[test]
fn macros_and_table_name_the_same_tests() {
    let wrapped = [
        lab::suite_2k!(@names).as_slice(),
        lab::suite_2l!(@names).as_slice(),
        lab::suite_3a!(@names).as_slice(),
        lab::suite_3b!(@names).as_slice(),
        lab::suite_3c!(@names).as_slice(),
        lab::suite_3d!(@names).as_slice(),
        lab::suite_4a!(@names).as_slice(),
        lab::suite_4b!(@names).as_slice(),
        lab::suite_4c!(@names).as_slice(),
        lab::suite_e1!(@names).as_slice(),
        lab::suite_e2!(@names).as_slice(),
        lab::suite_e3!(@names).as_slice(),
        lab::suite_e4!(@names).as_slice(),
        lab::suite_e5!(@names).as_slice(),
        lab::suite_e6!(@names).as_slice(),
        lab::suite_e7!(@names).as_slice(),
    ]
    .concat();
    let listed: Vec<&str> = TESTS.iter().map(|case| case.name).collect();
    assert_eq!(wrapped, listed);
    for case in TESTS {
        let part = case.name.rsplit('_').next().expect("a name").parse::<Part>();
        assert_eq!(part, Ok(case.part), "{}", case.name);
    }
}

fn plan(seed: u64) -> Plan {
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off }
}

/// The same seed is the same run, and another seed is another.
#[test]
fn seed_replays() {
    let case = find("elections_in_chaos_3a").expect("a test");
    let run = |seed| run_case(case, Implementation::of::<Raft>(), plan(seed)).fingerprint;
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

/// A report names the rule, what was expected and seen, the servers and the way to replay it, and is not too long.
#[test]
fn wrong_raft_fails_with_a_report() {
    let case = find("initial_election_3a").expect("a test");
    let implementation = Implementation::of::<Wrong<AlwaysLeader>>();
    let outcome = run_case(case, implementation, plan(1));
    let report = lab_report::explain(case, implementation, plan(1), &outcome);
    for part in [
        "initial_election_3a: two leaders in term 1: S0 and S1",
        "Election Safety",
        "expected:",
        "seen:",
        "servers, as last seen:",
        "replay: cargo lab replay initial_election_3a 0x1",
        "trace:",
    ] {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
    assert!(report.chars().count() <= 2000, "{} characters:\n{report}", report.chars().count());
    let directory = lab_runs::artifacts::directory(case.name, 1);
    for file in ["report.md", "run.json", "trace.jsonl", "log.txt", "timeline.html"] {
        let text = std::fs::read_to_string(directory.join(file)).expect(file);
        assert!(!text.is_empty(), "{file}");
    }
}

/// The panic of a grading test is the report, once.
#[test]
fn failing_test_panics_with_its_report() {
    let panic = std::panic::catch_unwind(|| {
        let path = concat!(module_path!(), "::failing_test_panics_with_its_report");
        lab::grade_test(path, "initial_election_3a", Implementation::of::<Wrong<AlwaysLeader>>())
    })
    .expect_err("it fails");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert_eq!(text.matches("two leaders in term").count(), 1, "{text}");
}
