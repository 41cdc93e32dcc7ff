//! What a simulation needs to know before it starts, and the line that replays it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::continued::Continuation;
use super::policy::Policy;
use super::portfolio;
use super::preemptions::Preemptions;
use super::trace::Tracing;

/// See [`Sim::STEP_COST_DEFAULT_NS`](super::Sim::STEP_COST_DEFAULT_NS).
pub(crate) const STEP_COST_DEFAULT_NS: u64 = 1_000;

/// A function that the run loop calls at a certain step.
#[derive(Clone)]
pub(crate) struct Alarm {
    pub(crate) step: u64,
    pub(crate) call: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alarm at step {}", self.step)
    }
}

/// What decides a run, and the limits that end it. Built by [`Sim`](super::Sim).
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    pub(crate) step_cost_ns: u64,
    /// From where to where the portfolio draws the cost of a step.
    pub(crate) step_costs_ns: (u64, u64),
    pub(crate) time_max_ns: u64,
    pub(crate) steps_max: u64,
    pub(crate) stall: Duration,
    pub(crate) stack_bytes: usize,
    pub(crate) tracing: Tracing,
    pub(crate) alarm: Option<Alarm>,
    pub(crate) preemptions: Preemptions,
    /// Whether to tell what the run covers.
    pub(crate) covers: bool,
}

impl Settings {
    /// With a policy in the place of each portfolio, and the cost of a step that goes with it.
    pub(crate) fn resolved(&self) -> Self {
        let mut resolved = self.clone();
        resolved.policy = match self.policy {
            Policy::Continued(continued) => {
                let first = resolved.resolve(continued.first());
                continued.then().fold(first, |policy, Continuation { step, seed, policy: next }| {
                    policy.then(step, seed, portfolio::resolve(next, seed))
                })
            }
            policy => resolved.resolve(policy),
        };
        resolved
    }

    fn resolve(&mut self, policy: Policy) -> Policy {
        if portfolio::is_drawn(policy) {
            self.step_cost_ns =
                portfolio::draw_step_cost(self.seed, self.step_costs_ns).unwrap_or(self.step_cost_ns);
        }
        portfolio::resolve(policy, self.seed)
    }

    /// The policy at the beginning of the run.
    pub(crate) fn first_policy(&self) -> Policy {
        match self.policy {
            Policy::Continued(continued) => continued.first(),
            policy => policy,
        }
    }

    /// How it goes on, by ascending steps.
    pub(crate) fn continuations(&self) -> Vec<Continuation> {
        match self.policy {
            Policy::Continued(continued) => continued.then().collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn replay(&self) -> Replay {
        Replay { seed: self.seed, policy: self.policy, step_cost: Duration::from_nanos(self.step_cost_ns) }
    }
}

/// All that decides how a run goes: with the same program and the same `Replay`, the same things happen.
///
/// Shown and read as one line, `seed=0x2a policy=random step=1000ns`.
///
/// ```
/// use labrpc::sim::{Replay, Sim};
///
/// let line = "seed=0x2a policy=pct:3 step=1000ns";
/// let replay: Replay = line.parse().unwrap();
/// assert_eq!(replay.to_string(), line);
/// let (value, _) = Sim::from_replay(replay).run(|| 6 * 7).unwrap();
/// assert_eq!(value, 42);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The seed that all chance comes from.
    pub seed: u64,
    /// Who runs next.
    pub policy: Policy,
    /// The virtual time that one step takes.
    pub step_cost: Duration,
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={:#x} policy={} step={}ns", self.seed, self.policy, self.step_cost.as_nanos())
    }
}

/// A line that is not a [`Replay`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{part:?} is not part of a replay line: write {expected}, as in `seed=0x2a policy=random step=1000ns`"
)]
pub struct ParseReplayError {
    part: String,
    expected: &'static str,
}

impl FromStr for Replay {
    type Err = ParseReplayError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut replay = Self {
            seed: 0,
            policy: Policy::default(),
            step_cost: Duration::from_nanos(STEP_COST_DEFAULT_NS),
        };
        let mut has_seed = false;
        for part in line.split_whitespace() {
            let wrong = |expected| ParseReplayError { part: part.to_owned(), expected };
            match part.split_once('=') {
                Some(("seed", text)) => {
                    replay.seed = parse_seed(text).ok_or(wrong("seed=NUMBER or seed=0xHEX"))?;
                    has_seed = true;
                }
                Some(("policy", text)) => {
                    replay.policy = text.parse().map_err(|_| wrong("policy=random, pct:DEPTH or another"))?;
                }
                Some(("step", text)) => {
                    let nanos = text.strip_suffix("ns").and_then(|text| text.parse().ok());
                    replay.step_cost = Duration::from_nanos(nanos.ok_or(wrong("step=NUMBERns"))?);
                }
                _ => return Err(wrong("seed=, policy= or step=")),
            }
        }
        if has_seed {
            Ok(replay)
        } else {
            Err(ParseReplayError { part: line.to_owned(), expected: "at least seed=NUMBER" })
        }
    }
}

/// Reads a seed as people write them: `42` or `0x2a`.
#[must_use]
pub fn parse_seed(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
