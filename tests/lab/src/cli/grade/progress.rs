//! What is shown while it runs: a bar on a terminal, and a line for each failure as soon as there is one.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use lab_harness::case::{Part, TestCase};
use lab_hunt::target::RunFacts;
use lab_runs::Plan;
use lab_runs::eprintln;
use lab_suites::grade::grading::{Row, RowEnd, Watcher};
use labrpc::sync::{Arc, Mutex};

use crate::style;

pub(super) struct Progress {
    /// Where somebody watches.
    bar: Option<ProgressBar>,
    /// The last part that has begun, where there is no bar: a log shows that something happens, and not 185 lines of it.
    part: Option<Part>,
}

impl Progress {
    pub(super) fn new(runs: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None, part: None };
        }
        let bar = ProgressBar::new(runs as u64);
        let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {wide_msg}")
            .unwrap_or(ProgressStyle::default_bar());
        bar.set_style(style);
        Self { bar: Some(bar), part: None }
    }

    fn show(&mut self, case: &TestCase, plan: Plan) {
        match &self.bar {
            Some(bar) => bar.set_message(format!("{} seed {:#x}", case.name, plan.seed)),
            // Tests of two parts may be under way; a part is named when its first one begins.
            None if self.part.is_none_or(|part| part < case.part) => {
                self.part = Some(case.part);
                eprintln!("{} {} ...", case.part, case.part.title());
            }
            None => {}
        }
    }

    /// Does something that writes to the terminal.
    pub(super) fn pause(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// So many runs were made, or are not needed any more.
    fn step(&self, runs: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(runs as u64);
        }
    }

    fn end_of(&self, row: &Row) {
        let (bad, plain) = style::FAILED;
        match &row.end {
            RowEnd::Failed(failed) => self.pause(|| {
                let seed = failed.plan.seed;
                eprintln!("{bad}FAILED{plain} {} seed {seed:#x}: {}", row.case.name, failed.headline);
            }),
            RowEnd::Interrupted(how) => {
                self.pause(|| eprintln!("{bad}INTERRUPTED{plain} {}: {how}", row.case.name));
            }
            RowEnd::Passed | RowEnd::Skipped(_) => {}
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows what happens in a grading; what the code under test prints comes between.
pub(super) struct Shown(pub(super) Arc<Mutex<Progress>>);

impl Watcher for Shown {
    fn begins(&mut self, case: &'static TestCase, plan: Plan) {
        self.0.lock().show(case, plan);
    }

    fn ran(&mut self, _plan: Plan, facts: &RunFacts) {
        let progress = self.0.lock();
        if let Some(remark) = &facts.remark {
            progress.pause(|| lab_report::remark_once(remark));
        }
        progress.step(1);
    }

    fn left_out(&mut self, runs: usize) {
        self.0.lock().step(runs);
    }

    fn ended(&mut self, row: &Row) {
        let progress = self.0.lock();
        // The run that failed is neither one that ran well nor one that was left out.
        progress.step(usize::from(row.failure().is_some()));
        progress.end_of(row);
    }
}
