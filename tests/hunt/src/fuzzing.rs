//! What a sweep, a merge and a replay read, damaged: they answer in words, and write what they would read again.

use lab_fuzzing::fuzz;
use lab_runs::artifacts::StoredRun;
use labrpc::sim::Trace;

use crate::shrink::ShrunkRun;
use crate::sweep::fuzzed::{self, Aggregate};
use crate::workers;

#[test]
fn reader_of_shards_survives_fuzzing() {
    let examples = fuzzed::shards();
    fuzz("shards", &examples, |input| fuzzed::merge_with(input, &examples[0]));
}

#[test]
fn reader_of_ledgers_survives_fuzzing() {
    fuzz("ledger", &fuzzed::ledgers(), |input| {
        let known = Aggregate::read(input);
        let written = known.written();
        assert_eq!(Aggregate::read(&written).written(), written, "what was put together is read as it was");
    });
}

#[test]
fn reader_of_answers_of_workers_survives_fuzzing() {
    fuzz("answers", &workers::fuzzed::answers(), workers::fuzzed::answer);
}

#[test]
fn reader_of_stored_runs_survives_fuzzing() {
    let run =
        br#"{"test":"figure8_3c","seed":17,"policy":"pct:3","implementation":"raft::Raft","passed":false,
        "fingerprint":"9f3c02d1e4a5b677","events":1234,"checkpoints":[1,2,18446744073709551615]}"#;
    let shrunk = br#"{"test":"figure8_3c","seed":17,"policy":"random","implementation":"raft::Raft","kept":["crash 1","start 2"],
        "repairs_always":true,"preemptions":[4,9,1000],"fingerprint":"9f3c02d1e4a5b677"}"#;
    let now = Trace { checkpoints: vec![1, 2, 3], total: 800, ..Trace::default() };
    fuzz("stored-runs", &[run.to_vec(), shrunk.to_vec()], |input| {
        if let Ok(run) = serde_json::from_slice::<StoredRun>(input) {
            let block = run.first_difference(&now).unwrap_or_default();
            // What a replay asks for.
            assert!(block.checked_add(256).is_some());
        }
        if let Ok(run) = serde_json::from_slice::<ShrunkRun>(input) {
            drop(run.subset());
        }
    });
}
