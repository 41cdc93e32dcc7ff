//! What the environment says about a run: which world, which seeds, which schedule.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LAB_WORLD` | `simulated` or `real` | simulated |
//! | `LAB_SEEDS` | how many seeds each test runs over, 1, 2, 3 and so on | 5; once in the real world |
//! | `LAB_SEED` | one seed only, `42` or `0x2a` | |
//! | `LAB_POLICY` | `random`, `pct`, `pct:DEPTH` or `fifo` | random |
//! | `LAB_STALL` | the real time, in seconds, in which a simulated thread must give way | 10 |

#![allow(
    clippy::disallowed_types,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use labrpc::sim::{Policy, parse_seed};

/// Where the code under test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum World {
    /// Threads as coroutines, virtual time, all chance from a seed. The default.
    #[default]
    Simulated,
    /// Threads of the operating system and the machine's clock. A seed decides nothing there.
    Real,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simulated => "simulated",
            Self::Real => "real",
        })
    }
}

impl FromStr for World {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simulated" | "sim" => Ok(Self::Simulated),
            "real" => Ok(Self::Real),
            _ => Err(format!("{text:?} is not a world: write simulated or real")),
        }
    }
}

/// How tests are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Simulated or real.
    pub world: World,
    /// The seeds that each test runs over, in this order.
    pub seeds: Vec<u64>,
    /// Whether it is one seed that was asked for, as a replay does.
    pub is_one_seed: bool,
    /// Who runs next, in the simulated world.
    pub policy: Policy,
}

/// The variable that says how long a simulated thread may run without giving way, in seconds of real time.
pub const STALL: &str = "LAB_STALL";
/// Its default.
const STALL_DEFAULT: Duration = Duration::from_secs(10);

/// The real time in which a simulated thread must give way. A guard against endless loops; it decides nothing in a run that
/// ends.
///
/// # Panics
///
/// If `LAB_STALL` is no use.
pub fn stall() -> Duration {
    static STALL_TIME: OnceLock<Duration> = OnceLock::new();
    *STALL_TIME.get_or_init(|| {
        std::env::var(STALL).map_or(STALL_DEFAULT, |text| {
            parse_stall(&text)
                .unwrap_or_else(|| panic!("{STALL}: {text:?} is not a time in seconds, such as 10 or 0.5"))
        })
    })
}

fn parse_stall(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|stall| !stall.is_zero())
}

/// How many seeds a test runs over by default: few enough that everything takes seconds.
const SEEDS_DEFAULT: u64 = 5;

impl Settings {
    /// What the environment asks for.
    ///
    /// # Errors
    ///
    /// A sentence about the variable whose value is no use.
    pub fn from_env() -> Result<Self, String> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), with the variables from somewhere else.
    fn from_lookup(value: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let world: World = value("LAB_WORLD").map_or(Ok(World::default()), |text| {
            text.parse().map_err(|error| format!("LAB_WORLD: {error}"))
        })?;
        let policy = value("LAB_POLICY").map_or(Ok(Policy::default()), |text| {
            text.parse().map_err(|error| format!("LAB_POLICY: {error}"))
        })?;
        let seeds = match (value("LAB_SEED"), value("LAB_SEEDS")) {
            // One seed before many: a replay command sets it, whatever the shell had set before.
            (Some(text), _) => vec![
                parse_seed(&text)
                    .ok_or_else(|| format!("LAB_SEED: {text:?} is not a seed: write 42 or 0x2a"))?,
            ],
            (None, Some(text)) => Self::first_seeds(
                text.parse()
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or_else(|| format!("LAB_SEEDS: {text:?} is not a number of seeds from 1"))?,
            ),
            // Once: there a seed decides nothing, and the suites take minutes.
            (None, None) if world == World::Real => Self::first_seeds(1),
            (None, None) => Self::first_seeds(SEEDS_DEFAULT),
        };
        Ok(Self { world, seeds, is_one_seed: value("LAB_SEED").is_some(), policy })
    }

    /// The seeds 1 to `count`: small numbers, easy to say. The simulation mixes them well.
    #[must_use]
    pub fn first_seeds(count: u64) -> Vec<u64> {
        (1..=count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::from_lookup(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn stall_is_a_time_in_seconds() {
        assert_eq!(parse_stall("0.5"), Some(Duration::from_millis(500)));
        for text in ["", "0", "-1", "soon", "nan"] {
            assert_eq!(parse_stall(text), None, "{text}");
        }
    }

    #[test]
    fn variables_are_read_and_a_wrong_value_is_named() {
        let default = read(&[]).unwrap();
        assert_eq!((default.world, default.seeds.len()), (World::Simulated, SEEDS_DEFAULT as usize));
        assert_eq!(read(&[("LAB_SEED", "0x2a"), ("LAB_SEEDS", "9")]).unwrap().seeds, [0x2a]);
        assert_eq!(read(&[("LAB_SEEDS", "3")]).unwrap().seeds, [1, 2, 3]);
        assert_eq!(read(&[("LAB_WORLD", "real")]).unwrap().seeds, [1]);
        assert_eq!(read(&[("LAB_POLICY", "pct:2")]).unwrap().policy, Policy::Pct { depth: 2 });
        for (name, value) in
            [("LAB_SEED", "x"), ("LAB_SEEDS", "0"), ("LAB_WORLD", "moon"), ("LAB_POLICY", "best")]
        {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
