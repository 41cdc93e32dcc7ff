//! The driver of a sweep: which job is given to the workers next, and what is done with its outcome.
//!
//! A run that was made before by this build is not made again. Each outcome goes into the rows and into the ledger. The
//! first failures of each cause are run again, with a trace. A sweep ends when nothing is left, when its time is over,
//! at the first failure if it was told so, or by Ctrl-C.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use lab_runs::World;
use labrpc::search::Novelty;
use labrpc::time::Instant;

use super::coverage::{Coverage, searched};
use super::ledger::{Earlier, Entry, Key, Ledger};
use super::progress::Progress;
use super::results::{Ended, Row};
use super::scope::{Runs, Scope};
use super::seed_set::SeedSet;
use crate::FailedRun;
use crate::target::{FailureKind, RunEnd};
use crate::workers::{self, Cost, Job, Launch, Limits, Outcome, Pool, Task, report};

/// Of so many failures with the same cause, report and trace are kept.
pub(crate) const REPORTED_MAX: u32 = 3;
/// How often results are made safe.
const FLUSH: Duration = Duration::from_millis(250);

/// What a sweep is to do.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which tests, under which policies, over which seeds.
    pub scope: Scope,
    /// How many workers there are, and what each may use.
    pub limits: Limits,
    /// How they are started.
    pub launch: Launch,
    /// The real time that it may take; `None`: as long as it needs.
    pub time: Option<Duration>,
    /// Whether it ends with the first failure.
    pub is_until_fail: bool,
    /// Whether runs that were made before are made again.
    pub is_fresh: bool,
    /// The folder under which the results of each build have a folder of their own.
    pub root: PathBuf,
    /// The build that runs, as [`build_id`](super::build_id) gives it: results of another one do not count.
    pub build: String,
}

/// Why a sweep stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Nothing was left.
    Completed,
    /// A run failed, and that was to be the end.
    FirstFailure,
    /// The time was over.
    TimeUp,
    /// Ctrl-C.
    Interrupted,
}

/// What came of a sweep.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Why it stopped.
    pub stop_reason: StopReason,
    /// What came of the runs, a row for each test and policy, in the order of the scope.
    pub rows: Vec<Row>,
    /// How many of the runs in the rows an earlier sweep of the same build had made.
    pub earlier_runs: u64,
    /// What the runs of this time cost, reports not counted.
    pub cost: Cost,
    /// How many runs were made this time, reports not counted.
    pub runs: u64,
    /// How many runs could not be made, because somebody ended their workers from outside each time.
    pub interrupted: u64,
    /// How long it took: real time.
    pub wall: Duration,
    /// How many processors there were for it.
    pub cores: usize,
    /// The folder in which the results of this build are kept.
    pub directory: PathBuf,
    /// What the runs of this time have covered.
    pub novelty: Novelty,
    /// Lines there that could not be read, and so do not count.
    pub unreadable: u64,
}

/// A sweep under way.
struct Driver<'a> {
    config: &'a Config,
    progress: &'a mut Progress,
    rows: Vec<Row>,
    ledger: Ledger,
    pool: Pool,
    runs: Runs,
    /// Jobs that came back from workers that ended.
    requeued: VecDeque<Job>,
    /// Failed seeds that are to be run again, for their reports.
    reruns: VecDeque<Job>,
    /// What the runs of this time have covered, and what is made of it.
    coverage: Coverage,
    /// How often each cause has been seen.
    reported: BTreeMap<(usize, FailureKind, String), u32>,
    cost: Cost,
    /// Runs of this time.
    run_count: u64,
    /// Runs that could not be made.
    interrupted: u64,
    stop_reason: Option<StopReason>,
    started_at: Instant,
    flushed_at: Instant,
}

/// Sweeps.
///
/// # Errors
///
/// If results cannot be kept or workers do not work.
pub fn run(config: &Config, progress: &mut Progress) -> Result<Summary> {
    let mut rows: Vec<Row> =
        config.scope.variants.iter().map(|row| Row::new(row.test, &row.policy.to_string())).collect();
    let ledger = open(config, &mut rows)?;
    let earlier_runs = rows.iter().map(Row::runs).sum();
    progress.begin(&config.scope, earlier_runs);
    // A sweep until the first failure that goes on where it was has its failure already.
    let is_failed_before = config.is_until_fail && rows.iter().any(|row| row.failed() > 0);
    let mut driver = Driver {
        config,
        progress,
        rows,
        ledger,
        pool: Pool::new(config.limits, config.launch.clone(), config.scope.world),
        runs: Runs::of(&config.scope),
        requeued: VecDeque::new(),
        reruns: VecDeque::new(),
        coverage: Coverage::new(config.scope.seeds.from),
        reported: BTreeMap::new(),
        cost: Cost::default(),
        run_count: 0,
        interrupted: 0,
        stop_reason: is_failed_before.then_some(StopReason::FirstFailure),
        started_at: Instant::now(),
        flushed_at: Instant::now(),
    };
    // Only now, since Ctrl-C reaches the sweep through the pool. Before, it ends the process, and nothing is
    // lost by that: no run has been made. Pressed again, it ends the process.
    workers::on_interrupt(driver.pool.interrupter())?;
    driver.run()?;
    driver.progress.finish();
    Ok(Summary {
        stop_reason: driver.stop_reason.unwrap_or(StopReason::Completed),
        rows: driver.rows,
        earlier_runs,
        cost: driver.cost,
        runs: driver.run_count,
        interrupted: driver.interrupted,
        wall: driver.started_at.elapsed(),
        cores: workers::cores(),
        directory: driver.ledger.directory,
        novelty: driver.coverage.into_novelty(),
        unreadable: driver.ledger.unreadable,
    })
}

/// Opens the ledger and takes over what belongs to the sweep.
fn open(config: &Config, rows: &mut [Row]) -> Result<Ledger> {
    let key = Key::of(&config.build, &config.limits);
    let earlier = if config.is_fresh { Earlier::IsForgotten } else { Earlier::Counts };
    let seeds = SeedSet::from(vec![(config.scope.seeds.from, config.scope.seeds.last())]);
    Ledger::open(&config.root, &key, earlier, (&config.scope.world.to_string(), &seeds), rows)
}

impl Driver<'_> {
    fn run(&mut self) -> Result<()> {
        loop {
            // Jobs first: a worker whose answer was handled in the last round may be idle by now.
            self.dispatch()?;
            if self.pool.is_idle() && !self.has_more_jobs() {
                break;
            }
            if let Some(outcome) = self.pool.wait()? {
                self.on_outcome(outcome)?;
            }
            // Reruns only make reports. Who presses Ctrl-C wants the prompt back and does not wait for them.
            if self.pool.take_interrupt() {
                self.stop(StopReason::Interrupted);
                self.reruns.clear();
            }
            self.tick()?;
        }
        self.ledger.flush()
    }

    fn has_more_jobs(&self) -> bool {
        // When the sweep stops at a failure, that failure still gets its report; jobs that came back are not
        // made any more.
        !self.reruns.is_empty() || (self.stop_reason.is_none() && !self.requeued.is_empty())
    }

    fn dispatch(&mut self) -> Result<()> {
        // Asked again for each job: the queue gets shorter as the end comes near.
        while self.pool.has_room(self.progress.left(self.run_count)) {
            match self.next_job() {
                Some(job) => self.pool.submit(job)?,
                None => break,
            }
        }
        Ok(())
    }

    fn next_job(&mut self) -> Option<Job> {
        // Before new seeds: a report that is read while the sweep goes on is the reason to have one early.
        if let Some(job) = self.reruns.pop_front() {
            return Some(job);
        }
        if self.stop_reason.is_some() {
            return None;
        }
        if let Some(job) = self.requeued.pop_front() {
            return Some(job);
        }
        let rows = &self.rows;
        // What the ledger knows already is skipped, which costs nothing next to a run.
        let (row, seed) = self.runs.find(|&(row, seed)| !rows[row].has(seed))?;
        let mut job = self.job(row, seed, Task::Run);
        job.covers = self.config.scope.world == World::Simulated;
        self.coverage.choose(&mut job);
        Some(job)
    }

    fn job(&self, row: usize, seed: u64, task: Task) -> Job {
        let Row { test, policy, .. } = &self.rows[row];
        Job::new(row, test, policy.clone(), self.config.scope.world.to_string(), seed, task)
    }

    fn on_outcome(&mut self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Returned(job) if job.task == Task::Report => self.reruns.push_back(job),
            Outcome::Returned(job) => self.requeued.push_back(job),
            // A failed seed that passes, or that ends its worker, when it is run again.
            Outcome::Reported(job, Some(_)) => self.progress.reported(&job),
            Outcome::Reported(job, None) => self.progress.not_repeated(&job),
            // The worker answers a rerun with Reported. Whatever else comes of one has ended its worker, so
            // the seed did not fail as it did before; the row has counted it already.
            Outcome::Ended(job, ..) | Outcome::Crashed(job, ..) | Outcome::Interrupted(job, _)
                if job.task == Task::Report =>
            {
                self.progress.not_repeated(&job);
            }
            Outcome::Ended(job, cost, RunEnd::Passed, facts, _) => {
                self.coverage.learn(&job, &facts.news);
                self.record(&job, cost, Ended::Passed)?;
            }
            Outcome::Ended(job, cost, RunEnd::Skipped(why), ..) => {
                self.record(&job, cost, Ended::Skipped(why))?;
            }
            Outcome::Ended(job, cost, RunEnd::Failed(failure), facts, report) => {
                self.coverage.learn(&job, &facts.news);
                // A worker that sends the report itself says that nothing more can be learnt from another
                // run.
                let is_traced = report.is_none();
                let failed = FailedRun::new(job.seed, failure.kind, &failure.headline);
                let failed = searched(&job, failed);
                self.report_failure(&job, &failed, is_traced, report.as_deref(), "");
                self.record(&job, cost, Ended::Failed(failed))?;
            }
            Outcome::Crashed(job, cost, failed, stderr) => {
                let failed = searched(&job, failed);
                self.report_failure(&job, &failed, false, None, &stderr);
                self.record(&job, cost, Ended::Failed(failed))?;
            }
            Outcome::Interrupted(job, how) => {
                self.interrupted += 1;
                self.progress.interrupted(&job, &how);
            }
        }
        Ok(())
    }

    /// Counts a run, and makes it safe.
    fn record(&mut self, job: &Job, cost: Cost, ended: Ended) -> Result<()> {
        let is_failed = matches!(ended, Ended::Failed(_));
        let Job { test, world, .. } = job.clone();
        let policy = self.rows[job.row].policy.clone();
        let seed = job.counts_as.unwrap_or(job.seed);
        // A seed counts once, also if its job came back and was given out again.
        if !self.rows[job.row].add(seed, cost, ended.clone()) {
            return Ok(());
        }
        self.run_count += 1;
        self.cost.wall_us += cost.wall_us;
        self.cost.cpu_us += cost.cpu_us;
        // Into the row and into the ledger at the same place, so that what is shown and what is kept cannot
        // differ.
        let (skipped, failed) = ended.into_parts();
        self.ledger.add(&Entry { test, policy, world, seed, cost, skipped, failed })?;
        if is_failed && self.config.is_until_fail {
            self.stop(StopReason::FirstFailure);
        }
        Ok(())
    }

    /// Sees to it that the first failures of each cause leave a report, and a trace if there can be one.
    fn report_failure(
        &mut self,
        job: &Job,
        failed: &FailedRun,
        is_traced: bool,
        report: Option<&str>,
        stderr: &str,
    ) {
        let (kind, cause) = failed.cause();
        let count = self.reported.entry((job.row, kind, cause)).or_default();
        *count += 1;
        // A line for each cause, not for each run: a wrong implementation fails thousands of times in the
        // same way.
        if *count == 1 {
            self.progress.failed(job, failed);
        }
        if *count > REPORTED_MAX {
            return;
        }
        // A failure that can be repeated is run again rather than run with a trace at once: tracing every run
        // would slow down the many that pass.
        if is_traced {
            self.reruns.push_back(Job { task: Task::Report, covers: false, ..job.clone() });
            return;
        }
        let test = self.config.scope.variants[job.row].test;
        let report = report.map_or_else(|| report::text(job, test, failed, stderr), str::to_owned);
        if let Err(error) = report::write(job, &report, stderr) {
            self.progress.warn(&format!("no report for {} seed {:#x}: {error}", job.test, job.seed));
        }
    }

    /// No more runs are made. Those under way do not count.
    fn stop(&mut self, reason: StopReason) {
        // The first reason is the one that is told, except that Ctrl-C always is: the exit code depends on
        // it.
        self.stop_reason.get_or_insert(reason);
        if reason == StopReason::Interrupted {
            self.stop_reason = Some(reason);
        }
        // Killed, not waited for: a run may take minutes, and one that is cut short is simply made the next
        // time.
        self.pool.kill_all();
    }

    fn tick(&mut self) -> Result<()> {
        if self.stop_reason.is_none()
            && self.config.time.is_some_and(|time| self.started_at.elapsed() >= time)
        {
            self.stop(StopReason::TimeUp);
        }
        // Not after every run: there are thousands a second. Whoever kills the sweep loses a quarter of a
        // second of them.
        if self.flushed_at.elapsed() >= FLUSH {
            self.flushed_at = Instant::now();
            self.ledger.flush()?;
        }
        self.progress.show(&self.rows, self.run_count);
        Ok(())
    }
}
