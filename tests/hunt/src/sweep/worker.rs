//! The worker: a process that runs tests as it is told, one after the other.
//!
//! It is this executable again, with one argument. Code under test may print, read, panic, loop or end the process as it
//! likes: orders and answers go through streams of their own, and the sweep outside knows what was under way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use labrpc::sim::Tracing;
use labrpc::time::Instant;

use super::failed::Failed;
use super::protocol::{Answer, Cost, Order, mark};
use super::system;
use crate::target::{RunFailure, Target};
use lab_runs::{Plan, World};

/// The argument that makes this program a worker.
pub const COMMAND: &str = "sweep-worker";

/// Takes orders until there are no more.
///
/// # Errors
///
/// If the sweep does not speak as it should, or is gone.
pub fn main(target: &dyn Target) -> Result<()> {
    system::die_with_parent();
    let (orders, answers) = system::take_streams().context("taking the streams of the sweep")?;
    let mut worker = Worker { target, answers };
    worker.say(&Answer::Ready)?;
    for line in BufReader::new(orders).lines() {
        let order: Order = serde_json::from_str(&line?).context("reading an order")?;
        worker.obey(&order)?;
    }
    Ok(())
}

struct Worker<'a> {
    target: &'a dyn Target,
    answers: File,
}

impl Worker<'_> {
    fn say(&mut self, answer: &Answer) -> Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.answers.write_all(&line).context("answering the sweep")
    }

    fn obey(&mut self, order: &Order) -> Result<()> {
        let plan = plan(order)?;
        let test = self.target.find(&order.test);
        let test = test.ok_or_else(|| anyhow!("there is no test {}", order.test))?.name;
        let number = order.number;
        // In one piece, so that nothing comes between. Nobody hears it if standard error is closed.
        let _ = io::stderr().write_all(mark(number).as_bytes());
        self.say(&Answer::Started { number })?;
        if order.is_again {
            let is_again_failed = self.target.report(test, plan);
            return self.say(&Answer::Reported { number, is_again_failed });
        }
        let began = (Instant::now(), system::processor_time());
        let failure = self.target.run(test, plan);
        let cost =
            Cost { wall_us: micros(began.0.elapsed()), cpu_us: micros(system::processor_time() - began.1) };
        match failure {
            None => self.say(&Answer::Passed { number, cost }),
            Some(RunFailure { kind, headline, last_word: report }) => {
                let failed = Failed::new(order.seed, kind, &headline);
                // What cannot be run again has left threads behind, or may have.
                let is_spent = report.is_some();
                self.say(&Answer::Failed { number, cost, failed, report, is_spent })
            }
        }
    }
}

fn plan(order: &Order) -> Result<Plan> {
    let world: World = order.world.parse().map_err(|error: String| anyhow!(error))?;
    Ok(Plan { world, seed: order.seed, policy: order.policy.parse()?, tracing: Tracing::Off })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
