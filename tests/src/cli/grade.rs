//! `cargo lab grade`: tests over their seeds, and a table of what they are worth.

use std::io::IsTerminal;
use std::time::Duration;

use anstream::println;
use anyhow::Result;
use clap::Args;
use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::RunArguments;
use super::{Verdict, names};
use crate::case::{Origin, Part, TestCase};
use crate::grade::explain;
use crate::implementation::Implementation;
use crate::report;
use crate::run::{Outcome, Plan, run_case};

/// Runs parts or tests over their seeds and shows what they are worth.
#[derive(Args, Debug)]
pub(super) struct Grade {
    /// Parts (3A to 3D, or 2A to 2D; 4A to 4C) or tests; all if none is given
    names: Vec<String>,
    #[command(flatten)]
    run: RunArguments,
}

/// How a test did over its seeds.
struct Row {
    case: &'static TestCase,
    /// The seeds that were run.
    runs: usize,
    /// The real time of all of them.
    wall: Duration,
    /// Calls of all of them.
    rpcs: u64,
    /// The report of the first that failed; the rest was then not run.
    failure: Option<String>,
    /// Why it was skipped, if it was.
    skipped: Option<String>,
}

impl Row {
    fn points(&self) -> u32 {
        if self.failure.is_none() { self.points_max() } else { 0 }
    }

    /// What there is to gain: nothing by a test that was skipped.
    fn points_max(&self) -> u32 {
        if self.skipped.is_none() { self.case.points } else { 0 }
    }

    fn result(&self) -> &'static str {
        match (&self.failure, &self.skipped) {
            (Some(_), _) => "FAILED",
            (None, Some(_)) => "skipped",
            (None, None) => "passed",
        }
    }
}

impl Grade {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let cases = names::select(&self.names)?;
        let plans = self.run.plans();
        let progress = Progress::new(cases.len() * plans.len());
        let rows: Vec<Row> =
            cases.into_iter().map(|case| grade_case(case, implementation, &plans, &progress)).collect();
        progress.finish();
        for row in &rows {
            if let Some(failure) = &row.failure {
                println!("{failure}\n");
            }
            if let Some(why) = &row.skipped {
                println!("skipped {}: {why}", row.case.name);
            }
        }
        println!("{}", table(&rows));
        println!("{}", summary(&rows));
        let is_passed = rows.iter().all(|row| row.failure.is_none());
        Ok(if is_passed { Verdict::Ok } else { Verdict::Failed })
    }
}

fn grade_case(
    case: &'static TestCase,
    implementation: Implementation,
    plans: &[Plan],
    progress: &Progress,
) -> Row {
    let mut row = Row { case, runs: 0, wall: Duration::ZERO, rpcs: 0, failure: None, skipped: None };
    for &plan in plans {
        progress.show(case, plan);
        let outcome: Outcome = run_case(case, implementation, plan);
        row.runs += 1;
        row.wall += outcome.wall;
        row.rpcs += outcome.tally.traffic.rpcs;
        row.skipped.clone_from(&outcome.skipped);
        progress.pause(|| report::remark_once(&outcome));
        row.failure = explain(case, implementation, plan, &outcome);
        progress.step();
        if row.failure.is_some() {
            progress.skip(plans.len() - row.runs);
            break;
        }
    }
    progress.end_of(&row);
    row
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["part", "test", "result", "points", "runs", "ms a run", "RPCs a run", "MIT"]);
    for row in rows {
        let mit = match row.case.origin {
            Origin::Mit { rpcs: 0, .. } => String::new(), // not counted there
            Origin::Mit { rpcs, .. } => rpcs.to_string(),
            Origin::Lab => String::new(),
        };
        let runs = row.runs as f64;
        table.add_row([
            row.case.part.to_string(),
            row.case.name.to_owned(),
            row.result().to_owned(),
            format!("{}/{}", row.points(), row.points_max()),
            row.runs.to_string(),
            format!("{:.1}", row.wall.as_secs_f64() * 1000.0 / runs),
            format!("{:.0}", row.rpcs as f64 / runs),
            mit,
        ]);
    }
    for part in Part::ALL {
        let of_part: Vec<&Row> = rows.iter().filter(|row| row.case.part == part).collect();
        if of_part.is_empty() {
            continue;
        }
        let (got, all) = points(&of_part);
        table.add_row([
            Cell::new(part),
            Cell::new(part.title()),
            Cell::new("total"),
            Cell::new(format!("{got}/{all}")),
        ]);
    }
    for column in 3..=7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn points(rows: &[&Row]) -> (u32, u32) {
    (rows.iter().map(|row| row.points()).sum(), rows.iter().map(|row| row.points_max()).sum())
}

fn summary(rows: &[Row]) -> String {
    let (got, all) = points(&rows.iter().collect::<Vec<_>>());
    let failed = rows.iter().filter(|row| row.failure.is_some()).count();
    let wall: Duration = rows.iter().map(|row| row.wall).sum();
    let runs: usize = rows.iter().map(|row| row.runs).sum();
    let result = match failed {
        0 => "all passed".to_owned(),
        1 => "1 test failed".to_owned(),
        _ => format!("{failed} tests failed"),
    };
    format!("{got} of {all} points: {result}, {runs} runs in {:.2} s", wall.as_secs_f64())
}

/// What is shown while it runs: a bar on a terminal, a line per test elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(runs: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let bar = ProgressBar::new(runs as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
            .unwrap_or(ProgressStyle::default_bar());
        bar.set_style(style);
        Self { bar: Some(bar) }
    }

    fn show(&self, case: &TestCase, plan: Plan) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} seed {:#x}", case.name, plan.seed));
        }
    }

    /// Does something that writes to the terminal.
    fn pause(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn step(&self) {
        self.skip(1);
    }

    fn skip(&self, runs: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(runs as u64);
        }
    }

    fn end_of(&self, row: &Row) {
        if self.bar.is_none() {
            anstream::eprintln!("{} {} ({} runs)", row.result(), row.case.name, row.runs);
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
