//! The program that `lab_hunt::main` makes of four bugs and a right test: the example `flakes`, as its users run it.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The example, which cargo builds before the tests of its package.
fn program() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has an executable");
    let profile = tests.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps");
    profile.join("examples/flakes")
}

/// Each test has artifacts of its own: what another one stores would be compared with.
fn artifacts() -> TempDir {
    tempfile::tempdir().expect("a folder for artifacts")
}

/// Exit code, standard output, standard error.
fn run(artifacts: &TempDir, arguments: &str) -> (i32, String, String) {
    let output = Command::new(program())
        .args(arguments.split_whitespace())
        .env("LAB_ARTIFACTS", artifacts.path())
        .env("LAB_COMMAND", "flakes")
        .output()
        .expect("the example runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn sweep_finds_each_bug_and_its_words_replay_it() {
    let artifacts = artifacts();
    let (code, out, _) = run(&artifacts, "sweep -n 100 --fresh -q");
    assert_eq!(code, 1, "{out}");
    for name in [
        "queue_loses_a_wake_up",
        "pool_gives_one_connection_twice",
        "limiter_lets_two_through",
        "cache_computes_twice",
    ] {
        assert!(out.contains(&format!("{name} failed")), "{name} is not found:\n{out}");
    }
    assert!(!out.contains("two_threads_count failed") && out.contains("in 4 of 5 tests"), "{out}");
    // The cause, not the panic of whoever joined it.
    assert!(out.contains("flakes.rs:36:51: there was a free connection"), "{out}");
    let again =
        out.lines().find_map(|line| line.trim().strip_prefix("again: flakes ")).expect("a replay line");
    // Twice: whether the sweep has stored this very run depends on who came first.
    let (code, _, _) = run(&artifacts, again);
    assert_eq!(code, 1);
    let (code, replayed, _) = run(&artifacts, again);
    assert_eq!(code, 1, "{replayed}");
    assert!(replayed.contains("The same run as the stored one, which failed"), "{replayed}");
    assert!(replayed.contains("tester/main") && replayed.contains("flakes.rs:"), "{replayed}");
}

#[test]
fn guided_sweep_names_the_run_that_makes_it_again() {
    let artifacts = artifacts();
    let (code, out, _) =
        run(&artifacts, "sweep -n 300 --fresh -q --policy guided limiter_lets_two_through queue*");
    assert_eq!(code, 1, "{out}");
    for again in out.lines().filter_map(|line| line.trim().strip_prefix("again: flakes ")) {
        assert_eq!(run(&artifacts, again).0, 1, "{again}");
    }
    assert!(out.contains("covered: ") && out.contains("more runs "), "{out}");
}

#[test]
fn shrink_tells_the_fewest_preemptions_as_a_story() {
    let artifacts = artifacts();
    let (code, story, error) = run(&artifacts, "shrink limiter_lets_two_through 0x1 --policy portfolio");
    assert_eq!(code, 0, "{story}{error}");
    assert!(
        story.contains("preemptions are enough") && story.contains("tester/thread-1: Lock at"),
        "{story}"
    );
    let (code, _, error) = run(&artifacts, "shrink two_threads_count 1");
    assert_eq!(code, 2);
    assert!(error.contains("this seed passes"), "{error}");
}

#[test]
fn right_test_passes_and_export_has_every_event() {
    let artifacts = artifacts();
    let (code, out, _) = run(&artifacts, "sweep two* -n 50 --fresh");
    assert_eq!(code, 0, "{out}");
    let (code, out, _) = run(&artifacts, "export two_threads_count 1");
    assert_eq!(code, 0);
    assert!(out.lines().count() > 4 && out.lines().all(|line| line.starts_with("{\"index\":")), "{out}");
    // On real threads there is nothing to cover.
    let (code, out, _) = run(&artifacts, "sweep two* -n 5 --fresh --world real");
    assert_eq!(code, 0, "{out}");
    assert!(!out.contains("covered:"), "{out}");
}

#[test]
fn what_is_mistyped_gets_a_sentence_and_2() {
    let artifacts = artifacts();
    for (arguments, words) in [
        ("replay que_loses_a_wake_up 1", "Did you mean queue_loses_a_wake_up"),
        ("replay queue_loses_a_wake_up soon", "\"soon\" is not a seed"),
        ("sweep nothing_like_it", "there is no test nothing_like_it"),
        ("sweep --policy best", "is not a scheduling policy"),
        ("replay queue_loses_a_wake_up 1 --policy random@5", "is not a scheduling policy"),
        ("sweeep", "sweep"),
    ] {
        let (code, out, error) = run(&artifacts, arguments);
        assert_eq!(code, 2, "{arguments}: {out}{error}");
        assert!(error.contains(words), "{arguments}: {error}");
    }
    assert_eq!(run(&artifacts, "").0, 0);
    assert!(run(&artifacts, "list").1.lines().any(|line| line == "two_threads_count"));
}
