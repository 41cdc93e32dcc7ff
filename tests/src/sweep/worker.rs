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
use super::message::{Answer, Cost, Order, mark};
use super::system;
use crate::case::TestCase;
use crate::implementation::Implementation;
use crate::run::{Defeat, Plan, run_case};
use crate::settings::World;
use crate::{report, suites};

/// The argument that makes this program a worker.
pub(crate) const COMMAND: &str = "sweep-worker";

/// Takes orders until there are no more.
///
/// # Errors
///
/// If the sweep does not speak as it should, or is gone.
pub(crate) fn main(implementation: Implementation) -> Result<()> {
    system::die_with_parent();
    let (orders, answers) = system::take_streams().context("taking the streams of the sweep")?;
    let mut worker = Worker { implementation, answers };
    worker.say(&Answer::Ready)?;
    for line in BufReader::new(orders).lines() {
        let order: Order = serde_json::from_str(&line?).context("reading an order")?;
        worker.obey(&order)?;
    }
    Ok(())
}

struct Worker {
    implementation: Implementation,
    answers: File,
}

impl Worker {
    fn say(&mut self, answer: &Answer) -> Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.answers.write_all(&line).context("answering the sweep")
    }

    fn obey(&mut self, order: &Order) -> Result<()> {
        let (case, plan) = read(order)?;
        let number = order.number;
        // In one piece, so that nothing comes between. Nobody hears it if standard error is closed.
        let _ = io::stderr().write_all(mark(number).as_bytes());
        self.say(&Answer::Started { number })?;
        let began = (Instant::now(), system::processor_time());
        let outcome = run_case(case, self.implementation, plan);
        let cost =
            Cost { wall_us: micros(began.0.elapsed()), cpu_us: micros(system::processor_time() - began.1) };
        match &outcome.defeat {
            _ if order.is_again => {
                let _said_already = report::failure(case, self.implementation, plan, &outcome);
                self.say(&Answer::Reported { number, is_again_failed: outcome.defeat.is_some() })
            }
            None => self.say(&Answer::Passed { number, cost }),
            Some(defeat) => {
                let failed = Failed::of(order.seed, defeat);
                let (report, is_spent) = without_trace(case, plan, defeat);
                self.say(&Answer::Failed { number, cost, failed, report, is_spent })
            }
        }
    }
}

/// The report of a run that is not to be run again with a trace, and whether it leaves threads behind.
fn without_trace(case: &TestCase, plan: Plan, defeat: &Defeat) -> (Option<String>, bool) {
    // It would stall again, and nothing is known of a stalled run but this.
    let is_last_word = defeat.is_stall() || plan.world == World::Real;
    (is_last_word.then(|| report::failure::untraced(case, plan, defeat)), is_last_word)
}

fn read(order: &Order) -> Result<(&'static TestCase, Plan)> {
    let case = suites::find(&order.test).ok_or_else(|| anyhow!("there is no test {}", order.test))?;
    let world: World = order.world.parse().map_err(|error: String| anyhow!(error))?;
    let plan = Plan { world, seed: order.seed, policy: order.policy.parse()?, tracing: Tracing::Off };
    Ok((case, plan))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
