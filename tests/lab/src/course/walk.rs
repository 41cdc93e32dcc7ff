//! The way from the first milestone that is not reached to the first that fails.
//!
//! What failed last is run first, with the seed that failed. Else a milestone's tests are run with one seed first, and if all pass with
//! more. When a milestone is reached, the tests of
//! all before it are run once more, because what was written for it may have broken them.

use std::ops::RangeInclusive;

use anyhow::Result;
use lab_harness::case::TestCase;
use lab_hunt::program::launch;
use lab_hunt::workers;
use lab_runs::settings::World;
use lab_runs::{Plan, println};
use lab_suites::grade::grading::{self, Grading, Row, RowEnd, Watcher};
use labrpc::sim::{Policy, Tracing};

use super::Step;
use super::memory::{Failed, Memory};

/// How many seeds a milestone takes: as many as `grade`.
const SEEDS: u64 = 5;

/// So many tests are run before it is looked whether one of them has failed.
const AT_ONCE: usize = 4;

/// How far somebody has come.
#[derive(Debug)]
pub(crate) enum Stand {
    /// Everything is reached.
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

/// Goes on from the first of these milestones that is not remembered as reached, and remembers what it finds. `on_failure` is told of the
/// first test that fails as soon as it has: others may take their time.
///
/// # Errors
///
/// If no tests can be run, or somebody ended them.
pub(crate) fn walk(steps: &[Step], memory: &mut Memory, on_failure: fn(&Row)) -> Result<Stand> {
    let mut is_new = false;
    while let Some(place) = steps.iter().position(|step| !memory.reached.contains(step.milestone.id)) {
        let step = steps[place];
        if let Some(next) = look_at(step, SEEDS, memory, on_failure)? {
            return Ok(Stand::Next(Box::new(next)));
        }
        println!("reached: {}", step.title());
        is_new = true;
        memory.reached.insert(step.milestone.id.to_owned());
        memory.write();
        if let Some(broken) = first_broken(&steps[..place], memory, on_failure)? {
            return Ok(Stand::Next(Box::new(broken)));
        }
    }
    // Nothing was run: what was reached long ago may be broken now.
    if !is_new && let Some(broken) = first_broken(steps, memory, on_failure)? {
        return Ok(Stand::Next(Box::new(broken)));
    }
    Ok(Stand::Done)
}

/// The first of these milestones, all reached before, that is reached no more.
fn first_broken(steps: &[Step], memory: &mut Memory, on_failure: fn(&Row)) -> Result<Option<Next>> {
    for &step in steps {
        if let Some(next) = look_at(step, 1, memory, on_failure)? {
            memory.reached.remove(step.milestone.id);
            memory.write();
            return Ok(Some(Next { is_broken_again: true, ..next }));
        }
    }
    Ok(None)
}

/// Runs the tests of a milestone, what failed last before all others. `None` if they pass, or are skipped.
fn look_at(step: Step, seeds: u64, memory: &mut Memory, on_failure: fn(&Row)) -> Result<Option<Next>> {
    let cases = step.cases();
    let mut first = First { failed: None, on_failure };
    let mut passed = 0;
    if let Some((case, last)) = last_failed(&cases, memory) {
        graded(&[case], last.seed..=last.seed, &mut first)?;
        passed = last.passed;
    }
    // What is wrong in one test is often wrong in all, and some of them may then take minutes to fail.
    for seeds in [1..=1, 2..=seeds] {
        if first.failed.is_some() || seeds.is_empty() {
            break;
        }
        passed = 0;
        for some in cases.chunks(AT_ONCE) {
            if first.failed.is_none() {
                passed += graded(some, seeds.clone(), &mut first)?.iter().filter(|row| is_good(row)).count();
            }
        }
    }
    memory.failed = first.failed.as_ref().and_then(|row| {
        let seed = row.failure()?.plan.seed;
        Some(Failed { test: row.case.name.to_owned(), seed, passed })
    });
    memory.write();
    Ok(first.failed.map(|failed| Next { step, failed, passed, is_broken_again: false }))
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

fn graded(
    cases: &[&'static TestCase],
    seeds: RangeInclusive<u64>,
    watcher: &mut dyn Watcher,
) -> Result<Vec<Row>> {
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
    Ok(grading::grade(&grading, watcher)?.rows)
}

/// Remembers the first test that has failed, and tells of it.
struct First {
    failed: Option<Row>,
    on_failure: fn(&Row),
}

impl Watcher for First {
    fn ended(&mut self, row: &Row) {
        if self.failed.is_none() && !is_good(row) {
            (self.on_failure)(row);
            self.failed = Some(row.clone());
        }
    }
}
