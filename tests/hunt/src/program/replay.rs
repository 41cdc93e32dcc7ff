//! `replay`: one test with one seed, and what its threads did.

use anyhow::{Context, Result};
use clap::Args;
use console::Term;
use lab_runs::artifacts::{self, StoredRun};
use lab_runs::{commands, println};
use labrpc::printable;
use labrpc::sim::{Report, Tracing};

use super::arguments::RunArguments;
use super::columns::columns;
use super::process::Verdict;
use super::simulated_test::{OneRun, Tests};
use crate::replay::{Comparison, Run, compare, compare_stalled};

/// Runs one test with one seed again, proves that it is the same run, and shows what its threads did in columns.
#[derive(Args, Debug)]
pub(super) struct Replay {
    #[command(flatten)]
    run: RunArguments,
    /// How many events are shown
    #[arg(long, default_value_t = 60)]
    lines: usize,
    /// Show the verdict only
    #[arg(short, long)]
    quiet: bool,
}

/// The width where no terminal tells it.
const WIDTH_DEFAULT: usize = 120;

impl Replay {
    pub(super) fn run(&self, tests: Tests) -> Result<Verdict> {
        let run = self.run.one_run(tests)?;
        let (traced, comparison) = compared(run)?;
        let report = traced.as_ref().unwrap_or_else(|failure| &failure.report);
        if !self.quiet {
            let width = Term::stdout().size_checked().map_or(WIDTH_DEFAULT, |(_, columns)| columns.into());
            println!("{}", columns(&report.trace.events, self.lines, width));
        }
        match &traced {
            Ok(report) => println!("passed: {}", facts(report)),
            Err(failure) => println!("{failure}\n{}", facts(&failure.report)),
        }
        println!("{}", printable(&comparison.words));
        let is_well = traced.is_ok() && comparison.is_reproducible;
        Ok(Verdict::of(is_well))
    }
}

fn facts(report: &Report) -> String {
    format!("{:?} of virtual time, {} steps, {}", report.elapsed, report.steps, report.replay)
}

type Traced = Result<Report, Box<labrpc::sim::Failure>>;

/// Runs it with a trace, compares it with what was stored, and stores it.
fn compared(run: OneRun) -> Result<(Traced, Comparison)> {
    let directory = artifacts::directory(run.test.name, run.plan.seed);
    let stored = StoredRun::read(&directory, run.plan, "");
    let traced = run.run(artifacts::TRACING);
    let report = traced.as_ref().unwrap_or_else(|failure| &failure.report);
    let made =
        Run { fingerprint: report.trace.fingerprint, trace: report.trace.clone(), is_passed: traced.is_ok() };
    let is_stall =
        traced.as_ref().is_err_and(|failure| matches!(failure.cause, labrpc::sim::Cause::Stall { .. }));
    let comparison = if is_stall {
        compare_stalled(stored.as_ref())
    } else {
        compare(&run, stored.as_ref(), &directory, &made)
    };
    store(run, &traced).with_context(|| format!("cannot write to {}", directory.display()))?;
    Ok((traced, comparison))
}

/// Leaves the run in the folder of its seed.
fn store(run: OneRun, traced: &Traced) -> std::io::Result<()> {
    let report = traced.as_ref().unwrap_or_else(|failure| &failure.report);
    let directory = artifacts::directory(run.test.name, run.plan.seed);
    std::fs::create_dir_all(&directory)?;
    artifacts::write_file(&directory.join("trace.jsonl"), |out| report.trace.write_json_lines(out))?;
    StoredRun::new(run.test.name, run.plan, "", traced.is_ok(), &report.trace).write(&directory)
}

/// The report of a failed run, which is left in the folder of its seed with its trace.
pub(super) fn explain(run: OneRun) -> String {
    let traced = run.run(Tracing::Last(20_000));
    let Err(failure) = &traced else { return "It passed when it was run again.\n".to_owned() };
    let replay = commands::replay(run.test.name, &run.plan.policy.to_string(), "simulated", run.plan.seed);
    let columns = columns(&failure.report.trace.events, 60, WIDTH_DEFAULT);
    let mut text = format!(
        "{} failed with seed {:#x}: {failure}\n\n{columns}\nagain: {replay}\n",
        run.test.name, run.plan.seed
    );
    let directory = artifacts::directory(run.test.name, run.plan.seed);
    if let Err(error) =
        store(run, &traced).and_then(|()| artifacts::write_block(&directory.join("report.md"), &text))
    {
        text += &format!("The run could not be stored: {error}\n");
    }
    text
}
