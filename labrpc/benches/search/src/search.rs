//! One series: schedules of one program under one policy until one fails.

use std::fmt;
use std::time::Duration;

use labrpc::search::{Candidate, Guided};
use labrpc::sim::{Cause, Policy, Sim};

use crate::catalogue::Program;
use crate::on_shuttle;
use crate::policy::Searcher;

/// More steps than any program takes, a hundred times over: who reaches this is caught in a loop.
pub(crate) const STEPS_MAX: u64 = 100_000;

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Panic(String),
    Deadlock,
    /// Neither: a limit was reached, or a tool was not content.
    Other(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(message) => write!(f, "it panicked with {message:?}"),
            Self::Deadlock => f.write_str("it deadlocked"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// What decides a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    pub(crate) program: Program,
    pub(crate) searcher: Searcher,
    pub(crate) number: u64,
    /// How many schedules are tried.
    pub(crate) cap: u64,
    /// The virtual time that a step of labrpc takes, if not what it takes by itself.
    pub(crate) step_cost: Option<Duration>,
}

/// How a series went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// The schedule of this number failed, counted from 1.
    Found(u64),
    /// None did, up to the cap.
    Missed,
    /// The tool has no clock, and the program needs one.
    NoClock,
}

impl Series {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// A sentence if the program failed for another reason than its bug.
    pub(crate) fn run(&self) -> Result<Search, String> {
        let failed = match (self.searcher, self.program.on_shuttle) {
            (Searcher::Labrpc(policy), _) => self.on_labrpc(policy),
            (Searcher::Shuttle(policy), Some(program)) => {
                on_shuttle::series(program, policy, self.number, self.cap)
            }
            (Searcher::Shuttle(_), None) => return Ok(Search::NoClock),
        };
        let Some((schedules, ending)) = failed else {
            return Ok(Search::Missed);
        };
        self.program.check(&ending).map_err(|sentence| {
            format!("series {} under {}, schedule {schedules}: {sentence}", self.number, self.searcher)
        })?;
        Ok(Search::Found(schedules))
    }

    fn on_labrpc(&self, policy: Policy) -> Option<(u64, Ending)> {
        let mut guided = Guided::new(self.number);
        (0..self.cap).find_map(|schedule| {
            let seed = self.number * self.cap + schedule;
            // What learns from schedule to schedule does so within a series.
            let candidate = match policy {
                Policy::Guided => guided.next(seed),
                policy => Candidate { seed, policy },
            };
            let mut sim = Sim::new(candidate.seed).policy(candidate.policy).steps_max(STEPS_MAX);
            if let Some(cost) = self.step_cost {
                sim = sim.step_cost(cost);
            }
            let failure = match sim.coverage(policy == Policy::Guided).run(self.program.on_labrpc) {
                Ok(((), report)) => {
                    guided.learn(candidate, &report.covered);
                    return None;
                }
                Err(failure) => failure,
            };
            let ending = match failure.cause {
                Cause::Panic(panic) => Ending::Panic(panic.message),
                Cause::Deadlock { .. } => Ending::Deadlock,
                other => Ending::Other(other.to_string()),
            };
            Some((schedule + 1, ending))
        })
    }
}
