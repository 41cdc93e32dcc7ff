//! Replays: the same run again, the proof of it, and what is said when it is another.

use std::io::ErrorKind;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::wrong::{Fault, Idle, Nondeterministic, Wrong};
use kvraft::Reference;
use lab::replay::{Replayed, replay};
use lab::suites::{MEASURE_THE_HEAP, TESTS, find};
use lab::{Implementation, Plan, World, run_case};
use lab_harness::case::TestCase;
use labrpc::sim::{Policy, Tracing};
use labrpc::sync::OnceLock;
use labrpc::thread;
use labrpc::time::Duration;
use raft_interface::ServerId;

fn plan(seed: u64) -> Plan {
    Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off }
}

fn reference() -> Implementation {
    Implementation::of_service::<Reference<raft::Raft>>()
}

fn replayed(test: &str, implementation: Implementation, seed: u64) -> Replayed {
    replay(find(test).expect("a test"), implementation, plan(seed)).expect("files")
}

fn forget(test: &str, seed: u64) {
    // It may not be there.
    let _ = std::fs::remove_dir_all(lab_runs::artifacts::directory(test, seed));
}

/// Replays one test, and says how often.
fn replays_of(case: &'static TestCase, seeds: Option<u64>, place: usize) -> usize {
    let policies = [Policy::Random, Policy::Pct { depth: 3 }, Policy::Fifo];
    // Every test under every policy would take minutes. Taking turns, each policy is proved on a third of the
    // tests.
    let policies = if seeds.is_some() { &policies[..] } else { &policies[place % 3..][..1] };
    let mut replays = 0;
    for seed in 1..=seeds.unwrap_or(1) {
        for &policy in policies {
            let plan = Plan { policy, ..plan(seed) };
            let first = run_case(case, reference(), plan);
            // With and without a trace it is the same run.
            let again = run_case(case, reference(), Plan { tracing: Tracing::Last(1_000), ..plan });
            assert_eq!(first.fingerprint, again.fingerprint, "{} seed {seed} {policy}", case.name);
            replays += 1;
        }
    }
    replays
}

/// The promise of all this. `LAB_SEEDS` says how many seeds each test is replayed over under every policy; by default
/// each test is replayed once, and the policies take turns.
#[test]
fn tests_all_replay() {
    let seeds = super::seeds();
    let next = AtomicUsize::new(0);
    // The simulations of one process do not know of each other, so workers share the list and nothing else.
    let replay_the_rest = || {
        let mut replays = 0;
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = TESTS.get(place) else { return replays };
            if MEASURE_THE_HEAP.contains(&case.name) {
                continue;
            }
            replays += replays_of(case, seeds, place);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let replays: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(replay_the_rest)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).sum()
    });
    println!("{replays} of {replays} replays have the fingerprint of the first run");
}

#[test]
fn passing_seed_is_run_twice_and_then_compared_with_what_is_stored() {
    forget("basic_agree_3b", 201);
    let first = replayed("basic_agree_3b", reference(), 201);
    assert!(
        first.comparison.is_same && first.comparison.words.contains("Nothing was stored"),
        "{}",
        first.comparison.words
    );
    assert!(first.report.starts_with("Passed basic_agree_3b"), "{}", first.report);
    let second = replayed("basic_agree_3b", reference(), 201);
    assert!(second.comparison.is_same, "{}", second.comparison.words);
    let print = first.outcome.fingerprint.expect("a fingerprint").to_string();
    assert!(second.comparison.words.contains("the stored one, which passed"), "{}", second.comparison.words);
    assert!(second.comparison.words.contains(&print), "{}", second.comparison.words);
    let directory = lab_runs::artifacts::directory("basic_agree_3b", 201);
    for file in ["report.md", "log.txt", "trace.jsonl", "run.json"] {
        assert!(std::fs::metadata(directory.join(file)).is_ok_and(|file| file.len() > 0), "{file}");
    }
}

#[test]
fn failing_seed_is_the_run_that_its_report_is_of() {
    let implementation = Implementation::of::<Wrong<Idle>>();
    let case = find("initial_election_3a").expect("a test");
    forget(case.name, 202);
    let outcome = run_case(case, implementation, plan(202));
    let report = lab_report::explain(case, implementation, plan(202), &outcome);
    let replayed = replayed(case.name, implementation, 202);
    assert!(replayed.comparison.is_same, "{}", replayed.comparison.words);
    assert!(
        replayed.comparison.words.contains("the stored one, which failed"),
        "{}",
        replayed.comparison.words
    );
    assert_eq!(replayed.report, report);
}

static IS_CHANGED: AtomicBool = AtomicBool::new(false);

/// Code that somebody edits.
#[derive(Clone)]
struct Edited;

impl Fault for Edited {
    fn make(_: ServerId) -> Self {
        let pause = if IS_CHANGED.load(Ordering::Relaxed) { 70 } else { 50 };
        thread::spawn(move || thread::sleep(Duration::from_millis(pause)));
        Self
    }
}

#[test]
fn first_event_that_differs_is_named_when_the_code_has_changed() {
    let implementation = Implementation::of::<Wrong<Edited>>();
    forget("initial_election_3a", 203);
    replayed("initial_election_3a", implementation, 203);
    IS_CHANGED.store(true, Ordering::Relaxed);
    let other = replayed("initial_election_3a", implementation, 203);
    for part in [
        "Not the stored run",
        "They differ first at event ",
        "then: #",
        "now:  #",
        "the code has changed since",
    ] {
        assert!(other.comparison.words.contains(part), "{part:?} is missing in:\n{}", other.comparison.words);
    }
    assert!(!other.comparison.is_same && other.comparison.is_reproducible);
    assert!(
        replayed("initial_election_3a", implementation, 203).comparison.is_same,
        "now this one is stored"
    );
}

#[test]
fn nondeterminism_is_named_with_its_usual_culprits() {
    forget("initial_election_3a", 204);
    for stored in ["Nothing was stored", "Not the stored run"] {
        let other = replayed("initial_election_3a", Implementation::of::<Wrong<Nondeterministic<1>>>(), 204);
        for part in [stored, "wo runs of seed=0xcc", "differ at event", "HashMap", "Instant::now()"] {
            assert!(
                other.comparison.words.contains(part),
                "{part:?} is missing in:\n{}",
                other.comparison.words
            );
        }
        assert!(!other.comparison.is_same && !other.comparison.is_reproducible);
    }
}

/// Where the program leaves its runs: a folder that is new each time, so that none of an older build is there, which would be
/// told of.
fn target_of_the_program() -> &'static Path {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replays");
        match std::fs::remove_dir_all(&target) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{}: {error}", target.display()),
            Ok(()) | Err(_) => target,
        }
    })
}

/// The program itself, with its files in a directory of the tests.
fn lab(arguments: &[&str]) -> (String, i32) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .env("CARGO_TARGET_DIR", target_of_the_program())
        .env_remove("LAB_WORLD")
        .env_remove("LAB_POLICY")
        .output()
        .expect("the program runs");
    let text = String::from_utf8(stdout).expect("text") + &String::from_utf8(stderr).expect("text");
    (text, status.code().expect("a code"))
}

#[test]
fn log_is_in_columns_and_says_what_is_left_out() {
    let (text, code) = lab(&["replay", "0x1", "chaos_3b"]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "lines before; ",
        "log.txt has all",
        "S0 ",
        "S4 ",
        "tester",
        " TEST ",
        "--only RPC",
        "Passed chaos_3b",
        "fingerprint",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    assert!(!text.contains(" RPC -> "), "{text}");
    assert!(!text.contains('\x1b'), "no colours where there is no terminal");
    assert!(
        text.lines().filter(|line| line.starts_with("  ")).all(|line| line.chars().count() <= 120),
        "{text}"
    );
    let (text, _) =
        lab(&["replay", "0x1", "chaos_3b", "--only", "vote,CMIT", "--servers", "S2", "--around", "all"]);
    let log = text.split("Passed").next().unwrap_or_default();
    assert!(log.contains("VOTE") && log.contains("CMIT") && !log.contains("LEAD"), "{log}");
    assert!(!log.contains("S1 T"), "{log}");
}

#[test]
fn unknown_value_of_a_flag_is_answered_with_those_it_knows() {
    for (arguments, parts) in [
        (&["--only", "VOTES"][..], &["VOTES", "TIMR", "VOTE", "CMIT", "RPC"][..]),
        (&["--servers", "7"], &["\"7\"", "0 to 2"]),
        (&["--servers", "x"], &["\"x\"", "0 to 2"]),
        (&["--around", "noon"], &["noon", "failure", "3.2"]),
        (&["--policy", "best"], &["best", "fifo"]),
        (&["--shrunk"], &["shrunk.json", "cargo lab shrink"]),
    ] {
        let (text, code) = lab(&[&["replay", "7", "initial_election_3a"], arguments].concat());
        assert_eq!(code, 2, "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
    }
}

#[test]
fn real_world_says_that_it_cannot_be_replayed() {
    let (text, code) = lab(&["replay", "1", "basic_agree_3b", "--world", "real"]);
    assert!(text.contains("cannot be replayed") && text.contains("Passed basic_agree_3b"), "{text}");
    assert_eq!(code, 0);
}

/// What is left of an earlier run may be all that is left of a failure.
#[test]
fn damaged_stored_run_is_kept_and_told() {
    forget("initial_election_3a", 205);
    let target = target_of_the_program().join("lab/initial_election_3a/0xcd");
    let run = || lab(&["replay", "205", "initial_election_3a", "--quiet"]);
    assert_eq!(run().1, 0);
    let whole = std::fs::read_to_string(target.join("run.json")).expect("a run");
    for (damaged, name) in [
        (whole[..whole.len() / 2].to_owned(), "run.json.damaged"),
        (whole.replace("\"fingerprint\":\"", "\"fingerprint\":\"x"), "run.json.damaged-2"),
    ] {
        std::fs::write(target.join("run.json"), &damaged).expect("a file");
        let (text, code) = run();
        assert!(text.contains("run.json is damaged (") && text.contains(&format!("{name}\n")), "{text}");
        assert_eq!(code, 0, "{text}");
        assert_eq!(std::fs::read_to_string(target.join(name)).expect("the old one"), damaged);
        assert_eq!(std::fs::read_to_string(target.join("run.json")).expect("the new one"), whole);
    }
    assert!(run().0.contains("The same run as the stored one"));
}
