//! `cargo lab exhaust`: all schedules of a test with few preemptions.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use labrpc::printable;
use labrpc::search::{Exhausted, Exhaustive};
use labrpc::sim::{Policy, Tracing};
use labrpc::time::Instant;

use super::names;
use crate::program::Verdict;
use lab_harness::implementation::Implementation;
use lab_harness::run::{Outcome, run_case};
use lab_hunt::program::quantity::{count, time};
use lab_hunt::program::seed;
use lab_report as report;
use lab_runs::{Plan, World, eprintln, println};

/// Runs a test under every schedule that differs from first-in-first-out order by at most so many preemptions.
///
/// What is not of the schedule, as delays and election timeouts, follows from the seed and is the same in all of them. With n
/// choices there are about n^k / k! schedules with k preemptions: a whole test has ten thousands of choices, so this is for
/// small scenarios, such as votes_of_three. The exit code is 0 if all passed, 1 if one failed, 2 if not all were run.
#[derive(Args, Debug)]
pub(crate) struct Exhaust {
    /// The test
    test: String,
    /// The seed
    #[arg(default_value = "1", value_parser = seed)]
    seed: u64,
    /// How many preemptions at most
    #[arg(long, default_value_t = 2, value_parser = preemptions)]
    preemptions: usize,
    /// Stop after so many schedules
    #[arg(long, value_parser = count)]
    schedules: Option<u64>,
    /// Stop after this time: 90s, 10m, 1h30m
    #[arg(long, value_parser = time)]
    time: Option<Duration>,
}

fn preemptions(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number <= Policy::PREEMPTIONS_MAX);
    number.ok_or_else(|| {
        format!("{text:?} is no number of preemptions: write 0 to {}; 2 finds most", Policy::PREEMPTIONS_MAX)
    })
}

impl Exhaust {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let case = names::find(&self.test)?;
        let plan = |policy| Plan { world: World::Simulated, seed: self.seed, policy, tracing: Tracing::Off };
        let first =
            run_case(case, implementation, plan(Policy::Preempted(labrpc::sim::Preempted::default())));
        eprintln!("{}", estimate(&first, self.preemptions));
        let began = Instant::now();
        let explored = Exhaustive::new(self.preemptions)
            .schedules_max(self.schedules.unwrap_or(u64::MAX))
            .time(self.time.unwrap_or(Duration::MAX))
            .explore(|policy| {
                let outcome = run_case(case, implementation, plan(policy));
                if outcome.failure.is_some() { Err(Box::new((policy, outcome))) } else { Ok(outcome.choices) }
            });
        match explored {
            Err(found) => {
                let (policy, outcome) = *found;
                println!("{}", printable(&report::explain(case, implementation, plan(policy), &outcome)));
                Ok(Verdict::Failed)
            }
            Ok(exhausted) => self.passed(exhausted, began.elapsed()),
        }
    }

    fn passed(&self, exhausted: Exhausted, wall: Duration) -> Result<Verdict> {
        let Exhausted { schedules, is_complete, choices_max } = exhausted;
        let seconds = wall.as_secs_f64();
        let what = format!("{schedules} schedules with up to {} preemptions", self.preemptions);
        if !is_complete {
            bail!("{what} passed in {seconds:.1} s, and these were not all");
        }
        println!("all {what} passed, in {seconds:.1} s; the longest has {choices_max} choices");
        Ok(Verdict::Ok)
    }
}

/// About how many schedules there are, from the one without preemptions.
fn estimate(first: &Outcome, preemptions: usize) -> String {
    let others: u64 = first.choices.iter().map(|&ready| u64::from(ready) - 1).sum();
    let mut about = 1.0;
    let mut total = 1.0;
    for number in 1..=preemptions {
        about *= others as f64 / number as f64;
        total += about;
    }
    format!(
        "{} choices without a preemption: about {total:.0} schedules with up to {preemptions}, {:.1} ms each",
        first.choices.len(),
        first.wall.as_secs_f64() * 1000.0
    )
}
