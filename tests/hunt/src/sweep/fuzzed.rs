//! The readers of a sweep as the fuzzing tests call them, with examples of what they read.

use super::json::{Results, tests::shard};
use super::{junit, ledger, results_text};

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
