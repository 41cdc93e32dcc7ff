//! Whatever code under test does to its process, it is the failure of that seed, in words, and all others run.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Trial;

use expect_test::expect;

use crate::bad::VARIABLE;
use crate::program::{Ran, command, json, run};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("each_way_to_ruin_a_process_is_a_failure_of_its_seed", each_way),
        trial("a_hang_of_the_real_world_is_killed", hang),
        trial("a_stall_is_told_without_another_one", stall),
        trial("what_the_code_says_rules_no_terminal", anything),
        trial("until_fail_stops_at_the_first_failure", until_fail),
    ]
}

/// Seed, kind, and words that the headline must hold. Seeds that are not listed pass.
const EXPECTED: [(u64, &str, &str); 10] = [
    (2, "segfault", "segmentation fault (SIGSEGV)"),
    (3, "abort", "the process aborted itself (SIGABRT)"),
    (4, "exit", "exit code 3"),
    (5, "stack-overflow", "a simulated thread has overflowed its stack"),
    (6, "livelock", "10000000 steps, and no end: a livelock"),
    (7, "stall", "S1/culprit ran for"),
    (8, "memory", "the process used more than 200 MiB"),
    (10, "panic", "this is a panic of server 1"),
    (11, "exit", "exit code 0"),
    (12, "memory", "memory allocation of 70368744177664 bytes failed"),
];

fn each_way() {
    let target = tempfile::tempdir().unwrap();
    let file = target.path().join("results.json");
    let arguments = format!(
        "sweep initial_election_3a -n 20 -j 2 --stall 1s --memory 200M --json {} --junit {}",
        file.display(),
        target.path().join("junit.xml").display()
    );
    let ran: Ran = command(target.path(), &arguments).env(VARIABLE, "all").output().unwrap().into();
    ran.expect(
        1,
        &[
            "10      10",
            "FAILED: 10 of 20 runs",
            "again: cargo test -p reference-lab --test sweep -- replay initial_election_3a 0x5",
        ],
    );
    let results = json(&file);
    let row = &results["rows"][0];
    let failures: BTreeMap<u64, (&str, &str)> = row["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            let text = |name: &str| failure[name].as_str().unwrap();
            (failure["seed"].as_u64().unwrap(), (text("kind"), text("headline")))
        })
        .collect();
    for (seed, kind, words) in EXPECTED {
        let got = failures.get(&seed).unwrap_or_else(|| panic!("seed {seed} passed: {}", ran.out));
        assert!(got.0 == kind && got.1.contains(words), "seed {seed}: {got:?}, not {kind:?}: {words:?}");
        assert_left(target.path(), seed, words);
    }
    assert_eq!(failures.len(), EXPECTED.len());
    assert_eq!(row["passed"].to_string(), "[[1,1],[9,9],[13,20]]");
    // Only a run that ends in good order can be run again with a trace.
    let trace = target.path().join("lab/initial_election_3a/0xa/trace.jsonl");
    assert!(trace.metadata().unwrap().len() > 1000);
    let junit = std::fs::read_to_string(target.path().join("junit.xml")).unwrap();
    assert!(junit.contains("message=\"10 of 20 runs failed"), "{junit}");
}

/// Each failure leaves a report that says the same, and how to run it again.
#[track_caller]
fn assert_left(target: &Path, seed: u64, words: &str) {
    let path = target.join(format!("lab/initial_election_3a/{seed:#x}/report.md"));
    let report = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let is_told = report.contains(words);
    let has_replay = report.contains(&format!("replay initial_election_3a {seed:#x}"));
    assert!(is_told && has_replay, "seed {seed}: {report}");
}

fn hang() {
    let target = tempfile::tempdir().unwrap();
    let arguments = "sweep initial_election_3a re_election_3a -n 1 --world real --limit 1s";
    let ran: Ran = command(target.path(), arguments).env(VARIABLE, "all").output().unwrap().into();
    ran.expect(
        1,
        &["hangs: the run did not end within 1.0 s of real time", "FAILED: 2 of 2 runs, in 2 of 2 tests"],
    );
    assert!(target.path().join("lab/initial_election_3a/real-1/report.md").exists());
}

/// Where a sweep tells it in words of its own process, so do the other commands.
fn stall() {
    let target = tempfile::tempdir().unwrap();
    let run = |arguments: &str| -> Ran {
        command(target.path(), arguments).env(VARIABLE, "all").env("LAB_STALL", "1").output().unwrap().into()
    };
    run("grade initial_election_3a --seed 7").expect(1, &["S1/culprit ran for 1 s", "0 of 10 points"]);
    let files = target.path().join("lab/initial_election_3a/0x7");
    expect![[r#"
        ```text
        initial_election_3a: S1/culprit ran for 1 s of real time and did not give way
          when:     seed 0x7, 0.000012 s of virtual time
          the test: a leader is elected and stays
        servers, as last seen:
          S0-S2 follower, term 0, applied 0
        what happened before:
            0.000000 s  S0 starts
            0.000003 s  S1 starts
            0.000010 s  S2 starts
        often:  an endless loop, or something real: a std::sync lock, a real channel, socket or sleep. Use labrpc's
        replay: cargo test -p reference-lab --test sweep -- replay initial_election_3a 0x7
        ```
    "#]]
    .assert_eq(&std::fs::read_to_string(files.join("report.md")).unwrap());
    assert!(!files.join("trace.jsonl").exists());
    run("replay 7 initial_election_3a").expect(1, &["S1/culprit ran for 1 s", "no fingerprint to compare"]);
}

fn anything() {
    let target = tempfile::tempdir().unwrap();
    let path = |name: &str| target.path().join(name);
    let files = format!("--json {} --junit {}", path("r.json").display(), path("r.xml").display());
    let test = "initial_election_3a";
    for arguments in [
        format!("grade {test} --seed 21"),
        format!("replay {test} 21 --around all"),
        format!("sweep {test} --seed-from 21 -n 1 {files}"),
        format!("shrink {test} 21 --runs 20"),
        format!("replay {test} 21 --shrunk"),
    ] {
        let mut program = command(target.path(), &arguments);
        let ran: Ran = program.env(VARIABLE, "21").env("RUST_LOG", "info").output().unwrap().into();
        assert!(matches!(ran.code, Some(0 | 1)), "{arguments}: {}", ran.err);
        assert_plain(&arguments, &ran.out);
        assert_plain(&arguments, &ran.err);
        ran.expect(ran.code.unwrap(), &["\\u{1b}[2J"]);
    }
    run(target.path(), &format!("merge {}", path("r.json").display())).expect(1, &["\\u{1b}[2J"]);
    for name in ["r.xml", "lab/initial_election_3a/0x15/report.md", "lab/initial_election_3a/0x15/log.txt"] {
        assert_plain(name, &std::fs::read_to_string(path(name)).unwrap());
    }
    // Four backticks in the text do not end the block.
    let report = std::fs::read_to_string(path("lab/initial_election_3a/0x15/report.md")).unwrap();
    assert!(report.starts_with("`````text\n") && report.ends_with("\n`````\n"), "{report}");
}

/// Fails if a terminal would obey something in it.
#[track_caller]
fn assert_plain(name: &str, text: &str) {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t' || "\u{fffe}\u{202e}".contains(c);
    assert!(!text.contains(is_obeyed), "{name}: {text:?}");
}

fn until_fail() {
    let target = tempfile::tempdir().unwrap();
    let arguments = "sweep initial_election_3a --until-fail -j 2";
    let ran: Ran = command(target.path(), arguments).env(VARIABLE, "10").output().unwrap().into();
    ran.expect(1, &["Stopped at the first failure", "first: seed 0xa (panic)", "FAILED: 1 of"]);
    let again: Ran = command(target.path(), arguments).env(VARIABLE, "10").output().unwrap().into();
    again.expect(1, &["0 runs in", "first: seed 0xa (panic)"]);
}
