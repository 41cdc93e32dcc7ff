//! The way from the first milestone that is not reached to the first that fails.
//!
//! A milestone's tests are run with one seed first: that fails soon. Those that pass get more. When a milestone is reached, the tests of
//! all before it are run once more, because what was written for it may have broken them.

use anyhow::Result;
use lab_harness::case::TestCase;
use lab_hunt::program::launch;
use lab_hunt::workers;
use lab_runs::settings::World;
use lab_runs::{Plan, println};
use lab_suites::grade::grading::{self, Grading, Row, RowEnd, Watcher};
use labrpc::sim::{Policy, Tracing};

use super::Step;
use super::memory::Memory;

/// How many seeds a milestone takes: as many as `grade`.
const SEEDS: u64 = 5;

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
    /// The first of its tests that fails, in the order of the text.
    pub(crate) failed: Row,
    /// How many of its tests have passed.
    pub(crate) passed: usize,
    /// Whether it was reached before.
    pub(crate) is_broken_again: bool,
}

/// Goes on from the first of these milestones that is not remembered as reached, and remembers what it finds.
///
/// # Errors
///
/// If no tests can be run, or somebody ended them.
pub(crate) fn walk(steps: &[Step], memory: &mut Memory) -> Result<Stand> {
    let mut is_new = false;
    while let Some(place) = steps.iter().position(|step| !memory.reached.contains(step.milestone.id)) {
        let step = steps[place];
        if let Some(next) = look_at(step, SEEDS)? {
            return Ok(Stand::Next(Box::new(next)));
        }
        println!("reached: {}", step.title());
        is_new = true;
        memory.reached.insert(step.milestone.id.to_owned());
        memory.write();
        if let Some(broken) = first_broken(&steps[..place], memory)? {
            return Ok(Stand::Next(Box::new(broken)));
        }
    }
    // Nothing was run: what was reached long ago may be broken now.
    if !is_new && let Some(broken) = first_broken(steps, memory)? {
        return Ok(Stand::Next(Box::new(broken)));
    }
    Ok(Stand::Done)
}

/// The first of these milestones, all reached before, that is reached no more.
fn first_broken(steps: &[Step], memory: &mut Memory) -> Result<Option<Next>> {
    for &step in steps {
        if let Some(next) = look_at(step, 1)? {
            memory.reached.remove(step.milestone.id);
            memory.write();
            return Ok(Some(Next { is_broken_again: true, ..next }));
        }
    }
    Ok(None)
}

/// Runs the tests of a milestone. `None` if they pass, or are skipped.
fn look_at(step: Step, seeds: u64) -> Result<Option<Next>> {
    let cases = step.cases();
    let mut rows = graded(&cases, 1..=1)?;
    if seeds > 1 && rows.iter().all(|row| row.failure().is_none()) {
        rows = graded(&cases, 2..=seeds)?;
    }
    let is_good = |row: &Row| matches!(row.end, RowEnd::Passed | RowEnd::Skipped(_));
    let passed = rows.iter().filter(|row| is_good(row)).count();
    let failed = rows.into_iter().find(|row| !is_good(row));
    Ok(failed.map(|failed| Next { step, failed, passed, is_broken_again: false }))
}

fn graded(cases: &[&'static TestCase], seeds: std::ops::RangeInclusive<u64>) -> Result<Vec<Row>> {
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
    Ok(grading::grade(&grading, &mut Silent)?.rows)
}

/// Tells nothing while it goes on: one verdict is what somebody waits for.
struct Silent;

impl Watcher for Silent {}
