//! `cargo lab replay`: one test with one seed, and everything that happened.

use std::io::Write;

use anstream::println;
use anyhow::{Context, Result};
use clap::Args;
use labrpc::sim::{Fingerprint, Policy, Tracing};

use super::{Verdict, arguments, names};
use crate::implementation::Implementation;
use crate::report;
use crate::run::{Plan, run_case};
use crate::settings::World;

/// Runs one test with one seed again and shows what happened.
#[derive(Args, Debug)]
pub(super) struct Replay {
    /// The seed, as 42 or 0x2a
    #[arg(value_parser = arguments::seed)]
    seed: u64,
    /// The test
    test: String,
    /// Who runs next: random, pct, pct:DEPTH or fifo
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// The fingerprint of the run that this should be, as the line of a passed run shows it
    #[arg(long, value_parser = fingerprint)]
    fingerprint: Option<Fingerprint>,
    /// How many of the last events are shown
    #[arg(long, default_value_t = 20_000)]
    events: usize,
    /// Show the verdict only
    #[arg(long)]
    quiet: bool,
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16)
        .map(Fingerprint)
        .map_err(|_| format!("{text:?} is not a fingerprint: 16 digits such as 9f3c02d1e4a5b677"))
}

impl Replay {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let case = names::find(&self.test)?;
        let tracing = if self.quiet { Tracing::Off } else { Tracing::Last(self.events) };
        let plan = Plan { world: World::Simulated, seed: self.seed, policy: self.policy, tracing };
        let outcome = run_case(case, implementation, plan);
        if let Some(trace) = &outcome.trace
            && !self.quiet
        {
            let mut out = anstream::stdout().lock();
            report::write_log(&mut out, trace).and_then(|()| out.flush()).context("showing the log")?;
        }
        report::remark_once(&outcome);
        let mut verdict = Verdict::Ok;
        if outcome.defeat.is_some() {
            println!("{}", report::failure(case, implementation, plan, &outcome));
            verdict = Verdict::Failed;
        } else {
            println!("{}", report::passed_line(case, plan, &outcome));
        }
        if let (Some(wanted), Some(got)) = (self.fingerprint, outcome.fingerprint)
            && wanted != got
        {
            println!(
                "This is another run: its fingerprint is {got}, not {wanted}. The code has changed, or the policy \
                 is another, or something is not under the seed's control."
            );
            verdict = Verdict::Failed;
        }
        Ok(verdict)
    }
}
