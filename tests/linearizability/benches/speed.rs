//! How fast is the checker?
//!
//! `cargo bench -p lab-linearizability` prints a table: histories of several shapes, right and
//! with planted faults, and what it takes to judge them on one core, explanation included.
//!
//! The first and the third shape are about as large as the logs `c10` and `c50` that come with porcupine (49 and
//! 300 kilobytes); the others are larger or worse.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

use std::time::{Duration, Instant};

use lab_linearizability::model::Kv;
use lab_linearizability::workload::{Fault, Workload};
use lab_linearizability::{Budget, check};

/// Each history is judged this often. The table shows the fastest time.
const REPEATS: usize = 10;

/// Each shape is drawn with this many seeds. The table shows the median and the slowest.
const SEEDS: u64 = 11;

fn main() {
    let faults = [
        ("legal", None),
        ("stale read", Some(Fault::StaleRead)),
        ("lost update", Some(Fault::LostUpdate)),
        ("double apply", Some(Fault::DoubleApply)),
        ("dirty read", Some(Fault::DirtyRead)),
    ];
    println!("clients  ops    lost  slow  history        verdict  median ms  slowest ms  steps (slowest)");
    for (clients, operations, lost_percent, slow_percent) in [
        (10, 350, 0, 5),
        (10, 10_000, 0, 5),
        (50, 2_000, 0, 5),
        (50, 10_000, 0, 0),
        (50, 10_000, 0, 5),
        (50, 10_000, 0, 20),
        (10, 2_000, 1, 5),
        (100, 10_000, 0, 5),
    ] {
        for (name, fault) in faults {
            let judge = |seed| {
                let shape = Workload::new(clients, operations, seed);
                judge(&Workload { lost_percent, slow_percent, fault, ..shape })
            };
            let mut results: Vec<(Duration, String, u64)> = (0..SEEDS).map(judge).collect();
            // By time first, so that the last one is the slowest with its verdict and its steps.
            results.sort();
            let median = millis(results[results.len() / 2].0);
            let (slowest, verdict, steps) = results.last().expect("there are seeds");
            let slowest = millis(*slowest);
            println!(
                "{clients:7}  {operations:5}  {lost_percent:3}%  {slow_percent:3}%  {name:13}  {verdict:7}  {median:9.3}  {slowest:10.3}  {steps}"
            );
        }
    }
}

fn judge(workload: &Workload) -> (Duration, String, u64) {
    let history = workload.history();
    let mut fastest = Duration::MAX;
    let mut last = None;
    for _ in 0..REPEATS {
        let start = Instant::now();
        let result = check(&Kv, &history, Budget::of_steps(3_000_000));
        fastest = fastest.min(start.elapsed());
        // A history that takes seconds says no more the tenth time.
        let slow = fastest > Duration::from_millis(200);
        last = Some((format!("{:?}", result.verdict()), result.steps()));
        if slow {
            break;
        }
    }
    let (verdict, steps) = last.expect("there are repeats");
    (fastest, verdict, steps)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
