//! What a student reads for each kind of failure, from small implementations that are wrong on purpose.
//!
//! The reports stand beside this file, in `reports/`. `UPDATE_EXPECT=1 cargo test -p reference-lab --test program reports`
//! writes them anew; read them before you commit them. Digits of times and line numbers are `#` there.

use std::sync::atomic::{AtomicBool, Ordering};

use super::stale::StaleReads;
use super::wrong::{
    AlwaysLeader, Deadlocks, Fault, HoldsLock, Idle, ManyDeadlocks, Nondeterministic, Panics, Polls,
    RealThreads, Wrong,
};
use expect_test::expect_file;
use lab::suites::find;
use lab::{Implementation, Lab, Origin, Part, Plan, TestCase, World, run_case};
use lab_report::REPORT_MAX;
use lab_runs::artifacts;
use labrpc::sim::{Policy, Tracing};
use labrpc::thread;
use labrpc::time::Duration;

fn plan(seed: u64) -> Plan {
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off }
}

fn wrong<F: Fault>() -> Implementation {
    Implementation::of::<Wrong<F>>()
}

fn report_of(case: &TestCase, implementation: Implementation, seed: u64) -> String {
    let outcome = run_case(case, implementation, plan(seed));
    let report = lab_report::explain(case, implementation, plan(seed), &outcome);
    let file = artifacts::directory(case.name, seed).join("report.md");
    let file = std::fs::read_to_string(file).expect("a report");
    assert_eq!(
        file,
        format!("```text\n{}\n```\n", report.trim_end()),
        "the file and the terminal show the same"
    );
    // RUST_BACKTRACE=1 asks for a stack, which follows the report.
    let report = report.split("\nstack:\n").next().unwrap_or_default().to_owned();
    assert!(report.chars().count() <= REPORT_MAX, "{} characters:\n{report}", report.chars().count());
    report
}

#[test]
fn reports_of_all_kinds_of_failure_are_those_in_their_files() {
    // Each has a seed of its own: another test that fails with the same seed at the same time writes the same files.
    let kinds = [
        ("broken_rule", wrong::<AlwaysLeader>(), 101),
        ("failed_expectation", wrong::<Idle>(), 102),
        ("panic", wrong::<Panics>(), 103),
        ("deadlock", wrong::<Deadlocks>(), 104),
        ("time_limit", wrong::<HoldsLock>(), 105),
        ("step_limit", wrong::<Polls>(), 106),
        ("not_replayable", wrong::<Nondeterministic<0>>(), 107),
        ("real_threads", wrong::<RealThreads>(), 108),
    ];
    // With the usual limit the loop that polls would take a second.
    let few_steps = TestCase { steps_max: 100_000, ..*find("initial_election_3a").expect("a test") };
    for (name, implementation, seed) in kinds {
        let report = report_of(&few_steps, implementation, seed);
        expect_file![format!("reports/{name}.txt")].assert_eq(&steady(&report));
    }
}

/// Without what changes whenever some file or schedule does: line numbers, and the digits of times.
fn steady(report: &str) -> String {
    // CARGO_TARGET_DIR may be anywhere.
    let report = report.replace(&artifacts::shown(&artifacts::root()), "target/lab");
    // What the code under test asks the system for is not seen on all systems.
    let lines = report.lines().filter(|line| !line.starts_with("note:"));
    let steady_line = |line: &str| line.split(' ').map(steady_word).collect::<Vec<_>>().join(" ") + "\n";
    lines.map(steady_line).collect()
}

fn steady_word(word: &str) -> String {
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    let time = word.strip_suffix('s').unwrap_or(word).split_once('.');
    if time.is_some_and(|(seconds, parts)| is_digits(seconds) && is_digits(parts) && parts.len() == 6) {
        return word.replace(|letter: char| letter.is_ascii_digit(), "#");
    }
    match word.split_once(".rs:") {
        Some((file, place)) => {
            let rest = place.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':');
            let colon = if place.ends_with(':') { ":" } else { "" };
            format!("{file}.rs:#{colon}{rest}")
        }
        None => word.to_owned(),
    }
}

/// What a run without a leader is due to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn thread_of_the_system_is_named_with_its_place() {
    let case = find("initial_election_3a").expect("a test");
    let report = report_of(case, wrong::<RealThreads>(), 112);
    let note = report.lines().find(|line| line.starts_with("note:")).expect("a note");
    assert!(note.contains("S1/make has called std::thread::spawn at "), "{note}");
    assert!(note.contains("wrong"), "the place is not the fault's: {note}");
    assert!(note.contains("use labrpc::thread::spawn"), "{note}");
}

#[test]
fn stack_of_a_panic_shows_the_frames_of_the_code_under_test() {
    labrpc::sim::keep_backtraces();
    let case = find("initial_election_3a").expect("a test");
    let outcome = run_case(case, wrong::<Panics>(), plan(113));
    let report = lab_report::explain(case, wrong::<Panics>(), plan(113), &outcome);
    let (_, stack) = report.split_once("\nstack:\n").expect("a stack");
    assert!(stack.contains("program::wrong::Panics"), "{stack}");
    let is_full = std::env::var("RUST_BACKTRACE").is_ok_and(|value| value == "full");
    assert!(
        is_full
            || !["std::", "core::", "labrpc::", "lab_harness::"]
                .iter()
                .any(|other| stack.contains(&format!("  {other}"))),
        "{stack}"
    );
}

/// Two tests of one name may fail at the same time, in two terminals or for two implementations. Whoever reads their
/// files meanwhile finds each of them whole.
#[test]
fn files_that_are_written_twice_at_once_are_whole() {
    let case = find("initial_election_3a").expect("a test");
    let implementation = wrong::<AlwaysLeader>();
    let outcome = run_case(case, implementation, plan(110));
    let write = || lab_report::explain(case, implementation, plan(110), &outcome);
    write();
    let is_over = AtomicBool::new(false);
    let read = |name: &str, end: &str| {
        let path = artifacts::directory(case.name, 110).join(name);
        while !is_over.load(Ordering::Relaxed) {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(text.ends_with(end), "{name} has {} bytes", text.len());
        }
    };
    thread::scope(|scope| {
        for (name, end) in
            [("report.md", "```\n"), ("run.json", "}\n"), ("trace.jsonl", "}\n"), ("log.txt", "\n")]
        {
            scope.spawn(move || read(name, end));
        }
        let writers = [(); 2].map(|()| scope.spawn(|| (0..10).for_each(|_| drop(write()))));
        let ended = writers.map(|writer| writer.join());
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
}

fn assert_has_all(report: &str, parts: &[&str]) {
    for part in parts {
        assert!(report.contains(part), "{part:?} is missing in:\n{report}");
    }
}

#[test]
fn history_that_cannot_be_is_reported_with_its_model() {
    // Its operations change with every schedule of the reference, so the whole text is expected nowhere.
    let case = find("persist_partition_unreliable_linearizable_4b").expect("a test");
    let report = report_of(case, Implementation::of_service::<StaleReads>(), 108);
    let replay = "replay: cargo lab replay persist_partition_unreliable_linearizable_4b 0x6c";
    assert_has_all(
        &report,
        &["value from nowhere: C", "linearizability (Herlihy & Wing 1990", "often:", replay],
    );
}

fn many(lab: &Lab) {
    let cluster = lab.cluster(25).start();
    for server in 0..25 {
        lab.note(format!("something that takes many words happens to server {server}, ").repeat(8));
    }
    cluster.check_one_leader();
}

#[test]
fn longest_report_has_its_most_important_parts_within_the_limit() {
    let case = TestCase {
        name: "a_test_of_many_servers_with_a_rather_long_name_3a",
        part: Part::A3,
        points: 0,
        about: "a report that has far more to say than there is room for",
        origin: Origin::Lab,
        time_max: Duration::from_secs(120),
        steps_max: 5_000_000,
        body: many,
    };
    let report = report_of(&case, wrong::<ManyDeadlocks>(), u64::MAX);
    assert!(report.chars().count() > REPORT_MAX * 3 / 4, "{} characters:\n{report}", report.chars().count());
    assert_has_all(
        &report,
        &[
            "a_test_of_many_servers_with_a_rather_long_name_3a: deadlock",
            "seed 0xffffffffffffffff",
            "which S0/a-thread-with-quite-a-long-name-0-",
            "what happened before:",
            "often:",
            "replay: cargo lab replay a_test_of_many_servers_with_a_rather_long_name_3a 0xffffffffffffffff",
            "trace:",
        ],
    );
}
