//! From what came of the runs to points.

use lab_hunt::sweep::failure_rate_max;
use lab_suites::grade::grading::{Row, RowEnd};
use sha2::{Digest, Sha256};

use crate::moment::Moment;
use crate::points::Points;
use crate::record::{PartGrade, Status, TestGrade};
use crate::rubric::{PartRule, Policy, Rubric, TestRule};

/// Parts and tests of a grade, from what is known of the tests: of those without a row nothing was run.
pub(crate) fn score(
    rubric: &Rubric,
    seeds: &[Vec<u64>],
    rows: &[Option<Row>],
    submitted: Option<Moment>,
) -> (Vec<PartGrade>, Vec<TestGrade>) {
    let (mut parts, mut tests) = (Vec::new(), Vec::new());
    let mut first = 0;
    for part in &rubric.parts {
        let all = first..first + part.tests.len();
        let (of_part, graded) = of_part(rubric, part, &seeds[all.clone()], &rows[all.clone()], submitted);
        parts.push(of_part);
        tests.extend(graded);
        first = all.end;
    }
    (parts, tests)
}

fn of_part(
    rubric: &Rubric,
    part: &PartRule,
    seeds: &[Vec<u64>],
    rows: &[Option<Row>],
    submitted: Option<Moment>,
) -> (PartGrade, Vec<TestGrade>) {
    let has_failed = rows.iter().flatten().any(|row| row.failure().is_some());
    let is_left_out = |row: &Option<Row>| row.as_ref().is_some_and(|row| row.is_left_out(has_failed));
    let weights: Vec<u64> = part
        .tests
        .iter()
        .zip(rows)
        .map(|(test, row)| if is_left_out(row) { 0 } else { test.weight })
        .collect();
    let max = part.points.dealt(&weights);
    let days_late = match (submitted, part.deadline) {
        (Some(submitted), Some(deadline)) => submitted.days_after(deadline, rubric.late.grace),
        _ => 0,
    };
    let lost = rubric.late.lost(days_late);
    let tests: Vec<TestGrade> = part
        .tests
        .iter()
        .zip(max)
        .zip(seeds.iter().zip(rows))
        .map(|((rule, max), (seeds, row))| of_test(part, rule, max, seeds, row.as_ref(), lost))
        .collect();
    let graded = PartGrade {
        name: part.part.to_string(),
        title: part.part.title().to_owned(),
        score: tests.iter().map(|test| test.score).sum(),
        max_score: tests.iter().map(|test| test.max_score).sum(),
        days_late,
        lost,
    };
    (graded, tests)
}

fn of_test(
    part: &PartRule,
    rule: &TestRule,
    max: Points,
    seeds: &[u64],
    row: Option<&Row>,
    lost: u64,
) -> TestGrade {
    let runs = row.map_or(&[][..], |row| &row.each);
    let passed = runs.iter().filter(|run| run.is_passed).count();
    let (status, reason) = status(row, seeds.len());
    let planned = seeds.len() as u64;
    let score = match status {
        // What was not judged has not been passed.
        Status::Skipped => Points::default(),
        // Who ends his process as somebody else would gains nothing by it.
        Status::Unknown if rule.policy == Policy::All => Points::default(),
        _ => rule.policy.points(max, runs, planned),
    };
    TestGrade {
        name: rule.case.name.to_owned(),
        part: part.part.to_string(),
        about: rule.case.about.to_owned(),
        score: score.share(100 - lost, 100),
        max_score: max,
        status,
        policy: rule.policy,
        visibility: rule.visibility,
        seeds: seeds.to_vec(),
        runs: runs.len() as u64,
        passed: passed as u64,
        failure_rate_max: failure_rate_max((runs.len() - passed) as u64, runs.len() as u64),
        runs_hash: runs_hash(row),
        failure: None,
        reason,
        seconds: row.map_or(0.0, |row| row.wall.as_secs_f64()),
    }
}

fn status(row: Option<&Row>, planned: usize) -> (Status, Option<String>) {
    match row {
        None => (Status::NotRun, None),
        Some(row) => match &row.end {
            RowEnd::Failed(_) => (Status::Failed, None),
            RowEnd::Skipped(why) => (Status::Skipped, Some(labrpc::printable(why).into_owned())),
            RowEnd::Interrupted(how) => (Status::Unknown, Some(labrpc::printable(how).into_owned())),
            RowEnd::Passed if row.each.len() < planned => (Status::NotRun, None),
            RowEnd::Passed => (Status::Passed, None),
        },
    }
}

/// A hash over all runs: whether they passed, and their fingerprints.
fn runs_hash(row: Option<&Row>) -> String {
    let mut hash = Sha256::new();
    for run in row.map_or(&[][..], |row| &row.each) {
        hash.update([u8::from(run.is_passed)]);
        hash.update(run.fingerprint.as_deref().unwrap_or("none"));
        hash.update(b";");
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_hunt::shrink::Signature;
    use lab_runs::{Plan, World};
    use lab_suites::grade::demands::OneRun;
    use lab_suites::grade::grading::Failed;
    use labrpc::sim::Tracing;
    use std::time::Duration;

    /// What is known of a test after these runs: `+` for one that passed, `-` for one that failed, `?` for one that was skipped.
    fn row(case: &'static lab_harness::case::TestCase, runs: &str) -> Row {
        let plan =
            Plan { world: World::Simulated, seed: 1, policy: Default::default(), tracing: Tracing::Off };
        let failed = || Failed {
            plan,
            headline: "no leader".to_owned(),
            cause: Signature::of_expectation("no leader"),
            report: String::new(),
            fingerprint: None,
        };
        let end = match (runs.contains('-'), runs.contains('?')) {
            (true, _) => RowEnd::Failed(Box::new(failed())),
            (false, true) => RowEnd::Skipped("its messages cannot be read".to_owned()),
            (false, false) => RowEnd::Passed,
        };
        Row {
            case,
            runs: runs.len(),
            wall: Duration::ZERO,
            calls: 0,
            end,
            is_repeatable: true,
            each: runs.chars().map(|c| OneRun { is_passed: c == '+', fingerprint: None }).collect(),
        }
    }

    /// What two tests of a part have gained that has no others, and what there was to gain.
    fn points(policy: &str, tests: [(&str, &str); 2]) -> [(String, String); 2] {
        let mut text =
            "assignment = 'x'\n[seeds]\npublic = 3\n[[part]]\nname = '3A'\npoints = 10\n".to_owned();
        let cases = tests.map(|(name, _)| lab_suites::find(name).expect("a test"));
        for case in lab_suites::of_part(cases[0].part) {
            let is_one = cases.iter().any(|other| other.name == case.name);
            let rule =
                if is_one { format!("weight = 1\npolicy = '{policy}'") } else { "skip = true".to_owned() };
            text += &format!("[[test]]\nname = '{}'\n{rule}\n", case.name);
        }
        let rubric = Rubric::read("rubric.toml", &text).unwrap();
        let rows = [Some(row(cases[0], tests[0].1)), Some(row(cases[1], tests[1].1))];
        let (_, graded) = score(&rubric, &[vec![1, 2, 3], vec![1, 2, 3]], &rows, None);
        [&graded[0], &graded[1]].map(|test| (test.score.to_string(), test.max_score.to_string()))
    }

    #[test]
    fn what_was_not_judged_gains_nothing() {
        for (policy, first, second, score, max) in [
            ("share", "+++", "+++", "5", "5"),
            ("share", "++-", "+++", "3.33", "5"),
            ("share", "-??", "+++", "0", "5"),
            ("best of 3", "-??", "+++", "0", "5"),
            ("all", "-", "+++", "0", "5"),
            // Skipped: its points are the other's, unless that has failed.
            ("share", "???", "+++", "0", "0"),
            ("share", "+++", "???", "10", "10"),
            ("share", "???", "++-", "0", "5"),
            ("share", "", "+++", "0", "5"),
        ] {
            let wanted = (score.to_owned(), max.to_owned());
            let tests = [("initial_election_3a", first), ("re_election_3a", second)];
            assert_eq!(points(policy, tests)[0], wanted, "{policy}: {first:?} and {second:?}");
        }
    }

    #[test]
    fn what_nobody_was_asked_for_costs_nothing_however_the_rest_went() {
        for (first, hint, of_first, of_hint) in [
            ("++-", "???", ("0", "10"), ("0", "0")),
            ("+++", "???", ("10", "10"), ("0", "0")),
            // Who does it is judged.
            ("+++", "-", ("5", "5"), ("0", "5")),
            ("-", "+++", ("0", "5"), ("5", "5")),
        ] {
            let graded = points("all", [("initial_election_3a", first), ("hint_names_a_leader_3a", hint)]);
            let wanted = [of_first, of_hint].map(|(score, max)| (score.to_owned(), max.to_owned()));
            assert_eq!(graded, wanted, "{first:?} and {hint:?}");
        }
    }
}
