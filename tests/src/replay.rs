//! Runs a seed again, and proves that it is the same run.
//!
//! # How it works
//!
//! A run that failed is [kept](crate::report::directory) with its fingerprint. A replay of its test and seed must have the same one. If nothing
//! is kept, the seed is run twice, and the two runs must be the same. Where they are not, the first event that differs
//! tells where to look, and whether two runs of the same program differ tells what for: either the code has changed
//! since, or something in it is not under the seed's control.

use labrpc::sim::{Divergence, Event, Fingerprint, Kind, Trace, Tracing};

use crate::case::TestCase;
use crate::implementation::Implementation;
use crate::report::artifacts::{self, Files, StoredRun};
use crate::report::{self, failure};
use crate::run::{Outcome, Plan, divergence, run_case};

/// A replay and how it compares.
#[derive(Debug)]
pub struct Replayed {
    /// The run, with its trace.
    pub outcome: Outcome,
    /// The report of a run that failed, the line of one that passed.
    pub report: String,
    /// Whether it is the run that it should be.
    pub is_same: bool,
    /// Whether the seed decides all: if it is another run than the stored one, then because the code has changed.
    pub is_reproducible: bool,
    /// What it was compared with and how that went, in words.
    pub comparison: String,
}

/// Replays a simulation, and leaves its report, log and trace under `target/lab/`.
///
/// # Errors
///
/// If the files cannot be written.
pub fn replay(case: &TestCase, implementation: Implementation, plan: Plan) -> std::io::Result<Replayed> {
    let directory = report::directory(case.name, plan.seed);
    let stored = StoredRun::read(&directory, plan, implementation);
    let outcome = run_case(case, implementation, Plan { tracing: artifacts::TRACING, ..plan });
    if let Some(defeat) = outcome.defeat.as_ref().filter(|defeat| defeat.is_stall()) {
        let report = failure::untraced(case, plan, defeat);
        artifacts::write_alone(&directory, &report)?;
        return Ok(stalled(stored.as_ref(), outcome, report));
    }
    let (is_same, is_reproducible, comparison) = match &stored {
        Some(stored) => compare(case, implementation, plan, stored, &outcome),
        None => {
            let (is_same, words) =
                twice(case, implementation, plan, &outcome, "Nothing was stored to compare with. ");
            (is_same, is_same, words)
        }
    };
    let report = match &outcome.defeat {
        Some(defeat) => failure::of_traced(case, plan, defeat),
        None => report::passed_line(case, plan, &outcome),
    };
    artifacts::write(&directory, &Files { case, implementation, plan, report: &report, run: &outcome })?;
    Ok(Replayed { outcome, report, is_same, is_reproducible, comparison })
}

/// A replay that has stalled.
fn stalled(stored: Option<&StoredRun>, mut outcome: Outcome, report: String) -> Replayed {
    outcome.trace = None;
    let comparison = "A run that stalls has no fingerprint to compare: the thread that does not give way keeps all that is known of \
                      it. Where it loops, a debugger tells: LAB_STALL=600 leaves the time to attach one.";
    let comparison = match stored {
        Some(stored) => {
            format!("The stored run did not stall: fingerprint {}.\n{comparison}", stored.fingerprint)
        }
        None => comparison.to_owned(),
    };
    Replayed { is_same: stored.is_none(), is_reproducible: stored.is_none(), outcome, report, comparison }
}

fn fingerprint(outcome: &Outcome) -> Fingerprint {
    outcome.fingerprint.unwrap_or_default()
}

/// Compares with the run that is kept.
fn compare(
    case: &TestCase,
    implementation: Implementation,
    plan: Plan,
    stored: &StoredRun,
    outcome: &Outcome,
) -> (bool, bool, String) {
    let print = fingerprint(outcome);
    let how = |passed: bool| if passed { "passed" } else { "failed" };
    if stored.fingerprint == print.to_string() {
        return (
            true,
            true,
            format!("The same run as the stored one, which {}: fingerprint {print}.", how(stored.passed)),
        );
    }
    let empty = Trace::default();
    let trace = outcome.trace.as_ref().unwrap_or(&empty);
    let block = stored.first_difference(trace).unwrap_or_default();
    let mut words = format!(
        "Not the stored run: that one {} with fingerprint {}, this one {} with {print}.\n",
        how(stored.passed),
        stored.fingerprint,
        how(outcome.defeat.is_none())
    );
    words += &first_difference(case, implementation, plan, block);
    let (is_deterministic, second) = twice(case, implementation, plan, outcome, "");
    words += &second;
    if is_deterministic {
        words +=
            " So the code has changed since, or it was built in another way. What is stored now is this run.";
    }
    (false, is_deterministic, words)
}

/// The first event in which a run differs from the one that is stored, which is in this block of events.
fn first_difference(case: &TestCase, implementation: Implementation, plan: Plan, block: u64) -> String {
    const BLOCK: usize = 256;
    let end = block + BLOCK as u64;
    let then = artifacts::stored_events(&report::directory(case.name, plan.seed), block, end);
    let window = Tracing::Window { from: block, len: BLOCK };
    let now = run_case(case, implementation, Plan { tracing: window, ..plan }).trace.unwrap_or_default();
    let now: Vec<&Event> = now.events.iter().filter(|event| event.kind != Kind::Log).collect();
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
fn twice(
    case: &TestCase,
    implementation: Implementation,
    plan: Plan,
    outcome: &Outcome,
    why: &str,
) -> (bool, String) {
    let untraced = Plan { tracing: Tracing::Off, ..plan };
    let second = run_case(case, implementation, untraced);
    if second.fingerprint == outcome.fingerprint {
        let print = fingerprint(outcome);
        return (true, format!("{why}Two runs of this seed are the same: fingerprint {print}."));
    }
    let words = match divergence(case, implementation, untraced) {
        Some(divergence) => differs(&divergence),
        None => "Two runs of this seed differed, and later ones did not: a static or a thread-local outlives a run.".to_owned(),
    };
    (false, format!("{why}{words}"))
}

fn differs(divergence: &Divergence) -> String {
    let text = divergence.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
