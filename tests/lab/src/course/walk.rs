//! The way from the first milestone to the first that fails.
//!
//! Milestones are looked at in the order of the course. One that was reached is run once more with one seed, because what was written
//! since may have broken it; tests that take seconds wait until another milestone is reached. Of the first that is not reached, what
//! failed last is run first, with the seed that failed. Else its tests are run with one seed first, and if all pass with more.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use anyhow::Result;
use lab_harness::case::TestCase;
use lab_hunt::program::launch;
use lab_hunt::workers;
use lab_runs::settings::World;
use lab_runs::{Plan, println};
use lab_suites::grade::grading::{self, Grading, Row, RowEnd, Watcher};
use labrpc::printable;
use labrpc::sim::{Policy, Tracing};

use super::Step;
use super::memory::{Failed, Memory};

/// How many seeds a milestone takes: as many as `grade`.
const SEEDS: u64 = 5;

/// So many tests are run before it is looked whether one of them has failed.
const AT_ONCE: usize = 4;

/// Tests of 3A to 3D that take a second or more each with a Raft that saves its whole log for each command, and tests of 4B that take
/// half a second or more. All others of each of the two labs take two or three seconds together.
const SLOW: [&str; 15] = [
    "backlog_3b",
    "bytes_on_a_slow_link_3b",
    "far_apart_3b",
    "memory_of_an_idle_life_3b",
    "figure8_unreliable_3c",
    "reliable_churn_3c",
    "basic_4b",
    "concurrent_4b",
    "many_partitions_one_client_4b",
    "many_partitions_many_clients_4b",
    "persist_one_client_4b",
    "persist_concurrent_4b",
    "persist_concurrent_unreliable_4b",
    "persist_partition_4b",
    "read_index_4b",
];

/// How far somebody has come.
#[derive(Debug)]
pub(crate) enum Stand {
    /// Everything is reached, but for what is left out.
    Done,
    /// This is next.
    Next(Box<Next>),
}

/// The first milestone that is not reached.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) step: Step,
    /// The first of its tests that has failed.
    pub(crate) failed: Row,
    /// How many of its tests had passed by then.
    pub(crate) passed: usize,
    /// Whether it was reached before.
    pub(crate) is_broken_again: bool,
}

impl Next {
    /// What is to be said of it, in a word or two.
    pub(crate) fn verb(&self) -> &'static str {
        if self.is_broken_again { "broken again" } else { "next" }
    }
}

/// Goes through these milestones up to the first that is not reached, and remembers what it finds. `on_failure` is told of the first test
/// that fails as soon as those before it have passed: others may take their time.
///
/// # Errors
///
/// If no tests can be run, or somebody ended them.
pub(crate) fn walk(steps: &[Step], memory: &mut Memory, on_failure: fn(&Row)) -> Result<Stand> {
    // Those that were reached before, whose slow tests are still to be run.
    let mut glanced_at = Vec::new();
    for &step in steps {
        if memory.reached.contains(step.milestone.id) {
            let quick = step.cases().into_iter().filter(|case| !is_slow(case)).collect();
            if let Some(broken) = look_again(step, quick, memory, on_failure)? {
                return Ok(broken);
            }
            glanced_at.push(step);
            continue;
        }
        match look_at(step, &step.cases(), SEEDS, memory, on_failure)? {
            Look::Failed(next) => {
                memory.take_up(step.milestone.id);
                return Ok(Stand::Next(next));
            }
            Look::Skipped(why) => {
                println!("left out: {}, for its tests are skipped: {why}", step.title());
                memory.leave_out(step.milestone.id);
                continue;
            }
            Look::Passed => {}
        }
        println!("reached: {}", step.title());
        memory.reach(step.milestone.id);
        if let Some(broken) = run_slow(&mut glanced_at, memory, on_failure)? {
            return Ok(broken);
        }
    }
    Ok(run_slow(&mut glanced_at, memory, on_failure)?.unwrap_or(Stand::Done))
}

/// Runs the slow tests of these milestones, all reached before, and takes them off the list.
fn run_slow(steps: &mut Vec<Step>, memory: &mut Memory, on_failure: fn(&Row)) -> Result<Option<Stand>> {
    for step in std::mem::take(steps) {
        let slow = step.cases().into_iter().filter(|case| is_slow(case)).collect();
        let broken = look_again(step, slow, memory, on_failure)?;
        if broken.is_some() {
            return Ok(broken);
        }
    }
    Ok(None)
}

/// Runs some tests of a milestone that was reached before. If one fails, it is reached no more.
fn look_again(
    step: Step,
    cases: Vec<&'static TestCase>,
    memory: &mut Memory,
    on_failure: fn(&Row),
) -> Result<Option<Stand>> {
    let Look::Failed(mut next) = look_at(step, &cases, 1, memory, on_failure)? else { return Ok(None) };
    memory.reached.remove(step.milestone.id);
    memory.write();
    next.is_broken_again = true;
    Ok(Some(Stand::Next(next)))
}

/// What came of a look at a milestone.
enum Look {
    /// No test has failed, and one at least has passed.
    Passed,
    /// All of its tests are skipped, and why the first of them is: nothing is known of it.
    Skipped(String),
    Failed(Box<Next>),
}

/// Runs tests of a milestone, what failed last before all others.
fn look_at(
    step: Step,
    cases: &[&'static TestCase],
    seeds: u64,
    memory: &mut Memory,
    on_failure: fn(&Row),
) -> Result<Look> {
    let (mut failed, mut passed) = (None, 0);
    let mut skipped: Vec<String> = Vec::new();
    let last = last_failed(cases, memory);
    if let Some((case, last)) = &last {
        (failed, _) = graded(&[case], last.seed..=last.seed, on_failure)?;
        passed = last.passed;
    }
    // What is wrong in one test is often wrong in all, and some of them may then take minutes to fail.
    for seeds in [1..=1, 2..=seeds] {
        if failed.is_some() || seeds.is_empty() {
            break;
        }
        passed = 0;
        skipped.clear();
        for some in cases.chunks(AT_ONCE) {
            if failed.is_none() {
                let rows;
                (failed, rows) = graded(some, seeds.clone(), on_failure)?;
                passed += rows.iter().filter(|row| is_good(row)).count();
                skipped.extend(rows.iter().filter_map(why_skipped));
            }
        }
    }
    let now = failed.as_ref().and_then(|row: &Row| {
        let seed = row.failure()?.plan.seed;
        Some(Failed { test: row.case.name.to_owned(), seed, passed })
    });
    // What failed last in another milestone is still the last.
    if now.is_some() || last.is_some() {
        memory.failed = now;
        memory.write();
    }
    Ok(match failed {
        Some(failed) => Look::Failed(Box::new(Next { step, failed, passed, is_broken_again: false })),
        None if !skipped.is_empty() && skipped.len() == cases.len() => Look::Skipped(skipped.swap_remove(0)),
        None => Look::Passed,
    })
}

fn is_slow(case: &TestCase) -> bool {
    SLOW.contains(&case.name)
}

/// The test among these that failed last.
fn last_failed(cases: &[&'static TestCase], memory: &Memory) -> Option<(&'static TestCase, Failed)> {
    let last = memory.failed.clone()?;
    let case = cases.iter().find(|case| case.name == last.test)?;
    Some((case, last))
}

fn is_good(row: &Row) -> bool {
    matches!(row.end, RowEnd::Passed | RowEnd::Skipped(_))
}

/// Why a test was skipped, if it was.
fn why_skipped(row: &Row) -> Option<String> {
    match &row.end {
        RowEnd::Skipped(why) => Some(printable(why).into_owned()),
        _ => None,
    }
}

/// Runs these tests. Returns the first of them that has failed, in their order, and what came of each.
fn graded(
    cases: &[&'static TestCase],
    seeds: RangeInclusive<u64>,
    on_failure: fn(&Row),
) -> Result<(Option<Row>, Vec<Row>)> {
    let plan = |seed| Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off };
    let plans: Vec<Plan> = seeds.map(plan).collect();
    let grading = Grading {
        cases,
        plans: &plans,
        workers: workers::cores(),
        launch: launch(),
        is_repeated: false,
        // Ctrl-C ends this process, and its workers with it: what was reached is written down already.
        is_interruptible: false,
    };
    let mut first = First { cases, ended: BTreeMap::new(), failed: None, on_failure };
    let rows = grading::grade(&grading, &mut first)?.rows;
    Ok((first.failed, rows))
}

/// Remembers the first test that has failed, and tells of it.
///
/// The first in the order of the text, not of time: which of two ends first is chance, and each command would name another.
struct First<'a> {
    cases: &'a [&'static TestCase],
    /// What has ended, by its name.
    ended: BTreeMap<&'static str, Row>,
    failed: Option<Row>,
    on_failure: fn(&Row),
}

impl Watcher for First<'_> {
    fn ended(&mut self, row: &Row) {
        self.ended.insert(row.case.name, row.clone());
        if self.failed.is_none() {
            let known = self.cases.iter().map_while(|case| self.ended.get(case.name));
            self.failed = known.into_iter().find(|row| !is_good(row)).cloned();
            self.failed.iter().for_each(self.on_failure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;

    fn row(case: &'static TestCase, end: RowEnd) -> Row {
        let (wall, each) = (std::time::Duration::ZERO, Vec::new());
        Row { case, runs: 1, wall, calls: 0, end, is_repeatable: true, each }
    }

    #[test]
    fn first_failure_is_the_first_of_the_text() {
        let cases: Vec<_> = Course::default().find("3A.3").expect("a milestone").cases();
        let bad = || RowEnd::Interrupted("killed".to_owned());
        let mut first = First { cases: &cases, ended: BTreeMap::new(), failed: None, on_failure: |_| {} };
        let failed = |first: &First<'_>| first.failed.as_ref().map(|row| row.case.name);
        first.ended(&row(cases[2], bad()));
        first.ended(&row(cases[1], bad()));
        assert_eq!(failed(&first), None, "the first test is not over");
        first.ended(&row(cases[0], RowEnd::Passed));
        assert_eq!(failed(&first), Some(cases[1].name));
    }

    #[test]
    fn slow_tests_are_tests_of_milestones() {
        let milestones = || lab_course::parts().iter().flat_map(|part| &part.milestones);
        for name in SLOW {
            assert!(milestones().any(|milestone| milestone.tests.contains(&name)), "{name}");
        }
    }
}
