//! Proves that two runs of a seed are the same run, or says where they differ.
//!
//! # How it works
//!
//! A run that failed is [kept](lab_runs::artifacts) with its fingerprint. A replay of its test and seed must have the same one. If
//! nothing is kept, the seed is run twice, and the two runs must be the same. Where they are not, the first event that differs
//! tells where to look, and whether two runs of the same program differ tells what for: either the code has changed
//! since, or something in it is not under the seed's control.

use std::path::Path;

use lab_runs::artifacts::{self, StoredRun};
use labrpc::sim::{Divergence, Event, Fingerprint, Trace, Tracing};

/// A test with its seed and policy, which can be run again and again.
pub trait Repeatable {
    /// Runs it.
    fn run(&self, tracing: Tracing) -> Run;

    /// Runs it twice, and shows the first event in which the two runs differ; `None` if they are the same run.
    fn divergence(&self) -> Option<Box<Divergence>>;
}

/// What matters of a run for whoever compares it.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Identifies the run.
    pub fingerprint: Fingerprint,
    /// What was kept of its events.
    pub trace: Trace,
    /// Whether it passed.
    pub is_passed: bool,
}

/// How a replay compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether it is the run that it should be.
    pub is_same: bool,
    /// Whether the seed decides all: if it is another run than the stored one, then because the code has changed.
    pub is_reproducible: bool,
    /// What it was compared with and how that went, in words.
    pub words: String,
}

/// Compares a run with the one that is stored in that folder, or with a second run if none is.
#[must_use]
pub fn compare(
    repeatable: &dyn Repeatable,
    stored: Option<&StoredRun>,
    directory: &Path,
    run: &Run,
) -> Comparison {
    // Nothing to compare with. Two runs of now that are the same prove the next best thing: that the seed
    // decides everything in this process.
    let Some(stored) = stored else {
        let (is_same, words) = twice(repeatable, run, "Nothing was stored to compare with. ");
        return Comparison { is_same, is_reproducible: is_same, words };
    };
    let how = |passed: bool| if passed { "passed" } else { "failed" };
    let print = run.fingerprint;
    // The hash is over all events in order. Two runs that differ have the same one once in 2^64 times.
    if stored.fingerprint == print.to_string() {
        let words =
            format!("The same run as the stored one, which {}: fingerprint {print}.", how(stored.passed));
        return Comparison { is_same: true, is_reproducible: true, words };
    }
    let block = stored.first_difference(&run.trace).unwrap_or_default();
    let mut words = format!(
        "Not the stored run: that one {} with fingerprint {}, this one {} with {print}.\n",
        how(stored.passed),
        stored.fingerprint,
        how(run.is_passed)
    );
    words += &first_difference(repeatable, directory, block);
    // Only this tells the two reasons apart: if the program differs from itself now, it need not have changed
    // since.
    let (is_reproducible, second) = twice(repeatable, run, "");
    words += &second;
    if is_reproducible {
        words +=
            " So the code has changed since, or it was built in another way. What is stored now is this run.";
    }
    Comparison { is_same: false, is_reproducible, words }
}

/// The comparison for a replay in which a thread did not give way.
#[must_use]
pub fn compare_stalled(stored: Option<&StoredRun>) -> Comparison {
    let words = "A run that stalls has no fingerprint to compare: the thread that does not give way keeps all that is known of \
                 it. Where it loops, a debugger tells: LAB_STALL=600 leaves the time to attach one.";
    let words = match stored {
        Some(stored) => format!("The stored run did not stall: fingerprint {}.\n{words}", stored.fingerprint),
        None => words.to_owned(),
    };
    Comparison { is_same: stored.is_none(), is_reproducible: stored.is_none(), words }
}

/// The first event in which a run differs from the one that is stored, which is in this block of events.
fn first_difference(repeatable: &dyn Repeatable, directory: &Path, block: u64) -> String {
    const BLOCK: usize = 256;
    let end = block + BLOCK as u64;
    // Checkpoints say in which block the runs part. Only that block is run again with a trace: all events of
    // a long run may not fit in memory.
    let then = artifacts::stored_events(directory, block, end);
    let now = repeatable.run(Tracing::Window { from: block, len: BLOCK }).trace;
    // Log lines are no events of the fingerprint: who logs more has not made another run.
    let now: Vec<&Event> = now.events.iter().filter(|event| !event.kind.is_annotation()).collect();
    // The stored trace is the end of a run. If the block begins before it, its first event is not the first
    // of the block, and comparing would name a wrong one.
    let starts_alike = then.first().is_some_and(|event| event.index == block) || then.is_empty();
    let same = then.iter().zip(&now).take_while(|(a, b)| a.is_same(b)).count();
    match (then.get(same), now.get(same)) {
        (Some(then), Some(now)) if starts_alike => {
            format!("They differ first at event {}:\n  then: {then}\n  now:  {now}\n", then.index)
        }
        _ => format!("They differ first between the events {block} and {end}.\n"),
    }
}

/// Runs it once more and compares.
fn twice(repeatable: &dyn Repeatable, run: &Run, why: &str) -> (bool, String) {
    // Without a trace, while the first had one: tracing must not change a run either.
    let second = repeatable.run(Tracing::Off);
    if second.fingerprint == run.fingerprint {
        return (true, format!("{why}Two runs of this seed are the same: fingerprint {}.", run.fingerprint));
    }
    // Run twice more, as the two above were not recorded for this.
    let words = match repeatable.divergence() {
        Some(divergence) => capitalised(&divergence.to_string()),
        None => "Two runs of this seed differed, and later ones did not: a static or a thread-local outlives a run.".to_owned(),
    };
    (false, format!("{why}{words}"))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
