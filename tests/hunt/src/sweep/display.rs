//! What is shown while a sweep goes on: a table that changes on a terminal, a line now and then elsewhere. Each new cause of
//! failure is a line at once. All of it goes to standard error.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use labrpc::time::Instant;

use super::failed::Failed;
use super::protocol::Order;
use super::results::Row;
use super::scope::Scope;
use super::{system, table, untraced};
use lab_runs::artifacts;

/// How often the table changes.
const TABLE_PERIOD: Duration = Duration::from_millis(250);
/// How often a line is written where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(10);
/// The lines of a terminal that are left for other things.
const LINES_LEFT: usize = 4;

/// Who watches.
#[derive(Debug)]
pub struct Display {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    began: Instant,
    shown: Instant,
    /// The runs that are to be made this time, if there is an end.
    total: Option<u64>,
}

impl Display {
    /// Shows nothing but new causes of failure if it is quiet.
    pub fn new(is_quiet: bool) -> Self {
        let is_live = !is_quiet && std::io::stderr().is_terminal();
        let bar = is_live.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or(ProgressStyle::default_spinner()));
            bar
        });
        let now = Instant::now();
        Self { bar, is_quiet, began: now, shown: now, total: None }
    }

    pub(super) fn begin(&mut self, scope: &Scope, taken_over: u64) {
        let all = scope.seeds.count.map(|count| count.saturating_mul(scope.rows.len() as u64));
        self.total = all.map(|all| all.saturating_sub(taken_over));
        if taken_over > 0 {
            self.line(&format!("{taken_over} runs were made before by this build and are taken over"));
        }
    }

    /// How many runs there are still to be made, when `count` were made this time; `None` if there is no end.
    pub(super) fn left(&self, count: u64) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(count))
    }

    /// A line above the table.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{text}")),
            None => anstream::eprintln!("{text}"),
        }
    }

    /// A failure with a new cause.
    pub(super) fn failed(&self, order: &Order, failed: &Failed) {
        let policy = if order.policy == "random" { String::new() } else { format!(" {}", order.policy) };
        self.line(&format!("FAILED {} seed {:#x}{policy}: {}", order.test, order.seed, failed.headline));
    }

    /// A failed seed was run again and failed again: as it should be.
    pub(super) fn reported(&self, order: &Order) {
        if !self.is_quiet {
            let directory = untraced::directory(&order.test, &order.world, order.seed);
            self.line(&format!("       report and trace are in {}/", artifacts::shown(&directory)));
        }
    }

    /// A failed seed did not fail again in the same way.
    pub(super) fn not_repeated(&self, order: &Order) {
        self.warn(&format!(
            "{} seed {:#x} did not fail in the same way when it was run again: something is not under the seed's \
             control. Usual culprits: iteration over a HashMap, std's clock, threads or locks, memory that is shared \
             between runs.",
            order.test, order.seed
        ));
    }

    pub(super) fn warn(&self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    /// Shows how things stand, if it is time.
    pub(super) fn show(&mut self, rows: &[Row], count: u64) {
        let period = if self.bar.is_some() { TABLE_PERIOD } else { LINE_PERIOD };
        if self.is_quiet || self.shown.elapsed() < period {
            return;
        }
        self.shown = Instant::now();
        let status = self.status(rows, count);
        match &self.bar {
            Some(bar) => {
                let height = system::terminal_height().saturating_sub(LINES_LEFT);
                bar.set_message(format!("{}\n{status}", table::live(rows, height)));
                bar.tick();
            }
            None => anstream::eprintln!("{status}"),
        }
    }

    fn status(&self, rows: &[Row], count: u64) -> String {
        let seconds = self.began.elapsed().as_secs_f64();
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
