//! The results of a sweep as JUnit's XML, which continuous integration shows: a suite per group, a case per row.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::json::Results;
use super::results::{Row, groups};
use super::table;
use lab_runs::commands;

/// Writes the file.
///
/// # Errors
///
/// Those of the file system.
pub fn write(results: &Results, path: &Path) -> Result<()> {
    let text = report(results).to_string().context("writing JUnit's XML")?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn report(results: &Results) -> Report {
    let mut report = Report::new("lab sweep");
    report.set_time(Duration::from_secs_f64(results.wall_s.max(0.0)));
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for row in &results.rows {
        let group = if row.group.is_empty() { "lab".to_owned() } else { row.group.clone() };
        // Rows of a group follow each other, as the tests of a part do in the table.
        if suites.last().is_none_or(|(last, _)| *last != group) {
            suites.push((group.clone(), TestSuite::new(group.clone())));
        }
        if let Some((_, suite)) = suites.last_mut() {
            suite.add_test_case(case(results, row, &group));
        }
    }
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    report
}

fn case(results: &Results, row: &Row, group: &str) -> TestCase {
    let name =
        if row.policy == "random" { row.test.clone() } else { format!("{} ({})", row.test, row.policy) };
    let mut case = TestCase::new(name, status(results, row));
    case.set_classname(format!("{}.{group}", results.implementation));
    // Of all its runs together: tools add the cases up and show where the time went.
    case.set_time(Duration::from_micros(row.cost.wall_us));
    case.set_system_out(table::rate_text(row.failed(), row.runs()));
    case
}

fn status(results: &Results, row: &Row) -> TestCaseStatus {
    if row.runs() == 0 {
        return TestCaseStatus::skipped();
    }
    let groups = groups(std::slice::from_ref(row));
    // A case has one message. The most frequent cause is in it, and all are in the description.
    let Some(most) = groups.first() else { return TestCaseStatus::success() };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(most.first.kind.to_string());
    status.set_message(format!("{} of {} runs failed: {}", row.failed(), row.runs(), most.first.headline));
    let lines: Vec<String> = groups
        .iter()
        .map(|group| {
            let replay = commands::replay(group.test, group.policy, &results.world, group.first.seed);
            format!("{}: {}\n  {replay}", group.times(), group.first.headline)
        })
        .collect();
    status.set_description(lines.join("\n"));
    status
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::shard;
    use super::*;
    use expect_test::expect_file;
    use lab_runs::TestInfo;

    #[test]
    fn row_is_a_case_that_says_how_often_it_failed_and_how_to_replay_it() {
        let mut results = shard(1, 1);
        let test = TestInfo { name: "figure8_3c", group: "3C", about: "" };
        results.rows.push(Row::new(test, "pct:3"));
        let text = report(&results).to_string().unwrap();
        expect_file!["expected/junit.xml"].assert_eq(&text);
    }
}
