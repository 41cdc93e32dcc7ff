//! `lab probe`: what the trials of `lab-mutants` start in their copies.

use std::io::Write;

use anyhow::{Context, Result};
use clap::{ArgMatches, Args, FromArgMatches};
use lab_harness::implementation::Implementation;
use lab_hunt::program::process::Verdict;
use lab_hunt::workers;
use labrpc::sim::Policy;

use crate::runs::{Run, probe};

/// Runs these tests, in this order, with the first seed, then with the second, and prints a line of JSON for each run.
#[derive(Args, Debug)]
struct Probe {
    /// The tests
    #[arg(required = true)]
    tests: Vec<String>,
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Who runs next
    #[arg(long, default_value = "random")]
    policy: Policy,
    /// Go on after the first failure
    #[arg(long)]
    all: bool,
}

/// The subcommand. It is hidden: only trials need it.
#[must_use]
pub fn probe_command() -> clap::Command {
    Probe::augment_args(clap::Command::new("probe")).hide(true)
}

/// Runs the subcommand. Good if all tests passed.
///
/// # Errors
///
/// When there is no such test.
pub fn run_probe(matches: &ArgMatches, implementation: Implementation) -> Result<Verdict> {
    let Probe { tests, seeds, policy, all } = Probe::from_arg_matches(matches)?;
    // A mutant may loop for ever. If the command is killed, nobody else would end it.
    workers::die_with_parent();
    let find = |name: &String| lab_suites::find(name).with_context(|| format!("there is no test {name}"));
    let cases = tests.iter().map(find).collect::<Result<Vec<_>>>()?;
    let print = |run: &Run| {
        // A line at a time, and flushed: the next run may be the one that ends the process, and what is in a
        // buffer ends with it.
        let mut out = std::io::stdout().lock();
        // Nobody reads any more: whoever started this has ended, and so will this.
        let _ = serde_json::to_writer(&mut out, run);
        let _ = writeln!(out).and_then(|()| out.flush());
    };
    Ok(Verdict::of(probe(&cases, (seeds, policy), all, implementation, print)))
}
