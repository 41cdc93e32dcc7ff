//! `cargo lab shrink`: the smallest part of a failing run that still fails.

use anstream::println;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use labrpc::sim::{Policy, Trace, Tracing};

use super::{Verdict, arguments, names};
use crate::case::TestCase;
use crate::implementation::Implementation;
use crate::report::{self, artifacts, failure};
use crate::run::{Plan, run_cut};
use crate::settings::World;
use crate::shrink;

/// Finds a smaller schedule of faults, commands and preemptions that still fails for the same cause, and tells it as a
/// story.
///
/// The story and the choices are left as shrunk.md and shrunk.json under target/lab/TEST/SEED/; cargo lab replay
/// SEED TEST --shrunk runs them. Numbers of RPCs, times and the order of events may differ from the whole run's.
#[derive(Args, Debug)]
pub(super) struct Shrink {
    /// The seed, as 42 or 0x2a
    #[arg(value_parser = arguments::seed)]
    seed: u64,
    /// The test
    test: String,
    /// Who runs next: random, pct, pct:DEPTH or fifo
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// How many runs the search takes at most
    #[arg(long, default_value_t = shrink::RUNS_DEFAULT)]
    runs: usize,
}

impl Shrink {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let case = names::find(&self.test)?;
        let plan = plan(self.seed, self.policy);
        let bar = ProgressBar::new(self.runs as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} runs {msg}") {
            bar.set_style(style);
        }
        let shrunk = shrink::shrink(case, implementation, plan, self.runs, &mut |size, runs| {
            bar.set_position(runs as u64);
            bar.set_message(format!("{} faults, {} commands", size.faults, size.commands));
        });
        bar.finish_and_clear();
        let shrunk = shrunk.map_err(|error| anyhow!("{} with seed {:#x}: {error}", case.name, self.seed))?;
        let directory = report::directory(case.name, self.seed);
        shrink::write(&directory, &shrunk, implementation)
            .with_context(|| format!("cannot write to {}", directory.display()))?;
        println!("{}", shrink::story(&shrunk));
        println!("story:  {}shrunk.md", failure::shown(&directory));
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
    let directory = report::directory(case.name, plan.seed);
    let stored = shrink::read(&directory, plan, implementation).map_err(|error| anyhow!(error))?;
    let traced = Plan { tracing: artifacts::TRACING, ..plan };
    let outcome = run_cut(case, implementation, traced, &stored.cut());
    if let Some(trace) = &outcome.trace {
        show(trace, outcome.tally.servers)?;
    }
    match &outcome.defeat {
        Some(defeat) => println!("{}", failure::of_traced(case, plan, defeat)),
        None => println!("What was left of the failure passes now."),
    }
    let fingerprint = outcome.fingerprint.map(|print| print.to_string()).unwrap_or_default();
    if fingerprint == stored.fingerprint {
        println!("\nThe same run as the stored one: fingerprint {fingerprint}.");
    } else {
        println!(
            "\nNot the stored run: its fingerprint was {}, this one's is {fingerprint}. The code has changed since; run cargo \
             lab shrink again.",
            stored.fingerprint
        );
    }
    Ok(if outcome.defeat.is_some() { Verdict::Failed } else { Verdict::Ok })
}
