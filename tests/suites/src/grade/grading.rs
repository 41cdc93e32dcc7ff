//! Tests over their seeds, in worker processes: what each of them is worth, whatever the code under test does.
//!
//! A test's seeds are run one after the other until one fails: one failure takes the points, and the first report is the one
//! to read. Who wants to know how many seeds fail [demands](Demand) that it goes on. Several tests are under way at once, so that
//! no worker waits. What came of a test does not depend on that.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use anyhow::Result;
use lab_harness::case::TestCase;
use lab_hunt::FailedRun;
use lab_hunt::shrink::{Signature, normalised};
use lab_hunt::target::{RunEnd, RunFacts, RunFailure};
use lab_hunt::workers::{Cost, Interrupts, Job, Launch, Limits, Outcome, Pool, Task, report};
use lab_runs::artifacts;
use lab_runs::settings::{self, World};
use lab_runs::{Plan, TestInfo};
use labrpc::time::Instant;

use super::demands::{Budget, Demand, OneRun, Way};
use super::target::info;

/// The real time that a simulation may take. The slowest takes a second or two.
const SIMULATION_MAX: Duration = Duration::from_secs(120);
/// The same in the real world, where a test gives itself up after 300 s.
const REAL_MAX: Duration = Duration::from_secs(330);
/// The memory that a worker may use, in bytes.
pub const MEMORY_MAX: u64 = 2 << 30;

/// The real time that a run may take in this world.
#[must_use]
pub fn run_max(world: World) -> Duration {
    match world {
        World::Simulated => SIMULATION_MAX,
        World::Real => REAL_MAX,
    }
}

/// How a test did over its seeds.
#[derive(Clone, Debug)]
pub struct Row {
    /// The test.
    pub case: &'static TestCase,
    /// The seeds that were run: up to the first that failed, unless it was demanded that one goes on.
    pub runs: usize,
    /// The real time of all of them.
    pub wall: Duration,
    /// Calls of all of them.
    pub calls: u64,
    /// What came of it.
    pub end: RowEnd,
    /// Whether the first seed was the same run when it was run again; `true` if it was not.
    pub is_repeatable: bool,
    /// Each run that has ended, in the order of the seeds.
    pub each: Vec<OneRun>,
}

/// What came of a test.
#[derive(Clone, Debug)]
pub enum RowEnd {
    /// No seed has failed, of those that were run.
    Passed,
    /// Nothing was judged, and why.
    Skipped(String),
    /// A seed failed, and this is the first. The rest was run only if it was demanded that one goes on.
    Failed(Box<Failed>),
    /// Whenever a seed was run, somebody ended its process from outside, and how.
    Interrupted(String),
}

/// A seed that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The run.
    pub plan: Plan,
    /// What went wrong, in a line.
    pub headline: String,
    /// What failures of the same cause have in common.
    pub cause: Signature,
    /// What there is to read.
    pub report: String,
    /// Proves that another run is the same; `None` if it has none, or has ended its process.
    pub fingerprint: Option<String>,
}

impl Row {
    /// The failure, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failed> {
        match &self.end {
            RowEnd::Failed(failed) => Some(failed),
            _ => None,
        }
    }

    /// What it is worth.
    #[must_use]
    pub fn points(&self) -> u32 {
        if matches!(self.end, RowEnd::Passed) { self.case.points } else { 0 }
    }

    /// What there is to gain, among the rows of all tests: nothing by a test that is [left out](Self::is_left_out).
    #[must_use]
    pub fn points_max(&self, all: &[Self]) -> u32 {
        let has_failed = |row: &Self| row.case.part == self.case.part && row.failure().is_some();
        if self.is_left_out(all.iter().any(has_failed)) { 0 } else { self.case.points }
    }

    /// Whether it was skipped and nobody pays for that, if a test of its part has failed or not.
    ///
    /// Who is right and cannot be put to a test, for the sake of messages of his own, has all points that there are. Who is
    /// wrong gains nothing by it that messages cannot be read: what was not judged of the part has not been passed. But of what
    /// [nobody was asked for](crate::NOT_ASKED_BY_THE_COURSE) nothing is missing.
    #[must_use]
    pub fn is_left_out(&self, has_part_failed: bool) -> bool {
        let is_asked = !crate::NOT_ASKED_BY_THE_COURSE.contains(&self.case.name);
        matches!(self.end, RowEnd::Skipped(_)) && !(has_part_failed && is_asked)
    }
}

/// What is to be graded.
#[derive(Debug)]
pub struct Grading<'a> {
    /// The tests.
    pub cases: &'a [&'static TestCase],
    /// The runs of each.
    pub plans: &'a [Plan],
    /// How many workers there are.
    pub workers: usize,
    /// How they are started.
    pub launch: Launch,
    /// Whether the first seed of each test is run twice, to see whether it is the same run.
    pub is_repeated: bool,
    /// Whether Ctrl-C ends it in good order. A process has one who listens to it.
    pub is_interruptible: bool,
}

/// Is told how it goes on.
pub trait Watcher {
    /// A run is given to a worker.
    fn begins(&mut self, _case: &'static TestCase, _plan: Plan) {}
    /// A run has passed, or was skipped.
    fn ran(&mut self, _plan: Plan, _facts: &RunFacts) {}
    /// So many of a test's seeds need not be run any more.
    fn left_out(&mut self, _runs: usize) {}
    /// A test is over.
    fn ended(&mut self, _row: &Row) {}
}

/// What came of it.
#[derive(Debug)]
pub struct Graded {
    /// A row for each test that is over, in the order of the tests.
    pub rows: Vec<Row>,
    /// What is known of the tests that are not over, in the same order: if it was ended before all was run.
    pub unfinished: Vec<Row>,
    /// Whether Ctrl-C has ended it before all was run.
    pub is_interrupted: bool,
}

/// Grades each test over the same seeds, up to the first that fails.
///
/// # Errors
///
/// If no workers can be started.
pub fn grade(grading: &Grading<'_>, watcher: &mut dyn Watcher) -> Result<Graded> {
    let world = grading.plans.first().map_or(World::Simulated, |plan| plan.world);
    let demand = |&case| Demand { case, plans: grading.plans.to_vec(), goes_on: false };
    let demands: Vec<Demand> = grading.cases.iter().map(demand).collect();
    let way = Way {
        workers: grading.workers,
        launch: grading.launch.clone(),
        budget: Budget { run: run_max(world), memory: MEMORY_MAX, test: None, all: None },
        is_repeated: grading.is_repeated,
        interrupts: if grading.is_interruptible { Some(Interrupts::listen()?) } else { None },
    };
    meet(&demands, &way, watcher)
}

/// Grades what is demanded, within the [budget](Way::budget).
///
/// # Errors
///
/// If no workers can be started.
pub fn meet(demands: &[Demand], way: &Way, watcher: &mut dyn Watcher) -> Result<Graded> {
    let mut under_way = UnderWay::new(demands, way, watcher);
    if let Some(interrupts) = &way.interrupts {
        interrupts.tell(under_way.pool.interrupter());
    }
    let is_interrupted = under_way.run()?;
    let UnderWay { rows, is_over, .. } = under_way;
    let (over, unfinished): (Vec<_>, Vec<_>) =
        rows.into_iter().zip(is_over).partition(|(_, is_over)| *is_over);
    let rows = |rows: Vec<(Row, bool)>| rows.into_iter().map(|(row, _)| row).collect();
    Ok(Graded { rows: rows(over), unfinished: rows(unfinished), is_interrupted })
}

struct UnderWay<'a> {
    demands: &'a [Demand],
    way: &'a Way,
    /// When it began.
    began: Instant,
    watcher: &'a mut dyn Watcher,
    pool: Pool,
    rows: Vec<Row>,
    is_over: Vec<bool>,
    /// Of the tests whose first seed is to be run once more: its fingerprint.
    repeats: BTreeMap<usize, String>,
    /// The tests whose next seed can be run, those that were begun first.
    ready: VecDeque<usize>,
    /// Jobs that came back from workers that ended.
    returned: VecDeque<Job>,
}

impl Row {
    fn new(case: &'static TestCase) -> Self {
        Self {
            case,
            runs: 0,
            wall: Duration::ZERO,
            calls: 0,
            end: RowEnd::Passed,
            is_repeatable: true,
            each: Vec::new(),
        }
    }
}

impl<'a> UnderWay<'a> {
    fn new(demands: &'a [Demand], way: &'a Way, watcher: &'a mut dyn Watcher) -> Self {
        let world =
            demands.iter().find_map(|demand| demand.plans.first()).map_or(World::Simulated, |p| p.world);
        let limits = Limits {
            workers: way.workers,
            run: way.budget.run,
            stall: settings::stall(),
            memory: way.budget.memory,
        };
        Self {
            pool: Pool::new(limits, way.launch.clone(), world),
            rows: demands.iter().map(|demand| Row::new(demand.case)).collect(),
            is_over: vec![false; demands.len()],
            repeats: BTreeMap::new(),
            ready: (0..demands.len()).filter(|&place| !demands[place].plans.is_empty()).collect(),
            returned: VecDeque::new(),
            began: Instant::now(),
            demands,
            way,
            watcher,
        }
    }

    /// Returns whether it was interrupted.
    fn run(&mut self) -> Result<bool> {
        loop {
            while self.pool.has_room(Some(self.ready.len() as u64)) && self.submit()? {}
            if self.pool.is_idle() && self.ready.is_empty() && self.returned.is_empty() {
                return Ok(false);
            }
            if let Some(outcome) = self.pool.wait()? {
                self.on_outcome(outcome);
            }
            if self.pool.take_interrupt() {
                self.pool.kill_all();
                return Ok(true);
            }
            if self.way.budget.all.is_some_and(|all| self.began.elapsed() >= all) {
                self.pool.kill_all();
                return Ok(false);
            }
        }
    }

    /// Gives a worker the next run; returns whether there was one.
    fn submit(&mut self) -> Result<bool> {
        if let Some(job) = self.returned.pop_front() {
            self.pool.submit(job)?;
            return Ok(true);
        }
        let Some(place) = self.ready.pop_front() else { return Ok(false) };
        let (case, plan) = (self.rows[place].case, self.plan(place));
        let task = if self.repeats.contains_key(&place) {
            Task::Run
        } else {
            self.watcher.begins(case, plan);
            // The first report is the one to read.
            if self.rows[place].failure().is_some() { Task::Run } else { Task::RunAndReport }
        };
        let (policy, world) = (plan.policy.to_string(), plan.world.to_string());
        self.pool.submit(Job::new(place, case.name, policy, world, plan.seed, task))?;
        Ok(true)
    }

    /// The next run of a test: the first once more, or one that was not made yet.
    fn plan(&self, place: usize) -> Plan {
        let next = if self.repeats.contains_key(&place) { 0 } else { self.rows[place].runs };
        self.demands[place].plans[next]
    }

    fn on_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Returned(job) => self.returned.push_back(job),
            // Nobody has asked for one alone.
            Outcome::Reported(..) => {}
            // Of a test that has failed already, that is known.
            Outcome::Interrupted(job, _) if self.rows[job.row].failure().is_some() => self.over(job.row),
            Outcome::Interrupted(job, how) => self.end(job.row, RowEnd::Interrupted(how)),
            // The first seed once more. Whatever came of it, it counts for nothing but this.
            Outcome::Ended(job, _, _, facts, _) if self.repeats.contains_key(&job.row) => {
                let first = self.repeats.remove(&job.row);
                self.rows[job.row].is_repeatable = first == facts.fingerprint;
                self.go_on(job.row);
            }
            Outcome::Ended(job, cost, RunEnd::Failed(failure), facts, report) => {
                let plan = self.plan(job.row);
                self.count(job.row, cost, &facts, false);
                let test = info(self.rows[job.row].case);
                let RunFailure { kind, headline, signature: cause, report: last_word } = failure;
                let failed = FailedRun::new(job.seed, kind, &headline);
                let report = match (report, last_word) {
                    // The worker has written it, with the trace.
                    (Some(report), None) => report,
                    (_, last_word) => left(&job, test, &failed, last_word.as_deref(), ""),
                };
                let fingerprint = facts.fingerprint;
                self.fail(job.row, Failed { plan, headline, cause, report, fingerprint });
            }
            Outcome::Ended(job, cost, end, facts, _) => {
                let plan = self.plan(job.row);
                // What was skipped was not judged, and so has not passed.
                self.count(job.row, cost, &facts, matches!(end, RunEnd::Passed));
                self.watcher.ran(plan, &facts);
                let row = &mut self.rows[job.row];
                let is_first = row.runs == 1;
                match (end, facts.fingerprint) {
                    (RunEnd::Skipped(why), _) if row.failure().is_none() => row.end = RowEnd::Skipped(why),
                    (_, Some(print)) if is_first && self.way.is_repeated => {
                        self.repeats.insert(job.row, print);
                    }
                    _ => {}
                }
                self.go_on(job.row);
            }
            Outcome::Crashed(job, cost, failed, stderr) => {
                let plan = self.plan(job.row);
                // The first seed once more is no further run. That it ends its process is a failure of that seed.
                if self.repeats.remove(&job.row).is_none() {
                    self.count(job.row, cost, &RunFacts::default(), false);
                } else if let Some(first) = self.rows[job.row].each.first_mut() {
                    first.is_passed = false;
                }
                let failed = crashed(&job, info(self.rows[job.row].case), plan, &failed, &stderr);
                self.fail(job.row, failed);
            }
        }
    }

    /// Counts the run of a test that has ended.
    fn count(&mut self, place: usize, cost: Cost, facts: &RunFacts, is_passed: bool) {
        let row = &mut self.rows[place];
        row.each.push(OneRun { is_passed, fingerprint: facts.fingerprint.clone() });
        row.runs += 1;
        row.wall += Duration::from_micros(cost.wall_us);
        row.calls += facts.calls;
    }

    /// A run of a test has failed.
    fn fail(&mut self, place: usize, failed: Failed) {
        if !self.demands[place].goes_on {
            return self.end(place, RowEnd::Failed(Box::new(failed)));
        }
        // The first is the one that is told.
        if self.rows[place].failure().is_none() {
            self.rows[place].end = RowEnd::Failed(Box::new(failed));
        }
        self.go_on(place);
    }

    /// A run of a test has ended.
    fn go_on(&mut self, place: usize) {
        let row = &self.rows[place];
        if self.way.budget.test.is_some_and(|test| row.wall >= test) {
            return self.over(place);
        }
        if self.repeats.contains_key(&place) || row.runs < self.demands[place].plans.len() {
            // Those that were begun first, so that tests end in their order.
            self.ready.push_front(place);
        } else {
            self.over(place);
        }
    }

    /// A test is over before all of its seeds were run.
    fn end(&mut self, place: usize, end: RowEnd) {
        self.rows[place].end = end;
        self.watcher.left_out(self.demands[place].plans.len().saturating_sub(self.rows[place].runs));
        self.over(place);
    }

    fn over(&mut self, place: usize) {
        self.is_over[place] = true;
        self.watcher.ended(&self.rows[place]);
    }
}

/// A run that has ended its process.
fn crashed(job: &Job, test: TestInfo, plan: Plan, failed: &FailedRun, stderr: &str) -> Failed {
    let cause = Signature::of_expectation(normalised(&failed.headline));
    let report = left(job, test, failed, None, stderr);
    Failed { plan, headline: failed.headline.clone(), cause, report, fingerprint: None }
}

/// The report of a run that cannot be made again with a trace, and leaves it in the seed's folder.
fn left(job: &Job, test: TestInfo, failed: &FailedRun, report: Option<&str>, stderr: &str) -> String {
    let report =
        report.map_or_else(|| report::text(job, test, failed, stderr), |report| format!("{report}\n"));
    match report::write(job, &report, stderr) {
        Ok(()) => {
            let directory = report::directory(&job.test, &job.world, job.seed);
            format!("{report}report: {}/", artifacts::shown(&directory))
        }
        Err(error) => format!("{report}report: could not be written: {error}"),
    }
}

#[cfg(test)]
mod tests;
