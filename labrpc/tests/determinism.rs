//! The proof of determinism: the same seed is the same run, twice in one process, in debug and release builds, and on
//! every machine.
//!
//! The fingerprints of forty seeds are in `tests/fingerprints.txt`. They change whenever the scheduler, the facades or
//! the network change what they do, which is no mistake; `UPDATE_EXPECT=1 cargo test -p labrpc-tests --test determinism`
//! writes them anew. The gate runs this test in a debug and in a release build, so both must give the same.

mod busy;

use expect_test::expect_file;
use labrpc::sim::{Policy, Sim};

/// All policies, in turn: below a hundred those that there were first, so that their lines stay as they are.
fn sim(seed: u64) -> Sim {
    let first = [Policy::Random, Policy::Pct { depth: 3 }, Policy::Fifo];
    let later = [
        Policy::Urw,
        Policy::Surw,
        Policy::Pos,
        Policy::Starve,
        Policy::Portfolio,
        Policy::Random.then(5_000, 7, Policy::Urw).then(9_000, 8, Policy::Pct { depth: 2 }),
    ];
    let policies: &[Policy] = if seed < 100 { &first } else { &later };
    Sim::new(seed).policy(policies[seed as usize % policies.len()])
}

/// What a run was, in a line.
fn run(seed: u64) -> String {
    let sim = sim(seed);
    let (result, report) = sim.run(busy::program).unwrap_or_else(|failure| panic!("{failure}"));
    format!(
        "{} result={result} elapsed={:?} steps={} events={} fingerprint={}",
        report.replay, report.elapsed, report.steps, report.trace.total, report.trace.fingerprint
    )
}

#[test]
fn two_hundred_seeds_are_the_same_run_twice() {
    for seed in 0..200 {
        assert_eq!(run(seed), run(seed));
    }
}

#[test]
fn forty_seeds_are_the_same_run_everywhere() {
    let lines: Vec<String> = (0..20).chain(100..120).map(run).collect();
    expect_file!["fingerprints.txt"].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn simulations_side_by_side_do_not_disturb_each_other() {
    let alone: Vec<String> = (0..8).map(run).collect();
    let together: Vec<_> = (0..8).map(|seed| std::thread::spawn(move || run(seed))).collect();
    let together: Vec<String> = together.into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(alone, together);
}

#[test]
fn another_seed_is_another_run() {
    assert_ne!(run(1).split("fingerprint=").nth(1), run(4).split("fingerprint=").nth(1));
}
