//! Grades scenarios that somebody else has written: which wrong Rafts they find, and whether they accuse right ones.
//!
//! # How it works
//!
//! `cargo lab grade-tests FILE` (in the crate `lab-mutants`) writes a program that has the scenarios of the file, the reference, other right
//! Rafts and a few dozen copies of the reference with a bug in each, and calls [`main`]. In the order in which it happens:
//!
//! 1. The scenarios are run on the right ones. Who fails there is a false alarm, and finds nothing.
//! 2. The others are run on the wrong ones, each seed until one fails.
//! 3. What came of each pair is kept in a file at once (`ledger`), so that a call that was interrupted goes on.
//! 4. The `score` counts the bugs that were found, each with its weight, and what false alarms cost.
//!
//! All runs are made in worker processes, as those of `cargo lab grade`: a scenario that loops, eats memory or ends its process fails, and
//! nothing else. A worker is told in the name of a run which server it is; the scenario is not told.
//!
//! # What it trusts
//!
//! A scenario runs in one process with the server that it tests. Who reads the memory of that process, or the names of functions in a
//! backtrace, finds out which one it is. Read what is graded well.

mod ledger;
mod run;
mod score;
mod subjects;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Parser, Subcommand};
use lab_harness::TestCase;
use lab_hunt::program::process::{self, Verdict};
use lab_hunt::workers;
use lab_runs::settings::seed_count;
use lab_runs::{OutputFile, println};

use run::Exam;
pub use subjects::{Bug, Subject, Subjects};

/// Grades the scenarios of a file.
#[derive(Parser, Debug)]
#[command(name = "cargo lab grade-tests", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Hidden>,
    /// How many seeds a scenario has to find a bug
    #[arg(long, default_value_t = 5, value_parser = seed_count)]
    seeds: u64,
    /// How many seeds of each right Raft it must pass
    #[arg(long, default_value_t = 10, value_parser = seed_count)]
    sound_seeds: u64,
    /// Write everything to this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Forget what an earlier call has found out
    #[arg(long)]
    fresh: bool,
    /// Show what each scenario finds
    #[arg(long)]
    details: bool,
    /// Tells this file and these Rafts from others
    #[arg(long, default_value = "", hide = true)]
    key: String,
    /// Where the scenarios were compiled
    #[arg(long, default_value = "", hide = true, requires = "shown")]
    made: String,
    /// Where their author has them
    #[arg(long, default_value = "", hide = true)]
    shown: String,
    /// Count which of the lab's own tests find each bug, as JSON
    #[arg(long, hide = true)]
    measure: bool,
}

#[derive(Subcommand, Debug)]
enum Hidden {
    /// What the worker processes run.
    #[command(hide = true, name = workers::COMMAND)]
    Work,
}

/// The program: scenarios and what they are put before.
#[must_use]
pub fn main(subjects: &'static Subjects, scenarios: &'static [TestCase]) -> ExitCode {
    process::run(|| match Arguments::try_parse() {
        Ok(arguments) => process::exit_code(grade(&arguments, subjects, scenarios)),
        Err(error) => process::usage(&error),
    })
}

fn grade(
    arguments: &Arguments,
    subjects: &'static Subjects,
    scenarios: &'static [TestCase],
) -> Result<Verdict> {
    if arguments.command.is_some() {
        return workers::work(&run::Rafts::new(subjects, scenarios)).map(|()| Verdict::Ok);
    }
    if arguments.measure {
        return run::measure(subjects, arguments.seeds).map(|()| Verdict::Ok);
    }
    anyhow::ensure!(
        !scenarios.is_empty(),
        "there are no scenarios: list them in `lab::scenarios! {{ ... }}`"
    );
    let file =
        arguments.json.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
    let key = format!("{}-{}-{}", arguments.key, arguments.seeds, arguments.sound_seeds);
    let ledger = ledger::Ledger::open(&key, arguments.fresh)?;
    let exam =
        Exam { subjects, scenarios, seeds: arguments.seeds, sound_seeds: arguments.sound_seeds, ledger };
    let mut results = exam.run()?;
    results.values_mut().for_each(|end| end.tell_as(&arguments.made, &arguments.shown));
    let score = score::Score::of(subjects, scenarios, &results);
    if let Some(file) = file {
        let text = serde_json::to_string_pretty(&score).context("writing JSON")?;
        file.write(text.as_bytes()).map_err(|error| anyhow!(error))?;
    }
    println!("{}", table::show(&score, arguments.details));
    Ok(Verdict::of(score.false_alarms.is_empty()))
}
