//! The worker: a process that makes the runs that it is given, one after the other.
//!
//! It is this executable again. Code under test may print, read, panic, loop or end the process as it likes: jobs and answers
//! go through streams of their own, and the program outside knows what was under way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use labrpc::search::Novelty;
use labrpc::sim::{Covered, Tracing, stacks_left, threads_left};
use labrpc::time::Instant;

use super::protocol::{Answer, Cost, Job, Task, cut, mark};
use super::seal::{Key, Seal};
use super::system;
use crate::target::{RunEnd, RunFacts, RunFailure, Target};
use lab_runs::{Plan, World};

/// The argument that makes a program with subcommands a worker.
pub const COMMAND: &str = "worker";

/// Takes jobs until there are no more.
///
/// # Errors
///
/// If the other side sends what is no job, or is gone.
pub fn main(target: &dyn Target) -> Result<()> {
    // First of all: if the program is killed while this process starts, nobody else would end it.
    system::die_with_parent();
    // Before any code under test runs, which then prints to what it thinks is standard output without a
    // chance to forge an answer by accident.
    labrpc::sim::allow_exits();
    let (jobs, answers, errors) = system::take_streams().context("taking the streams of a worker")?;
    let mut jobs = BufReader::new(jobs).lines();
    let key = jobs.next().transpose()?.as_deref().and_then(Key::from_text);
    let key = key.context("a worker is started by the lab itself, which tells it a key")?;
    let mut worker = Worker { target, answers, errors, seal: Seal::new(key), novelty: BTreeMap::new() };
    // The start has a limit of its own. By this it is known that it is over.
    worker.send(&Answer::Ready)?;
    for line in jobs {
        // A line that is no job means that the other side is not of this build. To go on would be to guess.
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
    errors: File,
    seal: Seal,
    /// What the runs of each test have covered.
    novelty: BTreeMap<&'static str, Novelty>,
}

impl Worker<'_> {
    fn send(&mut self, answer: &Answer) -> Result<()> {
        let line = self.seal.seal(&serde_json::to_string(answer)?);
        // In one piece, so that nothing that code under test writes comes between.
        self.answers.write_all(line.as_bytes()).context("answering")
    }

    fn run(&mut self, job: &Job) -> Result<()> {
        // An error here ends the worker: names were checked before, so the two are not of one mind.
        let plan = plan(job)?;
        let test = self.target.find(&job.test);
        let test = test.ok_or_else(|| anyhow!("there is no test {}", job.test))?.name;
        let number = job.number;
        // In one piece, so that nothing comes between. Nobody reads it if standard error is closed.
        // A mark in the stream itself, as the two streams arrive in no fixed order: only so is it known where
        // the output of this run begins.
        let _ = self.errors.write_all(mark(number).as_bytes());
        // Said before the run, since a run that ends the process has no time to say so: by this it is known
        // which of the jobs that were given ahead is to blame, and from when on it may be called a hang.
        self.send(&Answer::Started { number })?;
        // Both clocks: the slowest run is about real time, how busy the machine was about processor time.
        let began = (Instant::now(), system::processor_time());
        let mut ran = self.target.run(test, plan, job.covers);
        let cost =
            Cost { wall_us: micros(began.0.elapsed()), cpu_us: micros(system::processor_time() - began.1) };
        if job.covers {
            ran.facts.news = news(self.novelty.entry(test).or_default(), &ran.covered);
        }
        if job.task == Task::Report {
            // Its cost would spoil the means, so it is not told.
            let last_word = match ran.end {
                RunEnd::Failed(RunFailure { report, .. }) => report,
                RunEnd::Passed | RunEnd::Skipped(_) => None,
            };
            let report = ran.explain.map(|explain| explain()).or(last_word);
            return self.send(&Answer::Reported { number, report: report.map(cut) });
        }
        let explain = ran.explain.filter(|_| job.task == Task::RunAndReport);
        let (end, facts, is_report_coming) = (cut_texts(ran.end), cut_facts(ran.facts), explain.is_some());
        // What cannot be run again has left threads behind, or may have.
        let has_threads_left = matches!(&end, RunEnd::Failed(failure) if failure.report.is_some());
        let is_tainted = has_threads_left || threads_left() > 0 || stacks_left() > STACKS_LEFT_MAX;
        // Before it is explained: whatever becomes of that, the failure is known.
        self.send(&Answer::Ended { number, cost, end, facts, is_tainted, is_report_coming })?;
        match explain {
            Some(explain) => self.send(&Answer::Reported { number, report: Some(cut(explain())) }),
            None => Ok(()),
        }
    }
}

/// What another counter must hear of.
fn news(novelty: &mut Novelty, covered: &[Covered]) -> Vec<(u64, u64)> {
    let news = novelty.news(covered.iter().map(|covered| covered.feature));
    // Both are in the order of features.
    let is_news = |covered: &&Covered| news.binary_search(&covered.feature).is_ok();
    covered.iter().filter(is_news).map(|covered| (covered.feature.number(), covered.step)).collect()
}

/// The same, with texts that fit into an answer.
fn cut_texts(end: RunEnd) -> RunEnd {
    let RunFailure { kind, headline, signature, report } = match end {
        RunEnd::Passed => return end,
        RunEnd::Skipped(why) => return RunEnd::Skipped(cut(why)),
        RunEnd::Failed(failure) => failure,
    };
    let (headline, report) = (cut(headline), report.map(cut));
    RunEnd::Failed(RunFailure { kind, headline, signature: signature.map(cut), report })
}

/// As [`cut_texts`].
fn cut_facts(facts: RunFacts) -> RunFacts {
    RunFacts { remark: facts.remark.map(cut), line: cut(facts.line), ..facts }
}

fn plan(job: &Job) -> Result<Plan> {
    let world: World = job.world.parse().map_err(|error: String| anyhow!(error))?;
    Ok(Plan { world, seed: job.seed, policy: job.policy.parse()?, tracing: Tracing::Off })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
