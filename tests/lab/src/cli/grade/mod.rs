//! `cargo lab grade`: tests over their seeds, and what they are worth.
//!
//! In the order in which it happens: the [progress] shows a failure as soon as there is one; at the end failures with the
//! same cause are told together ([causes]), and the [summary] has a line for each part, and one for each test that did not
//! pass. Ctrl-C ends it at once; what is known by then is told. The runs are made in worker processes (`lab_suites::grade`).
//! Simulated runs share the processors; real ones come one after the other, because they look at the clock.

mod causes;
mod progress;
mod rubric;
mod summary;

use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use lab_harness::implementation::Implementation;
use lab_hunt::program::launch;
use lab_hunt::workers::Launch;
use lab_runs::{World, eprintln, println};
use lab_suites::grade::grading::{self, Grading, RowEnd};
use labrpc::printable;
use labrpc::sync::Mutex;
use labrpc::time::Instant;

use super::arguments::RunArguments;
use super::names::{self, Selected};
use super::user;
use crate::program::Verdict;
use progress::{Progress, Shown};
pub use rubric::RubricArguments;

/// Runs parts or tests over their seeds and shows what they are worth.
#[derive(Args, Debug)]
pub(crate) struct Grade {
    /// Parts (2K and 2L; 3A to 3D, or 2A to 2D; 4A to 4C; E1 to E7), tests or patterns, also with commas between; all that are offered but E7 if none is given
    names: Vec<String>,
    #[command(flatten)]
    run: RunArguments,
    /// Show every test with its times and calls, not only those that failed
    #[arg(long)]
    details: bool,
    /// Run the code under test as this user, who is not you (needs root): see `lab::trust`
    #[arg(long, value_name = "USER")]
    as_user: Option<String>,
    #[command(flatten)]
    rubric: RubricArguments,
}

impl Grade {
    pub(crate) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        if self.rubric.is_asked_for() {
            return rubric::run(&self.rubric, &self.names, self.as_user.as_deref());
        }
        let Selected { cases, note } = names::select_for(&self.names, implementation)?;
        if cases.is_empty() {
            bail!("nothing to grade: {}", note.unwrap_or_else(|| "no test was named".to_owned()));
        }
        let plans = self.run.plans();
        if plans[0].world == World::Real {
            eprintln!(
                "on real threads each test runs once, whatever --seeds says: sweep --world real repeats it"
            );
        }
        let progress = Arc::new(Mutex::new(Progress::new(cases.len() * plans.len())));
        let (shown, workers) = (Arc::clone(&progress), self.run.workers());
        // What the code under test prints is seen as it comes, above the bar.
        let echo = move |line: &str| shown.lock().pause(|| eprintln!("{}", printable(line)));
        let launch = Launch { echo: Some(Arc::new(echo)), ..launch() };
        let launch = match &self.as_user {
            Some(user) => user::run_as(user, launch)?,
            None => launch,
        };
        let grading = Grading {
            cases: &cases,
            plans: &plans,
            workers,
            launch,
            is_repeated: true,
            is_interruptible: true,
        };
        let begin = Instant::now();
        let graded = grading::grade(&grading, &mut Shown(Arc::clone(&progress)));
        let elapsed = begin.elapsed();
        progress.lock().finish();
        let graded = graded?;
        causes::print(&graded.rows);
        if let Some(note) = note {
            println!("{note}");
        }
        summary::print_not_repeatable(&graded.rows, plans[0]);
        // The sum is the last line, where people and programs look for it.
        summary::print(&graded, elapsed, self.details);
        verdict(&graded)
    }
}

/// What it comes to, when all that is known has been shown: the exit code says if that is not the whole.
fn verdict(graded: &grading::Graded) -> Result<Verdict> {
    if graded.is_interrupted {
        bail!("interrupted: not everything was run");
    }
    if graded.rows.iter().any(|row| row.failure().is_some()) {
        return Ok(Verdict::Failed);
    }
    if summary::is_all_skipped(&graded.rows) {
        bail!("nothing was judged: all tests were skipped");
    }
    match graded.rows.iter().filter(|row| matches!(row.end, RowEnd::Interrupted(_))).count() {
        0 => Ok(Verdict::Ok),
        count => bail!("{count} tests could not be told: somebody ended their processes each time"),
    }
}
