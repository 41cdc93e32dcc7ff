//! `shrink`: the fewest preemptions with which a failure still happens, told as a story.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use clap::Args;
use lab_runs::{commands, println};
use labrpc::printable;
use labrpc::sim::{Event, Kind};

use super::arguments::RunArguments;
use super::columns::words;
use super::process::Verdict;
use super::simulated_test::{OneRun, Part, Tests};
use crate::shrink::{self, Shrunk, shrink};

/// Finds the fewest preemptions with which a failure still happens, and tells the run that is left as a story.
#[derive(Args, Debug)]
pub(super) struct Shrink {
    #[command(flatten)]
    run: RunArguments,
    /// How many runs the search takes at most
    #[arg(long, default_value_t = shrink::RUNS_DEFAULT)]
    runs: usize,
}

/// So many turns of threads are told.
const TURNS_MAX: usize = 40;
/// So many operations of a turn are told.
const OPERATIONS_MAX: usize = 4;

impl Shrink {
    pub(super) fn run(&self, tests: Tests) -> Result<Verdict> {
        let run = self.run.one_run(tests)?;
        let shrunk = shrink(&run, self.runs, &mut |_, _| {});
        let shrunk =
            shrunk.map_err(|error| anyhow!("{} with seed {:#x}: {error}", run.test.name, run.plan.seed))?;
        println!("{}", story(&run, &shrunk));
        Ok(Verdict::Ok)
    }
}

fn story(run: &OneRun, shrunk: &Shrunk<Part>) -> String {
    let (test, plan) = (run.test.name, run.plan);
    let mut out = format!("What is left of {test} with seed {:#x}: {}\n", plan.seed, shrunk.signature);
    let (before, after) = (shrunk.before.preemptions, shrunk.after.preemptions);
    let more = if shrunk.is_finished { "" } else { "; more runs might leave less: --runs" };
    let _ = writeln!(out, "{after} of {before} preemptions are enough ({} runs{more}).\n", shrunk.runs);
    let turns = turns(&shrunk.run.report().trace.events);
    let left_out = turns.len().saturating_sub(TURNS_MAX);
    if left_out > 0 {
        let _ = writeln!(out, "  ... {left_out} turns before");
    }
    for turn in &turns[left_out..] {
        let _ = writeln!(out, "  {turn}");
    }
    if let Err(failure) = &shrunk.run.0 {
        let _ = writeln!(out, "\n{}", failure.cause);
    }
    let replay = commands::replay(test, &plan.policy.to_string(), "simulated", plan.seed);
    let _ = write!(out, "\nthe whole run: {replay}");
    printable(&out).into_owned()
}

/// What each thread did in a row, as a sentence each.
fn turns(events: &[Event]) -> Vec<String> {
    let events: Vec<&Event> = events.iter().filter(|event| event.kind != Kind::Resume).collect();
    events
        .chunk_by(|a, b| a.thread_number == b.thread_number)
        .map(|turn| {
            let operations: Vec<String> =
                turn.iter().take(OPERATIONS_MAX).map(|event| words(event)).collect();
            let more = match turn.len().saturating_sub(OPERATIONS_MAX) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("{}/{}: {}{more}", turn[0].node, turn[0].thread, operations.join(", "))
        })
        .collect()
}
