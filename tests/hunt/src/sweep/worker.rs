//! The worker: a process that makes the runs that the sweep gives it, one after the other.
//!
//! It is this executable again, with one argument. Code under test may print, read, panic, loop or end the process as it
//! likes: jobs and answers go through streams of their own, and the sweep outside knows what was under way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use labrpc::sim::{Tracing, stacks_left};
use labrpc::time::Instant;

use super::failed_run::FailedRun;
use super::protocol::{Answer, Cost, Job, mark};
use super::system;
use crate::target::{RunEnd, RunFailure, Target};
use lab_runs::{Plan, World};

/// The argument that makes this program a worker.
pub const COMMAND: &str = "sweep-worker";

/// Takes jobs until there are no more.
///
/// # Errors
///
/// If the sweep sends what is no job, or is gone.
pub fn main(target: &dyn Target) -> Result<()> {
    // First of all: if the sweep is killed while this process starts, nobody else would end it.
    system::die_with_parent();
    // Before any code under test runs, which then prints to what it thinks is standard output without a
    // chance to forge an answer by accident.
    let (jobs, answers) = system::take_streams().context("taking the streams of the sweep")?;
    let mut worker = Worker { target, answers };
    // The sweep gives the start a limit of its own. By this it knows that the start is over.
    worker.send(&Answer::Ready)?;
    for line in BufReader::new(jobs).lines() {
        // A line that is no job means that the other side is no sweep of this build. To go on would be to
        // guess.
        let job: Job = serde_json::from_str(&line?).context("reading a job")?;
        worker.run(&job)?;
    }
    Ok(())
}

/// As many stacks a worker may leave behind before it is replaced: a process has room for some 30,000.
const STACKS_LEFT_MAX: usize = 5_000;

struct Worker<'a> {
    target: &'a dyn Target,
    answers: File,
}

impl Worker<'_> {
    fn send(&mut self, answer: &Answer) -> Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.answers.write_all(&line).context("answering the sweep")
    }

    fn run(&mut self, job: &Job) -> Result<()> {
        // An error here ends the worker: names were checked when the sweep began, so the two are not of one
        // mind.
        let plan = plan(job)?;
        let test = self.target.find(&job.test);
        let test = test.ok_or_else(|| anyhow!("there is no test {}", job.test))?.name;
        let number = job.number;
        // In one piece, so that nothing comes between. Nobody reads it if standard error is closed.
        // A mark in the stream itself, as the two streams reach the sweep in no fixed order: only so does it
        // know where the output of this run begins.
        let _ = io::stderr().write_all(mark(number).as_bytes());
        // Said before the run, since a run that ends the process has no time to say so: by this the sweep
        // knows which of the jobs that it gave ahead is to blame, and from when on it may call it a hang.
        self.send(&Answer::Started { number })?;
        // A rerun is another kind of run: with a trace, which takes time and memory, and its cost would spoil
        // the means. So it has an answer of its own and no cost.
        if job.is_rerun {
            let has_failed_again = self.target.report(test, plan);
            return self.send(&Answer::Reported { number, has_failed_again });
        }
        // Both clocks: the slowest run is about real time, how busy the machine was about processor time.
        let began = (Instant::now(), system::processor_time());
        let end = self.target.run(test, plan);
        let cost =
            Cost { wall_us: micros(began.0.elapsed()), cpu_us: micros(system::processor_time() - began.1) };
        let is_worn = stacks_left() > STACKS_LEFT_MAX;
        self.send(&match end {
            RunEnd::Passed => Answer::Passed { number, cost, is_tainted: is_worn },
            RunEnd::Skipped(why) => Answer::Skipped { number, cost, why, is_tainted: is_worn },
            RunEnd::Failed(RunFailure { kind, headline, report }) => {
                let failed = FailedRun::new(job.seed, kind, &headline);
                // What cannot be run again has left threads behind, or may have.
                let is_tainted = is_worn || report.is_some();
                Answer::Failed { number, cost, failed, report, is_tainted }
            }
        })
    }
}

fn plan(job: &Job) -> Result<Plan> {
    let world: World = job.world.parse().map_err(|error: String| anyhow!(error))?;
    Ok(Plan { world, seed: job.seed, policy: job.policy.parse()?, tracing: Tracing::Off })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
