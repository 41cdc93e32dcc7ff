//! The workers: keeps as many as there should be, gives them jobs, and says what came of each.
//!
//! A worker that ends is replaced. What it was working on has crashed; what it had not begun comes back, to be
//! given to another one. Nothing is ever lost: each job that is given has exactly one [`Outcome`].

mod watch;

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender};
use labrpc::time::Instant;

use super::crash::{self, Crash, KillReason};
use super::process::{Launch, Message, Process, Unreported};
use super::protocol::{Answer, Cost, Job};
use super::system;
use crate::failed_run::FailedRun;
use crate::target::{RunEnd, RunFacts};
use lab_runs::World;

/// How often hangs and memory are looked after. In this time, memory grows by some tens of megabytes at most.
const TICK: Duration = Duration::from_millis(20);
/// So many workers that end without running anything mean that none will ever work.
const FAILED_STARTS_MAX: u32 = 5;
/// The real time for which a worker should have jobs in advance, so that it never waits for the next one.
const QUEUE_TIME: Duration = Duration::from_millis(30);
/// The most jobs that a worker may have.
const QUEUE_LENGTH_MAX: usize = 16;
/// So often a run is made whose worker somebody ends from outside.
const TRIES: u32 = 3;

/// The limits of a worker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many workers there are.
    pub workers: usize,
    /// The real time that a run may take. What it waits for a processor makes this longer, up to four times (on Linux).
    pub run: Duration,
    /// The real time in which a simulated thread must give way.
    pub stall: Duration,
    /// The memory that a worker may use, in bytes.
    pub memory: u64,
}

/// What came of a job.
#[derive(Debug)]
pub enum Outcome {
    /// The run has ended; with its report, if one was asked for or nothing will come of a trace.
    Ended(Job, Cost, RunEnd, RunFacts, Option<String>),
    /// A failed seed was run again, with its report; `None` if it did not fail again.
    Reported(Job, Option<String>),
    /// The run ended its worker, which wrote this to standard error.
    Crashed(Job, Cost, FailedRun, String),
    /// Whenever the run was made, somebody ended its worker from outside, and how.
    Interrupted(Job, String),
    /// The job is to be given to another worker.
    Returned(Job),
}

/// The workers.
#[derive(Debug)]
pub struct Pool {
    limits: Limits,
    launch: Launch,
    world: World,
    /// One for each worker; empty if the system chooses.
    processors: Vec<usize>,
    workers: Vec<Process>,
    messages: Receiver<Message>,
    sender: Sender<Message>,
    outcomes: VecDeque<Outcome>,
    workers_started: u64,
    jobs_given: u64,
    /// How many runs have ended, and how long they took together, in microseconds.
    ended: (u64, u64),
    /// How many workers ended in a row without running anything.
    failed_starts: u32,
    checked_at: Instant,
    is_interrupted: bool,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.workers.clear();
        self.kill_orphans();
    }
}

impl Pool {
    /// Workers that are started so, for runs of one world.
    #[must_use]
    pub fn new(limits: Limits, launch: Launch, world: World) -> Self {
        let processors = match world {
            World::Simulated => system::processors_for(limits.workers),
            // Its threads are to run beside each other.
            World::Real => Vec::new(),
        };
        // Unbounded, so that a thread that reads from a worker never blocks. What is in it is bounded by the
        // jobs that the workers have.
        let (sender, messages) = crossbeam_channel::unbounded();
        Self {
            limits,
            launch,
            world,
            processors,
            workers: Vec::new(),
            messages,
            sender,
            outcomes: VecDeque::new(),
            workers_started: 0,
            jobs_given: 0,
            ended: (0, 0),
            failed_starts: 0,
            checked_at: Instant::now(),
            is_interrupted: false,
        }
    }

    /// What Ctrl-C is to call, so that [`take_interrupt`](Self::take_interrupt) says so.
    pub fn interrupter(&self) -> impl FnMut() + Send + 'static {
        let messages = self.sender.clone();
        move || {
            // All may have ended just now.
            let _ = messages.send(Message::Interrupted);
        }
    }

    /// Whether a worker has room for a job, when so many are left to be given; `None`: without end.
    #[must_use]
    pub fn has_room(&self, left: Option<u64>) -> bool {
        self.workers.len() < self.limits.workers
            || self.least_busy().is_some_and(|(_, jobs)| jobs < self.queue_length(left))
    }

    /// How many jobs a worker may have: enough to be busy, few enough that at the end none of them waits for another.
    fn queue_length(&self, left: Option<u64>) -> usize {
        // Near the end a job in a queue would wait for the run before it, while another worker has nothing to
        // do. And a run of the real world takes seconds, next to which a round trip is nothing.
        if self.world == World::Real || left.is_some_and(|left| left < 4 * self.limits.workers as u64) {
            return 1;
        }
        // The shortest runs take less than a millisecond. With one job at a time, a worker would spend a good
        // part of its time waiting for the next one; with too many, those behind a long one would wait while
        // others are idle. So the queue is as long as its runs are short.
        let (runs, wall_us) = self.ended;
        let ahead = QUEUE_TIME.as_micros() as u64 / (wall_us / runs.max(1)).max(1);
        (1 + ahead as usize).min(QUEUE_LENGTH_MAX)
    }

    /// Whether nobody has anything to do.
    pub fn is_idle(&self) -> bool {
        self.outcomes.is_empty() && self.workers.iter().all(|worker| worker.jobs.is_empty())
    }

    fn least_busy(&self) -> Option<(usize, usize)> {
        let loads = self.workers.iter().enumerate().map(|(place, worker)| (place, worker.jobs.len()));
        loads.min_by_key(|&(_, jobs)| jobs)
    }

    /// Gives a job to the worker that has the fewest, or to a new one.
    ///
    /// # Errors
    ///
    /// If no worker can be started.
    pub fn submit(&mut self, mut job: Job) -> Result<()> {
        self.jobs_given += 1;
        job.number = self.jobs_given;
        let place = match self.least_busy() {
            // An idle worker before a new one: to start a process takes longer than most runs.
            Some((place, 0)) => place,
            Some((place, _)) if self.workers.len() >= self.limits.workers => place,
            _ => self.start_worker()?,
        };
        self.workers[place].send(job);
        Ok(())
    }

    fn start_worker(&mut self) -> Result<usize> {
        self.workers_started += 1;
        // The processor of a worker that was replaced is free again, and the next one takes its place there.
        let is_free =
            |&processor: &usize| self.workers.iter().all(|other| other.processor != Some(processor));
        let processor = self.processors.iter().copied().find(is_free);
        let worker =
            Process::start(self.workers_started, &self.launch, self.limits.stall, processor, &self.sender)
                .context("cannot start a worker process")?;
        self.workers.push(worker);
        Ok(self.workers.len() - 1)
    }

    /// Whether somebody has pressed Ctrl-C since this was last asked.
    pub fn take_interrupt(&mut self) -> bool {
        std::mem::take(&mut self.is_interrupted)
    }

    /// Ends all workers; what they had comes back.
    pub fn kill_all(&mut self) {
        // Dropping a worker kills its process. Its jobs come back even so: the driver decides what that
        // means.
        for worker in self.workers.drain(..) {
            self.outcomes.extend(worker.jobs.iter().cloned().map(Outcome::Returned));
        }
    }

    /// What came of the next job; `None` if nothing did for a moment.
    ///
    /// # Errors
    ///
    /// If workers end before they run anything.
    pub fn wait(&mut self) -> Result<Option<Outcome>> {
        // Not only when nothing happens: while the other workers answer thousands of times a second, the
        // channel is never empty, and one that hangs would be forgotten.
        if self.checked_at.elapsed() >= TICK {
            self.enforce_limits();
            self.look_after_the_gone()?;
        }
        // One message can have several outcomes. They are handed out before the next message is looked at, so
        // that the driver sees things in the order in which they happened.
        if self.outcomes.is_empty() {
            match self.messages.recv_timeout(TICK) {
                Ok(Message::Answer(id, answer)) => self.on_answer(id, *answer),
                Ok(Message::Closed(id)) => self.on_exit(id)?,
                Ok(Message::Interrupted) => self.is_interrupted = true,
                Err(_) => {}
            }
        }
        Ok(self.outcomes.pop_front())
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.workers.iter().position(|worker| worker.id == id)
    }

    fn on_answer(&mut self, id: u64, answer: Answer) {
        // A worker that was replaced or killed may have said something before. Its jobs are with others by
        // now.
        let Some(place) = self.place(id) else { return };
        let worker = &mut self.workers[place];
        worker.is_ready = true;
        worker.restart_watch();
        // The worker goes through its jobs in order, so the only answer that can be right is about the first.
        if worker.jobs.front().map(|job| job.number) != answer.number() {
            return; // ready, or an answer to what it was not asked
        }
        if let Answer::Ended { cost, .. } = &answer {
            self.ended.0 += 1;
            self.ended.1 += cost.wall_us;
        }
        let (outcome, is_tainted) = match answer {
            Answer::Ready => return,
            Answer::Started { .. } => {
                // This process's own clock, from the worker's own word: a job waits in the queue for longer than its
                // run may take.
                worker.busy_since = Some(Instant::now());
                return;
            }
            Answer::Ended { cost, end, facts, is_tainted, is_report_coming: true, .. } => {
                worker.unreported = Some(Unreported { cost, end, facts, is_tainted });
                return;
            }
            Answer::Ended { cost, end, facts, is_tainted, .. } => {
                let Some(job) = worker.jobs.pop_front() else { return };
                let report = match &end {
                    RunEnd::Failed(failure) => failure.report.clone(),
                    RunEnd::Passed | RunEnd::Skipped(_) => None,
                };
                (Outcome::Ended(job, cost, end, facts, report), is_tainted)
            }
            Answer::Reported { report, .. } => {
                let Some(job) = worker.jobs.pop_front() else { return };
                match worker.unreported.take() {
                    Some(Unreported { cost, end, facts, is_tainted }) => {
                        (Outcome::Ended(job, cost, end, facts, report), is_tainted)
                    }
                    None => (Outcome::Reported(job, report), false),
                }
            }
        };
        // From here on the job is done, whatever becomes of the worker.
        worker.busy_since = None;
        // One that has grown large must not have the next run blamed for it.
        // At half the limit, since the next run starts with what is left behind here, and has to stay below
        // it.
        let is_large = worker.memory().is_some_and(|memory| memory > self.limits.memory / 2);
        self.failed_starts = 0;
        self.outcomes.push_back(outcome);
        // After the outcome is queued: jobs that come back now are given out behind it.
        if is_tainted || is_large {
            self.replace(place);
        }
    }

    /// Ends a worker, whose jobs go to others; the next job starts another one.
    fn replace(&mut self, place: usize) {
        let worker = self.workers.swap_remove(place);
        self.outcomes.extend(worker.jobs.iter().cloned().map(Outcome::Returned));
        drop(worker);
        self.kill_orphans();
    }

    /// A worker has ended. If it was at work, that run has crashed.
    fn on_exit(&mut self, id: u64) -> Result<()> {
        let Some(place) = self.place(id) else { return Ok(()) };
        let mut worker = self.workers.swap_remove(place);
        // The answers have ended, but the process may not have, and its last words may still be in the pipe.
        let (status, stderr) = worker.wait_for_exit();
        self.kill_orphans();
        // Only a run that was started can be to blame. Jobs behind it, and one that was sent and not begun,
        // are innocent and come back.
        let is_idle = matches!(worker.kill_reason, Some(KillReason::Idle(_)));
        let began = worker.busy_since.or(is_idle.then(Instant::now));
        let running = began.and_then(|since| Some((worker.jobs.pop_front()?, since)));
        match running {
            Some((job, since)) => {
                let wall_us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                // What it used is not known any more; it was most likely busy.
                let cost = Cost { wall_us, cpu_us: 0 };
                let crash = crash::classify(job.seed, worker.kill_reason, status, &stderr);
                self.outcomes.push_back(outcome(job, cost, worker.unreported.take(), crash, stderr.clone()));
                self.failed_starts = 0;
            }
            // A worker that is not at work and ends: it cannot start, or the two do not understand each other.
            // One may be chance. When several in a row do so, the next ones would, too, without end.
            None => self.failed_starts += 1,
        }
        self.outcomes.extend(worker.jobs.drain(..).map(Outcome::Returned));
        if self.failed_starts >= FAILED_STARTS_MAX {
            let how = status.map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string());
            bail!("workers end before they run anything ({how}): {}", stderr.trim());
        }
        Ok(())
    }
}

/// What came of the job on which a worker was at work that has ended.
fn outcome(
    mut job: Job,
    cost: Cost,
    unreported: Option<Unreported>,
    crash: Crash,
    stderr: String,
) -> Outcome {
    match (unreported, crash) {
        // It was known that the run has failed. What ended the worker then only cost the report.
        (Some(Unreported { cost, end, facts, .. }), _) => Outcome::Ended(job, cost, end, facts, None),
        // What ended the worker is the failure of this seed: a worker in which threads of another run may be
        // left is replaced before it gets a next one.
        (None, Crash::Failed(failed)) => Outcome::Crashed(job, cost, failed, stderr),
        (None, Crash::Interrupted(how)) => {
            job.interruptions += 1;
            if job.interruptions < TRIES { Outcome::Returned(job) } else { Outcome::Interrupted(job, how) }
        }
    }
}
