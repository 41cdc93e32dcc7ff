//! What it all is worth: a line for each part, one for each test that did not pass, and the sum.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use lab_harness::case::{Origin, Part};
use lab_report::explain::replay_command_of;
use lab_runs::{Plan, println};

use lab_suites::grade::grading::{Graded, Row, RowEnd};

use crate::style;

pub(super) fn print(graded: &Graded, elapsed: Duration, has_details: bool) {
    let rows = graded.rows.as_slice();
    if has_details {
        println!("{}\n", table(rows));
    }
    for part in Part::ALL {
        let of_part: Vec<&Row> = rows.iter().filter(|row| row.case.part == part).collect();
        if !of_part.is_empty() {
            print_part(part, &of_part, rows);
        }
    }
    println!("{}", sum(graded, elapsed));
}

/// A part in a line, and below it what did not pass. Fits into 60 columns, but for the longest names of tests.
fn print_part(part: Part, rows: &[&Row], of_all: &[Row]) {
    let (got, all) = points(rows, of_all);
    let (mark, plain) = if got == all { style::PASSED } else { style::FAILED };
    let judged = rows.iter().filter(|row| !matches!(row.end, RowEnd::Skipped(_))).count();
    // Full points for a few tests of many must not look like full points for all.
    let tests = match rows.len() {
        all if all == judged => format!("{all:>3} tests"),
        all => format!("{judged:>3}/{all} tests"),
    };
    println!("{part}  {:<32} {mark}{:>9}{plain}  {tests}", part.title(), format!("{got}/{all}"));
    for row in rows {
        let (bad, plain) = style::FAILED;
        match &row.end {
            RowEnd::Failed(failed) => {
                println!("    {bad}FAILED{plain} {}, seed {:#x}", row.case.name, failed.plan.seed);
            }
            RowEnd::Interrupted(how) => println!("    {bad}INTERRUPTED{plain} {}: {how}", row.case.name),
            RowEnd::Passed | RowEnd::Skipped(_) => {}
        }
    }
    // One reason mostly holds for many tests: messages with names of their own, for example.
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let RowEnd::Skipped(why) = &row.end {
            skipped.entry(why).or_default().push(row.case.name);
        }
    }
    for (why, tests) in skipped {
        let why = labrpc::printable(why);
        match tests.as_slice() {
            [test] => println!("    skipped {test}: {why}"),
            tests => println!("    skipped {} tests: {why}", tests.len()),
        }
    }
}

/// What was not the same run twice. It costs no points: a failure may be right, but it cannot be replayed.
pub(super) fn print_not_repeatable(rows: &[Row], first: Plan) {
    let rows: Vec<&Row> = rows.iter().filter(|row| !row.is_repeatable).collect();
    let Some((row, others)) = rows.split_first() else { return };
    let and_others = match others.len() {
        0 => String::new(),
        count => format!(", and so in {count} more tests"),
    };
    println!(
        "{} seed {:#x} was not the same run twice{and_others}: something is not under the seed's control. Usual culprits: \
         iteration over a std HashMap, rand::rng(), std's clock, threads or locks, statics. The first difference: {}",
        row.case.name,
        first.seed,
        replay_command_of(row.case, first)
    );
}

fn points(rows: &[&Row], of_all: &[Row]) -> (u32, u32) {
    let all = rows.iter().map(|row| row.points_max(of_all)).sum();
    (rows.iter().map(|row| row.points()).sum(), all)
}

/// Whether the implementation stands aside in all tests.
pub(super) fn is_all_skipped(rows: &[Row]) -> bool {
    rows.iter().all(|row| matches!(row.end, RowEnd::Skipped(_)))
}

fn sum(graded: &Graded, elapsed: Duration) -> String {
    let rows = graded.rows.as_slice();
    let (got, all) = points(&rows.iter().collect::<Vec<_>>(), rows);
    let count = |is_one: fn(&RowEnd) -> bool| rows.iter().filter(|row| is_one(&row.end)).count();
    let tests = |count: usize| if count == 1 { "1 test".to_owned() } else { format!("{count} tests") };
    let mut result = Vec::new();
    match count(|end| matches!(end, RowEnd::Failed(_))) {
        0 => {}
        failed => result.push(format!("{} failed", tests(failed))),
    }
    match count(|end| matches!(end, RowEnd::Interrupted(_))) {
        0 => {}
        unknown => result.push(format!("{} could not be told", tests(unknown))),
    }
    // What was not run has not passed, and gives no points.
    if graded.is_interrupted {
        result.push("interrupted, not everything was run".to_owned());
    }
    if result.is_empty() {
        let text = if is_all_skipped(rows) { "nothing was judged" } else { "all passed" };
        result.push(text.to_owned());
    }
    match count(|end| matches!(end, RowEnd::Skipped(_))) {
        0 => {}
        skipped => result.push(format!("{} skipped", tests(skipped))),
    }
    let runs: usize = rows.iter().map(|row| row.runs).sum();
    let result = result.join(", ");
    format!("{got} of {all} points: {result}, {runs} runs in {:.2} s", elapsed.as_secs_f64())
}

/// All tests, with what their runs cost.
fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["test", "result", "points", "runs", "ms a run", "RPCs a run", "MIT"]);
    for row in rows {
        let mit = match row.case.origin {
            Origin::Mit { rpcs: 0, .. } => String::new(), // not counted there
            Origin::Mit { rpcs, .. } => rpcs.to_string(),
            Origin::Lab => String::new(),
        };
        let result = match &row.end {
            RowEnd::Failed(_) => "FAILED",
            RowEnd::Interrupted(_) => "interrupted",
            RowEnd::Skipped(_) => "skipped",
            RowEnd::Passed => "passed",
        };
        let runs = row.runs.max(1) as f64;
        table.add_row([
            row.case.name.to_owned(),
            result.to_owned(),
            format!("{}/{}", row.points(), row.points_max(rows)),
            row.runs.to_string(),
            format!("{:.1}", row.wall.as_secs_f64() * 1000.0 / runs),
            format!("{:.0}", row.calls as f64 / runs),
            mit,
        ]);
    }
    for column in 2..=6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
