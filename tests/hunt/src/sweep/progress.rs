//! The progress of a sweep: a table that changes on a terminal, a line now and then elsewhere. Each new cause of
//! failure is a line at once. All of it goes to standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use labrpc::printable;
use labrpc::time::Instant;

use super::results::Row;
use super::scope::Scope;
use super::table;
use crate::FailedRun;
use crate::workers::Job;
use crate::workers::{report, system};
use lab_runs::artifacts;

/// How often the table changes.
const TABLE_PERIOD: Duration = Duration::from_millis(250);
/// How often a line is written where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(10);
/// The lines of a terminal that are left for other things.
const LINES_LEFT: usize = 4;

/// Shows how a sweep goes on.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    started_at: Instant,
    shown_at: Instant,
    /// The runs that are to be made this time, if there is an end.
    total: Option<u64>,
}

impl Progress {
    /// Shows nothing but new causes of failure if it is quiet.
    pub fn new(is_quiet: bool) -> Self {
        let is_live = !is_quiet && std::io::stderr().is_terminal();
        let bar = is_live.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or(ProgressStyle::default_spinner()));
            bar
        });
        let now = Instant::now();
        Self { bar, is_quiet, started_at: now, shown_at: now, total: None }
    }

    pub(super) fn begin(&mut self, scope: &Scope, earlier_runs: u64) {
        let all = scope.seeds.count.map(|count| count.saturating_mul(scope.variants.len() as u64));
        self.total = all.map(|all| all.saturating_sub(earlier_runs));
        if earlier_runs > 0 {
            self.line(&format!("{earlier_runs} runs were made before by this build and are taken over"));
        }
    }

    /// How many runs there are still to be made, when `count` were made this time; `None` if there is no end.
    pub(super) fn left(&self, count: u64) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(count))
    }

    /// A line above the table.
    fn line(&self, text: &str) {
        let text = printable(text);
        match &self.bar {
            // Without this the line would be printed in the middle of the table.
            Some(bar) => bar.suspend(|| lab_runs::eprintln!("{text}")),
            None => lab_runs::eprintln!("{text}"),
        }
    }

    /// A failure with a new cause.
    pub(super) fn failed(&self, job: &Job, failed: &FailedRun) {
        let policy = if job.policy == "random" { String::new() } else { format!(" {}", job.policy) };
        self.line(&format!("FAILED {} seed {:#x}{policy}: {}", job.test, job.seed, failed.headline));
    }

    /// A failed seed was run again and failed again: as it should be.
    pub(super) fn reported(&self, job: &Job) {
        if !self.is_quiet {
            let directory = report::directory(&job.test, &job.world, job.seed);
            self.line(&format!("       report and trace are in {}/", artifacts::shown(&directory)));
        }
    }

    /// A failed seed did not fail again in the same way.
    pub(super) fn not_repeated(&self, job: &Job) {
        self.warn(&format!(
            "{} seed {:#x} did not fail in the same way when it was run again: something is not under the seed's \
             control. Usual culprits: iteration over a HashMap, std's clock, threads or locks, memory that is shared \
             between runs.",
            job.test, job.seed
        ));
    }

    /// A run could not be made.
    pub(super) fn interrupted(&self, job: &Job, how: &str) {
        self.warn(&format!(
            "{} seed {:#x} was interrupted each time: {how}; it does not count",
            job.test, job.seed
        ));
    }

    pub(super) fn warn(&self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    /// Shows how things stand, if it is time.
    pub(super) fn show(&mut self, rows: &[Row], count: u64) {
        let period = if self.bar.is_some() { TABLE_PERIOD } else { LINE_PERIOD };
        // Called for each message. The table of a hundred tests takes longer to draw than some runs take.
        if self.is_quiet || self.shown_at.elapsed() < period {
            return;
        }
        self.shown_at = Instant::now();
        let status = self.status(rows, count);
        match &self.bar {
            Some(bar) => {
                let height = system::terminal_height().saturating_sub(LINES_LEFT);
                bar.set_message(format!("{}\n{status}", table::live(rows, height)));
                bar.tick();
            }
            None => lab_runs::eprintln!("{status}"),
        }
    }

    fn status(&self, rows: &[Row], count: u64) -> String {
        let seconds = self.started_at.elapsed().as_secs_f64();
        let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
        let failed: u64 = rows.iter().map(Row::failed).sum();
        format!(
            "{seconds:.1} s: {count}{of} runs, {failed} failed, {:.0} runs a second",
            count as f64 / seconds
        )
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
