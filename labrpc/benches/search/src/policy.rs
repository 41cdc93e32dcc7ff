//! Who schedules: a policy of labrpc or a scheduler of shuttle, as text.

use std::fmt;
use std::str::FromStr;

use labrpc::sim::Policy;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Searcher {
    /// As labrpc itself reads and shows it, so that a new policy needs no change here.
    Labrpc(Policy),
    Shuttle(Shuttle),
}

/// A scheduler of shuttle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shuttle {
    Random,
    Pct {
        depth: usize,
    },
    /// Uniform random walk: all orders of the steps that the first run has counted are equally likely.
    Urw,
}

impl FromStr for Searcher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(scheduler) = text.strip_prefix("shuttle:") else {
            return text
                .parse()
                .map(Self::Labrpc)
                .map_err(|error: labrpc::sim::ParsePolicyError| error.to_string());
        };
        let wrong = || {
            format!(
                "{text:?} is no scheduler of shuttle: write shuttle:random, shuttle:urw or shuttle:pct:DEPTH, say shuttle:pct:3"
            )
        };
        Ok(Self::Shuttle(match scheduler.split_once(':') {
            None if scheduler == "random" => Shuttle::Random,
            None if scheduler == "urw" => Shuttle::Urw,
            Some(("pct", depth)) => match depth.parse() {
                Ok(depth) if (1..=Policy::PCT_DEPTH_MAX as usize).contains(&depth) => Shuttle::Pct { depth },
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        }))
    }
}

impl fmt::Display for Searcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Labrpc(policy) => policy.fmt(f),
            Self::Shuttle(Shuttle::Random) => f.write_str("shuttle:random"),
            Self::Shuttle(Shuttle::Pct { depth }) => write!(f, "shuttle:pct:{depth}"),
            Self::Shuttle(Shuttle::Urw) => f.write_str("shuttle:urw"),
        }
    }
}
