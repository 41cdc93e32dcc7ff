//! `cargo lab grade`: tests over their seeds, and what they are worth.
//!
//! In the order in which it happens: the [progress] shows a failure as soon as there is one; at the end failures with the
//! same cause are told together ([causes]), and the [summary] has a line for each part, and one for each test that did not
//! pass. Ctrl-C ends it after the runs that are under way; what is known by then is told.
//! Simulated runs share the processors; real ones come one after the other, because they look at the clock.

mod causes;
mod progress;
mod summary;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::{Outcome, run_case};
use lab_hunt::shrink::Signature;
use lab_hunt::sweep;
use lab_report as report;
use lab_runs::Plan;
use lab_runs::println;
use labrpc::sync::{Arc, Mutex};
use labrpc::time::Instant;

use super::arguments::RunArguments;
use super::names::{self, Selected};
use crate::hunted::signature;
use crate::program::Verdict;
use progress::Progress;

/// Runs parts or tests over their seeds and shows what they are worth.
#[derive(Args, Debug)]
pub(crate) struct Grade {
    /// Parts (3A to 3D, or 2A to 2D; 4A to 4C), tests or patterns, also with commas between; all if none is given
    names: Vec<String>,
    #[command(flatten)]
    run: RunArguments,
    /// Show every test with its times and calls, not only those that failed
    #[arg(long)]
    details: bool,
}

/// How a test did over its seeds.
struct Row {
    case: &'static TestCase,
    /// The seeds that were run.
    runs: usize,
    /// The time of all of them.
    wall: Duration,
    /// Calls of all of them.
    rpcs: u64,
    /// The first that failed; the rest was then not run.
    failure: Option<Failed>,
    /// Why it was skipped, if it was.
    skipped: Option<String>,
}

/// A seed that failed.
struct Failed {
    plan: Plan,
    headline: String,
    /// What failures of the same cause have in common.
    cause: Signature,
    report: String,
}

impl Row {
    fn points(&self) -> u32 {
        if self.failure.is_none() { self.points_max() } else { 0 }
    }

    /// What there is to gain: nothing by a test that was skipped.
    fn points_max(&self) -> u32 {
        if self.skipped.is_none() { self.case.points } else { 0 }
    }
}

impl Grade {
    pub(crate) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let Selected { cases, note } = names::select_for(&self.names, implementation)?;
        if cases.is_empty() {
            bail!("nothing to grade: {}", note.unwrap_or_else(|| "no test was named".to_owned()));
        }
        let plans = self.run.plans();
        let is_interrupted = listen_for_interrupts()?;
        let progress = Mutex::new(Progress::new(cases.len() * plans.len()));
        let grading =
            Grading { implementation, plans: &plans, progress: &progress, is_interrupted: &is_interrupted };
        let begin = Instant::now();
        let rows = grading.all(&cases, self.run.workers());
        let elapsed = begin.elapsed();
        let progress = progress.into_inner();
        progress.finish();
        causes::print(&rows);
        let is_interrupted = is_interrupted.load(Ordering::Relaxed);
        let extent = if is_interrupted { sweep::Extent::Part } else { sweep::Extent::Whole };
        summary::print(&rows, elapsed, self.details, extent);
        if let Some(note) = note {
            println!("{note}");
        }
        // Last, when all that is known has been shown: the exit code says that it is not the whole.
        if is_interrupted {
            bail!("interrupted: not everything was run");
        }
        let is_passed = rows.iter().all(|row| row.failure.is_none());
        Ok(if is_passed { Verdict::Ok } else { Verdict::Failed })
    }
}

/// Ctrl-C ends it after the run that is under way. Pressed again, it ends the process.
fn listen_for_interrupts() -> Result<Arc<AtomicBool>> {
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&is_interrupted);
    sweep::on_interrupt(move || pressed.store(true, Ordering::Relaxed))?;
    Ok(is_interrupted)
}

/// What all tests of a grade have in common.
struct Grading<'a> {
    implementation: Implementation,
    plans: &'a [Plan],
    progress: &'a Mutex<Progress>,
    is_interrupted: &'a AtomicBool,
}

impl Grading<'_> {
    /// The tests' rows in the order of the tests, whoever ends first. Those that Ctrl-C has prevented are left out.
    fn all(&self, cases: &[&'static TestCase], workers: usize) -> Vec<Row> {
        let next = AtomicUsize::new(0);
        let rows = Mutex::new(Vec::new());
        let work = || {
            while !self.is_interrupted.load(Ordering::Relaxed)
                && let index = next.fetch_add(1, Ordering::Relaxed)
                && let Some(case) = cases.get(index)
            {
                let row = self.case(case);
                self.progress.lock().end_of(&row);
                rows.lock().push((index, row));
            }
        };
        // Each run is a world of its own, so that threads of the operating system do not disturb what it decides.
        #[expect(clippy::disallowed_methods, reason = "outside all runs")]
        std::thread::scope(|scope| {
            for _ in 1..workers.min(cases.len()) {
                // With fewer it only takes longer.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let mut rows = rows.into_inner();
        rows.sort_by_key(|(index, _)| *index);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn case(&self, case: &'static TestCase) -> Row {
        let mut row = Row { case, runs: 0, wall: Duration::ZERO, rpcs: 0, failure: None, skipped: None };
        for &plan in self.plans {
            self.progress.lock().show(case, plan);
            let outcome: Outcome = run_case(case, self.implementation, plan);
            row.runs += 1;
            row.wall += outcome.wall;
            row.rpcs += outcome.tally.traffic.rpcs;
            row.skipped.clone_from(&outcome.skipped);
            row.failure = failed(case, self.implementation, plan, &outcome);
            let progress = self.progress.lock();
            progress.pause(|| report::remark_once(&outcome));
            progress.step(1);
            // One failure takes the points, and the first report is the one to read. The other seeds are for a
            // sweep.
            if row.failure.is_some() || self.is_interrupted.load(Ordering::Relaxed) {
                progress.step(self.plans.len() - row.runs);
                break;
            }
        }
        row
    }
}

fn failed(case: &TestCase, implementation: Implementation, plan: Plan, outcome: &Outcome) -> Option<Failed> {
    let failure = outcome.failure.as_deref()?;
    let report = report::explain_failure(case, implementation, plan, outcome)?;
    Some(Failed { plan, headline: report::headline(failure), cause: signature(failure), report })
}
