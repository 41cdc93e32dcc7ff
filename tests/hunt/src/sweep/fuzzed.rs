//! The readers of a sweep as the fuzzing tests call them, with examples of what they read.

use super::failed_run::FailedRun;
use super::json::{Results, tests::shard};
use super::protocol::{Answer, Cost, Job};
use super::{junit, ledger, results_text};
use crate::target::FailureKind;

pub(crate) use ledger::fuzzed::{Aggregate, ledgers};

/// Files of shards, and of a whole sweep.
pub(crate) fn shards() -> Vec<Vec<u8>> {
    [(1, 2), (2, 2), (1, 1)].map(|(number, of)| shard(number, of).to_json().expect("JSON")).to_vec()
}

/// Reads a file, merges it with a good one, and writes all that can be written. What was merged must be read again.
pub(crate) fn merge_with(input: &[u8], good: &[u8]) {
    let Ok(results) = Results::parse(input) else { return };
    let good = Results::parse(good).expect("a good file");
    for files in [vec![results.clone()], vec![good, results]] {
        let named = files.into_iter().map(|file| ("file".to_owned(), file)).collect();
        let Ok(merged) = super::merge(named) else { continue };
        // Text, XML and JSON of it.
        let _ = results_text(&merged.results);
        junit(&merged.results).expect("XML");
        let again = Results::parse(&merged.results.to_json().expect("JSON"));
        assert!(again.is_ok(), "what merge has written is refused: {:?}", again.err());
    }
}

/// Answers of workers, and a job.
pub(crate) fn answers() -> Vec<Vec<u8>> {
    let cost = Cost { wall_us: 17, cpu_us: 16 };
    let failed = FailedRun::new(7, FailureKind::Panic, "index 7 out of bounds");
    let job = Job {
        number: 1,
        row: 0,
        test: "figure8_3c".into(),
        policy: "pct:3".into(),
        world: "simulated".into(),
        seed: 9,
        is_rerun: false,
    };
    let answers = [
        Answer::Ready,
        Answer::Started { number: 1 },
        Answer::Passed { number: 1, cost, is_tainted: false },
        Answer::Skipped { number: 2, cost, why: "other names".into(), is_tainted: true },
        Answer::Failed { number: 3, cost, failed, report: Some("a report".into()), is_tainted: false },
    ];
    let job = serde_json::to_vec(&job);
    answers.iter().map(serde_json::to_vec).chain([job]).collect::<Result<_, _>>().expect("JSON")
}

/// Reads an answer, or a job.
pub(crate) fn answer(input: &[u8]) {
    if let Ok(answer) = serde_json::from_slice::<Answer>(input) {
        let _ = (answer.number(), answer.is_tainted());
        if let Answer::Failed { failed, .. } = answer {
            let _ = failed.cause();
        }
    }
    let _ = serde_json::from_slice::<Job>(input);
}
