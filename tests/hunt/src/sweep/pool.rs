//! The workers of a sweep: keeps as many as there should be, gives them jobs, and says what came of each.
//!
//! A worker that ends is replaced. What it was working on has crashed; what it had not begun comes back, to be
//! given to another one. Nothing is ever lost: each job that is given has exactly one [`Outcome`].

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, Sender};
use labrpc::time::Instant;

use super::crash::{self, KillReason};
use super::failed_run::FailedRun;
use super::process::{Message, Process};
use super::protocol::{Answer, Cost, Job};

/// How often hangs and memory are looked after. In this time, memory grows by some tens of megabytes at most.
const TICK: Duration = Duration::from_millis(20);
/// So many workers that end without running anything mean that none will ever work.
const FAILED_STARTS_MAX: u32 = 5;
/// The real time that a worker may take to say that it is ready.
const START_MAX: Duration = Duration::from_secs(60);

/// The limits of a worker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many workers there are.
    pub workers: usize,
    /// The real time that a run may take.
    pub run: Duration,
    /// The real time in which a simulated thread must give way.
    pub stall: Duration,
    /// The memory that a worker may use, in bytes.
    pub memory: u64,
}

/// What came of a job.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The run passed.
    Passed(Job, Cost),
    /// The run judged nothing, and why.
    Skipped(Job, Cost, String),
    /// The run failed; with its report if nothing will come of a trace.
    Failed(Job, Cost, FailedRun, Option<String>),
    /// A failed seed was run again, and failed again or not.
    Reported(Job, bool),
    /// The run ended its worker, which wrote this to standard error.
    Crashed(Job, Cost, FailedRun, String),
    /// The job is to be given to another worker.
    Returned(Job),
}

/// The workers.
#[derive(Debug)]
pub(super) struct Pool {
    limits: Limits,
    /// One for each worker; empty if the system chooses.
    processors: Vec<usize>,
    workers: Vec<Process>,
    messages: Receiver<Message>,
    sender: Sender<Message>,
    outcomes: VecDeque<Outcome>,
    workers_started: u64,
    jobs_given: u64,
    /// How many workers ended in a row without running anything.
    failed_starts: u32,
    checked_at: Instant,
    is_interrupted: bool,
}

impl Pool {
    pub(super) fn new(limits: Limits, processors: Vec<usize>) -> Self {
        // Unbounded, so that a thread that reads from a worker never blocks. What is in it is bounded by the
        // jobs that the workers have.
        let (sender, messages) = crossbeam_channel::unbounded();
        Self {
            limits,
            processors,
            workers: Vec::new(),
            messages,
            sender,
            outcomes: VecDeque::new(),
            workers_started: 0,
            jobs_given: 0,
            failed_starts: 0,
            checked_at: Instant::now(),
            is_interrupted: false,
        }
    }

    /// For what else should reach the pool.
    pub(super) fn sender(&self) -> Sender<Message> {
        self.sender.clone()
    }

    /// Whether a worker has room for a job, when each may have `queue_length` of them.
    pub(super) fn has_room(&self, queue_length: usize) -> bool {
        self.workers.len() < self.limits.workers
            || self.least_busy().is_some_and(|(_, jobs)| jobs < queue_length)
    }

    /// Whether nobody has anything to do.
    pub(super) fn is_idle(&self) -> bool {
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
    pub(super) fn submit(&mut self, mut job: Job) -> Result<()> {
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
        let worker = Process::start(self.workers_started, self.limits.stall, processor, &self.sender)
            .context("cannot start a worker process")?;
        self.workers.push(worker);
        Ok(self.workers.len() - 1)
    }

    /// Whether somebody has pressed Ctrl-C since this was last asked.
    pub(super) fn take_interrupt(&mut self) -> bool {
        std::mem::take(&mut self.is_interrupted)
    }

    /// Ends all workers; what they had comes back.
    pub(super) fn kill_all(&mut self) {
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
    pub(super) fn wait(&mut self) -> Result<Option<Outcome>> {
        // Not only when nothing happens: while the other workers answer thousands of times a second, the
        // channel is never empty, and one that hangs would be forgotten.
        if self.checked_at.elapsed() >= TICK {
            self.enforce_limits();
        }
        // One message can have several outcomes. They are handed out before the next message is looked at, so
        // that the driver sees things in the order in which they happened.
        if self.outcomes.is_empty() {
            match self.messages.recv_timeout(TICK) {
                Ok(Message::Answer(id, answer)) => self.on_answer(id, answer),
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
        // The worker goes through its jobs in order, so the only answer that can be right is about the first.
        if worker.jobs.front().map(|job| job.number) != answer.number() {
            return; // ready, or an answer to what it was not asked
        }
        if let Answer::Started { .. } = answer {
            // The sweep's own clock, from the worker's own word: a job waits in the queue for longer than its
            // run may take.
            worker.busy_since = Some(Instant::now());
            return;
        }
        // From here on the job is done, whatever becomes of the worker.
        let Some(job) = worker.jobs.pop_front() else { return };
        worker.busy_since = None;
        self.failed_starts = 0;
        // One that has grown large must not have the next run blamed for it.
        // At half the limit, since the next run starts with what is left behind here, and has to stay below
        // it.
        let is_large = worker.memory().is_some_and(|memory| memory > self.limits.memory / 2);
        let is_tainted = is_large || answer.is_tainted();
        self.outcomes.extend(match answer {
            Answer::Passed { cost, .. } => Some(Outcome::Passed(job, cost)),
            Answer::Skipped { cost, why, .. } => Some(Outcome::Skipped(job, cost, why)),
            Answer::Failed { cost, failed, report, .. } => Some(Outcome::Failed(job, cost, failed, report)),
            Answer::Reported { has_failed_again, .. } => Some(Outcome::Reported(job, has_failed_again)),
            Answer::Ready | Answer::Started { .. } => None,
        });
        // After the outcome is queued: jobs that come back now are given out behind it.
        if is_tainted {
            self.replace(place);
        }
    }

    /// Ends a worker, whose jobs go to others; the next job starts another one.
    fn replace(&mut self, place: usize) {
        let worker = self.workers.swap_remove(place);
        self.outcomes.extend(worker.jobs.iter().cloned().map(Outcome::Returned));
    }

    /// A worker has ended. If it was at work, that run has crashed.
    fn on_exit(&mut self, id: u64) -> Result<()> {
        let Some(place) = self.place(id) else { return Ok(()) };
        let mut worker = self.workers.swap_remove(place);
        // The answers have ended, but the process may not have, and its last words may still be in the pipe.
        let (status, stderr) = worker.wait_for_exit();
        // Only a run that was started can be to blame. Jobs behind it, and one that was sent and not begun,
        // are innocent and come back.
        let running = worker.busy_since.and_then(|since| Some((worker.jobs.pop_front()?, since)));
        match running {
            Some((job, since)) => {
                let wall_us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                // What it used is not known any more; it was most likely busy.
                let cost = Cost { wall_us, cpu_us: 0 };
                self.outcomes.push_back(
                    match crash::classify(job.seed, worker.kill_reason, status, &stderr) {
                        // What ended the worker is the failure of this seed: a worker in which threads of
                        // another run may be left is replaced before it gets a next one.
                        Some(failed) => Outcome::Crashed(job, cost, failed, stderr.clone()),
                        // Somebody ended the worker from outside, by hand or as the system shuts down. The
                        // run is made again.
                        None => Outcome::Returned(job),
                    },
                );
                self.failed_starts = 0;
            }
            // A worker that is not at work and ends: it cannot start, or the sweep and the worker do not
            // understand each other. One may be chance. When several in a row do so, the next ones would,
            // too, without end.
            None => self.failed_starts += 1,
        }
        self.outcomes.extend(worker.jobs.drain(..).map(Outcome::Returned));
        if self.failed_starts >= FAILED_STARTS_MAX {
            let how = status.map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string());
            bail!("workers end before they run anything ({how}): {}", stderr.trim());
        }
        Ok(())
    }

    /// Kills what hangs, what uses too much memory, and what does not even start.
    fn enforce_limits(&mut self) {
        self.checked_at = Instant::now();
        for worker in &mut self.workers {
            // Where the system does not tell, nothing is ever too much.
            let memory = worker.memory().unwrap_or(0);
            let busy = worker.busy_since.map(|since| since.elapsed());
            let kill_reason = match busy {
                // Before the hang: a process that swaps does not answer either, and memory is the reason.
                _ if memory > self.limits.memory => Some(KillReason::Memory(self.limits.memory)),
                Some(busy) if busy > self.limits.run => Some(KillReason::Hang(self.limits.run)),
                // Before it is ready no job can time out. Without this, a program that waits for something
                // when it starts would keep the sweep waiting for ever.
                None if !worker.is_ready && worker.started_at.elapsed() > START_MAX => {
                    Some(KillReason::Hang(START_MAX))
                }
                _ => None,
            };
            // Once. The end comes as a message like any other, and until then it would be found guilty at
            // each tick.
            if worker.kill_reason.is_none() && kill_reason.is_some() {
                worker.kill_reason = kill_reason;
                worker.kill();
            }
        }
    }
}
