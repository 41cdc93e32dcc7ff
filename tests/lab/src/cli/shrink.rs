//! `cargo lab shrink`: the smallest part of a failing run that still fails.

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lab_runs::println;
use labrpc::sim::{Policy, Trace, Tracing};

use super::arguments::TestAndSeed;
use crate::program::Verdict;
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::run_subset;
use lab_hunt::shrink::{self, ShrunkRun};
use lab_report::explain;
use lab_runs::{Plan, World, artifacts, commands};

use crate::program::Implementations;
use crate::shrinking::{self, story};

/// Finds a smaller schedule of faults, commands and preemptions that still fails for the same cause, and tells it as a
/// story.
///
/// The story and the choices are left as shrunk.md and shrunk.json under target/lab/TEST/SEED/; cargo lab replay
/// TEST SEED --shrunk runs them. Numbers of RPCs, times and the order of events may differ from the whole run's.
#[derive(Args, Debug)]
pub(crate) struct Shrink {
    #[command(flatten)]
    which: TestAndSeed,
    /// Who runs next: random, pct, pct:DEPTH, urw, surw, pos, starve, fifo, or portfolio, a mix by seed
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// How many runs the search takes at most
    #[arg(long, default_value_t = shrink::RUNS_DEFAULT)]
    runs: usize,
}

impl Shrink {
    pub(super) fn run(&self, graded: Implementations) -> Result<Verdict> {
        let (case, seed) = self.which.read()?;
        let plan = plan(seed, self.policy);
        let bar = ProgressBar::new(self.runs as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs {msg}") {
            bar.set_style(style);
        }
        let shrunk = shrinking::shrink(
            case,
            graded.implementation,
            graded.reference,
            plan,
            self.runs,
            &mut |size, runs| {
                bar.set_position(runs as u64);
                bar.set_message(format!("{} faults, {} commands", size.faults, size.commands));
            },
        );
        bar.finish_and_clear();
        let shrunk = shrunk.map_err(|error| anyhow!("{} with seed {:#x}: {error}", case.name, seed))?;
        let directory = artifacts::directory(case.name, seed);
        let story = story(case, plan, &shrunk);
        let choices = ShrunkRun::of(case.name, plan, graded.implementation.name(), &shrunk);
        shrink::write(&directory, &choices, &story)
            .with_context(|| format!("cannot write to {}", directory.display()))?;
        println!("{story}");
        println!("story:  {}/shrunk.md", artifacts::shown(&directory));
        Ok(Verdict::Ok)
    }
}

fn plan(seed: u64, policy: Policy) -> Plan {
    Plan { world: World::Simulated, seed, policy, tracing: Tracing::Off }
}

/// Runs what is left of a failure; `show` shows its log.
pub(super) fn replay(
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    show: impl FnOnce(&Trace, usize) -> Result<()>,
) -> Result<Verdict> {
    let directory = artifacts::directory(case.name, plan.seed);
    let stored = shrink::read(&directory, plan, implementation.name()).map_err(|error| anyhow!(error))?;
    let traced = Plan { tracing: artifacts::TRACING, ..plan };
    let outcome = run_subset(case, implementation, traced, &stored.subset());
    if let Some(trace) = &outcome.trace {
        show(trace, outcome.tally.servers)?;
    }
    match &outcome.failure {
        Some(failure) => println!("{}", explain::of_shrunk(case, plan, failure)),
        None => println!("What was left of the failure passes now."),
    }
    let fingerprint = outcome.fingerprint.map(|print| print.to_string()).unwrap_or_default();
    if fingerprint == stored.fingerprint {
        println!("\nThe same run as the stored one: fingerprint {fingerprint}.");
    } else {
        println!(
            "\nNot the stored run: its fingerprint was {}, this one's is {fingerprint}. The code has changed since; run {} \
             shrink again.",
            stored.fingerprint,
            commands::program()
        );
    }
    Ok(if outcome.failure.is_some() { Verdict::Failed } else { Verdict::Ok })
}
