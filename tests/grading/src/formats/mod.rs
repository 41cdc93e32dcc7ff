//! What graders read: one file each, made from a [grade](crate::record::Grade).
//!
//! | file | who reads it |
//! |---|---|
//! | `gradescope/results.json` | Gradescope |
//! | `classroom50/result.json` | Classroom 50 (`classroom50/result/v1`) |
//! | `exercism/results.json` | whatever speaks the test runner interface of Exercism, version 3 |
//! | `junit.xml` | continuous integration |
//! | `grade.csv` | a table of the tests |
//!
//! The schemas of those that are JSON lie in `schemas/`, and tests hold the files against them.

pub mod classroom50;
pub mod csv;
pub mod exercism;
pub mod gradescope;
pub mod junit;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::record::{End, Grade, Status, TestGrade};
use crate::rubric::Policy;

/// What students may be told.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The words that start the program where they are: `cargo lab`.
    pub words: String,
    /// Whether seeds are told.
    pub is_seed_shown: bool,
}

impl Telling {
    /// What there is to read about a test.
    #[must_use]
    pub fn of(&self, test: &TestGrade) -> String {
        let mut text = format!("{}: {}\n", test.name, test.about);
        let _ = writeln!(text, "{}", seeds_line(test));
        if let Some(reason) = &test.reason {
            // That it was skipped has been said, and what that costs.
            let what = if test.status == Status::Skipped { "why" } else { word(test.status) };
            let _ = writeln!(text, "{what}: {reason}");
        }
        let Some(failure) = &test.failure else { return text };
        if !self.is_seed_shown {
            let _ = writeln!(text, "{}\n(the seeds of this grading are not told)", failure.headline);
            return text;
        }
        // Before the report: some graders cut what is long.
        let _ = writeln!(text, "replay: {}", failure.replay);
        let _ = writeln!(text, "page:   {} --open\n", failure.replay.replacen(" replay ", " timeline ", 1));
        // Where the grader has left its files means nothing to who reads this.
        let is_told = |line: &&str| {
            !["replay:", "again:", "trace:", "report:"].iter().any(|word| line.starts_with(word))
        };
        failure.report.lines().filter(is_told).for_each(|line| text += &format!("{line}\n"));
        text
    }

    /// What there is to read about all of it: a line for each part, and the sum.
    #[must_use]
    pub fn summary(&self, grade: &Grade) -> String {
        let mut text = String::new();
        if let Some(error) = &grade.error {
            let _ = writeln!(text, "{}\n", error.trim_end());
        }
        for part in &grade.parts {
            let _ = write!(text, "{}  {}: {} of {}", part.name, part.title, part.score, part.max_score);
            match part.days_late {
                0 => {}
                1 => drop(write!(text, " (a day late: {} % lost)", part.lost)),
                days => drop(write!(text, " ({days} days late: {} % lost)", part.lost)),
            }
            text.push('\n');
        }
        let _ = writeln!(text, "{} of {} points{}", grade.score, grade.max_score, ending(grade));
        text
    }
}

/// The tests that were skipped and why, for whoever sees all tests: a line for those with the same reason. Empty if there are none.
#[must_use]
pub fn skipped(grade: &Grade) -> String {
    let mut by_reason: BTreeMap<(&str, &str, &str), Vec<&str>> = BTreeMap::new();
    for test in grade.tests.iter().filter(|test| test.status == Status::Skipped) {
        let reason = test.reason.as_deref().unwrap_or_default();
        by_reason.entry((&test.part, skipped_line(test), reason)).or_default().push(&test.name);
    }
    let line = |((part, line, reason), tests): (_, Vec<&str>)| {
        format!("{part}  {line} ({reason}): {}\n", tests.join(", "))
    };
    by_reason.into_iter().map(line).collect()
}

/// That it was skipped, and what that costs.
fn skipped_line(test: &TestGrade) -> &'static str {
    if test.is_left_out() {
        "skipped, which costs nothing"
    } else {
        "skipped: what is not judged gives no points where another test of the part fails"
    }
}

/// What else there is to say about the sum.
fn ending(grade: &Grade) -> &'static str {
    match grade.end {
        End::Complete => "",
        End::UnderWay => ": not all tests have run, and what has not run gives no points",
        End::OutOfTime => ": time was up before all tests had run, and what has not run gives no points",
        End::Interrupted => ": interrupted, and what has not run gives no points",
        End::NotGraded => ": nothing could be run",
    }
}

/// From so many runs on it is told what follows for all seeds: if all pass, at most one in twenty fails.
const TELLING_RUNS: u64 = 60;

/// How many seeds passed, and, of many, what that says of all others.
fn seeds_line(test: &TestGrade) -> String {
    let planned = test.seeds.len();
    match test.status {
        Status::NotRun if test.runs == 0 => "not run".to_owned(),
        Status::Skipped => skipped_line(test).to_owned(),
        // One failure takes the points, and the rest is not run: of such a number nothing follows for all seeds.
        Status::Failed if test.policy == Policy::All => {
            format!("failed, after {} of {planned} seeds had passed", test.passed)
        }
        _ => format!(
            "{} of {planned} seeds passed{}{}",
            test.passed,
            if (test.runs as usize) < planned { format!(", {} were run", test.runs) } else { String::new() },
            // Five seeds allow that half of all fail: true, and of no use to anybody.
            if test.runs >= TELLING_RUNS {
                format!(
                    "; with 95 % certainty at most {:.2} % of all seeds fail",
                    test.failure_rate_max * 100.0
                )
            } else {
                String::new()
            }
        ),
    }
}

/// What came of a test, in a word.
fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
        Status::NotRun => "not run",
        Status::Unknown => "could not be told",
    }
}

/// A text of at most so many characters; what is left out is said.
fn cut(text: &str, characters_max: usize) -> String {
    const LEFT_OUT: &str = "\n(cut)";
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    text.chars().take(characters_max.saturating_sub(LEFT_OUT.len())).collect::<String>() + LEFT_OUT
}
