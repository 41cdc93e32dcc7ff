//! The scheduling policies by name: what they do, and how they are written.

use std::fmt;
use std::str::FromStr;

use super::continued::{Continuation, Continued};
use super::preempted::Preempted;
use super::settings::parse_seed;

/// A scheduling policy: who runs next. Chosen with [`Sim::policy`](super::Sim::policy).
///
/// Each is good at something else; [`Policy::Portfolio`] mixes them. As text: `random`, `pct:3`, `urw`, `portfolio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Policy {
    /// At every step each thread that can run is as likely as any other. The default of a single run, and the
    /// easiest to reason about.
    #[default]
    Random,
    /// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): threads have random priorities, the
    /// highest that can run runs, and at `depth - 1` random steps the running thread falls behind all others. The paper
    /// draws these steps from the length of the run, which is not known beforehand. So half of the seeds draw the length as
    /// well, from [`Policy::PCT_HORIZON_MIN`] to [`Policy::PCT_HORIZON_MAX`]; the others change priorities more
    /// often, in stretches that double. Finds bugs that need a few preemptions at just the right places, or a thread that
    /// waits for long though it could run: uniform choice makes both unlikely.
    Pct {
        /// How many orderings the bug needs: from 1 to [`Policy::PCT_DEPTH_MAX`], and what is above counts as that. 2 or 3
        /// finds most.
        depth: u32,
    },
    /// First in, first out: a thread runs until it waits or gives way by name
    /// ([`yield_now`](crate::thread::yield_now)). The easiest schedule to read, and the one that explores least.
    Fifo,
    /// Uniform random walk (Zhao et al., ASPLOS 2025): a thread is as likely as it has steps left, which makes all orders of
    /// two threads' steps equally likely. How many steps it has left is not known; each thread draws a guess, from one to
    /// [`Policy::URW_LEFT_MAX`]. Finds a thread that is much slower or faster than the others.
    Urw,
    /// Selectively uniform random walk (the same paper): only operations on some of the shared objects, drawn by the seed,
    /// are ordered by a walk as [`Policy::Urw`] does; all others run at random. Finds rare orders on few objects among
    /// many steps that have nothing to do with them.
    Surw,
    /// Partial order sampling (Yuan et al., CAV 2018): each operation that is about to happen has a random priority, the
    /// highest happens, and those that it conflicts with draw again. So orders that make a difference are sampled more evenly
    /// than with uniform choice, which repeats orders that nobody can tell apart.
    Pos,
    /// Uniform choice, but one thread or one node at a time is slowed down: it gets its turn up to
    /// [`Policy::STARVE_FACTOR_MAX`] times more seldom, and when its wait is over it runs late, by up to as many times the
    /// cost of a step. Finds a slow applier, a late timer, an overtaken handler.
    Starve,
    /// One of the others, drawn by the seed in shares that were measured, and for half of the seeds also the cost of a step,
    /// unless [`Sim::step_cost`](super::Sim::step_cost) says it. What the seed drew is what the replay line shows.
    Portfolio,
    /// As the portfolio, for one run. Whoever makes many lets what they [cover](super::Covered) decide from which of them the next
    /// goes on; see [`Guided`](crate::search::Guided).
    Guided,
    /// First in, first out, but for a few preemptions that are named; see [`Preempted`]. Made by
    /// [`Exhaustive`](crate::search::Exhaustive).
    Preempted(Preempted),
    /// One policy up to a step, and from there on another, with a seed of its own for all chance; see [`Continued`]. Made by
    /// searches that go on from a run that was worth it.
    Continued(Continued),
}

impl Policy {
    /// The least number of steps from which [`Policy::Pct`] draws its changes.
    pub const PCT_HORIZON_MIN: u64 = 8;
    /// The greatest such number: about as many as a test of the suites takes at most.
    pub const PCT_HORIZON_MAX: u64 = 1 << 20;
    /// The length to which stretches of [`Policy::Pct`] grow in seeds that do not draw it, in steps.
    pub const PCT_STRETCH_MAX: u64 = 8_192;
    /// The greatest depth of [`Policy::Pct`]. The paper's chance to find a bug of depth d among k steps is 1 / k^(d - 1), so
    /// no known bug needs a tenth of this. And every step looks at all changes of its stretch: with millions a run would
    /// take hours, and be taken for one that hangs.
    pub const PCT_DEPTH_MAX: u32 = 100;
    /// The most steps that [`Policy::Urw`] and [`Policy::Surw`] guess a thread to have left.
    pub const URW_LEFT_MAX: u64 = 1 << 12;
    /// By how much [`Policy::Starve`] slows down at most.
    pub const STARVE_FACTOR_MAX: u64 = 1 << 10;
    /// The most preemptions that [`Policy::Preempted`] has: no known bug needs half of them.
    pub const PREEMPTIONS_MAX: usize = 8;
    /// The most often that a run may [continue](Policy::Continued) otherwise.
    pub const CONTINUATIONS_MAX: usize = 7;

    /// How often it [continues](Policy::Continued) otherwise before `step`.
    #[must_use]
    pub fn continuations_before(self, step: u64) -> usize {
        match self {
            Self::Continued(continued) => continued.then().filter(|next| next.step < step).count(),
            _ => 0,
        }
    }

    /// This policy up to `step`, and from there on `policy` with the chance of `seed`. What this one would do later is cut
    /// off.
    ///
    /// # Panics
    ///
    /// If it would continue more than [`Policy::CONTINUATIONS_MAX`] times, if `policy` itself continues, or if one of them is
    /// [`Policy::Preempted`].
    #[must_use]
    pub fn then(self, step: u64, seed: u64, policy: Self) -> Self {
        let mut continued = match self {
            Self::Continued(continued) => continued,
            first => Continued::of(first),
        };
        continued.cut_off(step);
        continued.push(Continuation { step, seed, policy });
        Self::Continued(continued)
    }
}

/// The policies that are a name and no more.
pub(super) const NAMED: [(&str, Policy); 8] = [
    ("random", Policy::Random),
    ("fifo", Policy::Fifo),
    ("urw", Policy::Urw),
    ("surw", Policy::Surw),
    ("pos", Policy::Pos),
    ("starve", Policy::Starve),
    ("portfolio", Policy::Portfolio),
    ("guided", Policy::Guided),
];

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random
            | Self::Fifo
            | Self::Urw
            | Self::Surw
            | Self::Pos
            | Self::Starve
            | Self::Portfolio
            | Self::Guided => {
                let (name, _) = NAMED.iter().find(|(_, policy)| policy == self).ok_or(fmt::Error)?;
                f.write_str(name)
            }
            Self::Pct { depth } => write!(f, "pct:{depth}"),
            Self::Preempted(preempted) => preempted.fmt(f),
            Self::Continued(continued) => {
                write!(f, "{}", continued.first())?;
                continued.then().try_for_each(|Continuation { step, seed, policy }| {
                    write!(f, "@{step}:{seed:#x}:{policy}")
                })
            }
        }
    }
}

/// A text that names no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a scheduling policy: write portfolio, guided, random, pct, urw, surw, pos, starve or fifo; pct:DEPTH with a depth \
     from 1 to {max}, say pct:3 (bugs need few changes of order, and every step pays for each); fifo+CHOICE:PLACE as an \
     exhaustive search prints it (exhaustive:N itself is for labrpc::check and the subcommand exhaust); or, to go on otherwise \
     from some step, POLICY@STEP:SEED:POLICY with ascending steps, at most {often} times",
    max = Policy::PCT_DEPTH_MAX,
    often = Policy::CONTINUATIONS_MAX
)]
pub struct ParsePolicyError(String);

impl FromStr for Policy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| ParsePolicyError(text.into()))
    }
}

fn read(text: &str) -> Option<Policy> {
    let mut parts = text.split('@');
    let first = read_one(parts.next()?)?;
    let then: Vec<Continuation> = parts.map(read_continuation).collect::<Option<_>>()?;
    let ascend = then.windows(2).all(|pair| pair[0].step < pair[1].step);
    let says_each_step = |policy: Policy| matches!(policy, Policy::Preempted(_));
    if !then.is_empty() && (says_each_step(first) || then.iter().any(|next| says_each_step(next.policy))) {
        return None;
    }
    (ascend && then.len() <= Policy::CONTINUATIONS_MAX)
        .then(|| then.iter().fold(first, |policy, next| policy.then(next.step, next.seed, next.policy)))
}

fn read_continuation(text: &str) -> Option<Continuation> {
    let (step, rest) = text.split_once(':')?;
    let (seed, policy) = rest.split_once(':')?;
    Some(Continuation { step: step.parse().ok()?, seed: parse_seed(seed)?, policy: read_one(policy)? })
}

fn read_one(text: &str) -> Option<Policy> {
    if let Some(&(_, policy)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(policy);
    }
    if let Some(preemptions) = text.strip_prefix("fifo+") {
        return Preempted::read(preemptions).map(Policy::Preempted);
    }
    let depth = if text == "pct" { 3 } else { text.strip_prefix("pct:")?.parse().ok()? };
    (1..=Policy::PCT_DEPTH_MAX).contains(&depth).then_some(Policy::Pct { depth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_they_are_written() {
        for text in [
            "random",
            "pct:3",
            "fifo",
            "fifo+12:1+40:2",
            "urw",
            "surw",
            "pos",
            "starve",
            "portfolio",
            "guided",
            "random@12:0x7:pct:2",
            "portfolio@1:0x0:random@2:0xffffffffffffffff:starve",
        ] {
            assert_eq!(text.parse::<Policy>().map(|policy| policy.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_policy_is_refused_with_those_that_there_are() {
        for text in [
            "",
            "@",
            "best",
            "pct:",
            "pct:0",
            "pct:101",
            "fifo+",
            "fifo+1",
            "fifo+1:0",
            "fifo+2:1+2:1",
            "fifo+2:1@5:1:random",
            "random@5:1:fifo+2:1",
            "random@",
            "random@1",
            "random@1:2",
            "random@1:2:best",
            "random@5:1:urw@5:1:urw",
            "random@x:1:urw",
            "random@1:2:urw@",
        ] {
            let error = text.parse::<Policy>().expect_err(text).to_string();
            assert!(error.contains("portfolio, guided, random, pct, urw"), "{error}");
        }
    }

    #[test]
    fn what_is_cut_off_is_not_written() {
        let policy =
            Policy::Random.then(10, 1, Policy::Urw).then(20, 2, Policy::Fifo).then(15, 3, Policy::Pos);
        assert_eq!(policy.to_string(), "random@10:0x1:urw@15:0x3:pos");
    }
}
