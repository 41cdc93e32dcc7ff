//! What the environment says about a run: which world, which seeds, which schedule.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LAB_WORLD` | `simulated` or `real` | simulated |
//! | `LAB_SEEDS` | how many seeds each test runs over, 1, 2, 3 and so on, up to a million | 5; once in the real world |
//! | `LAB_SEED` | one seed only, `42` or `0x2a` | |
//! | `LAB_POLICY` | `random`, `pct`, `pct:DEPTH`, `urw`, `surw`, `pos`, `starve`, `fifo`, or `portfolio`, a mix by seed | random; for sweeps portfolio |
//! | `LAB_STALL` | the real time, in seconds, in which a simulated thread must give way, from 0.1 to 86400 | 10 |
//! | `LAB_COMMAND` | the words that start this program, for the commands that reports print | as it was started |
//! | `LAB_ARTIFACTS` | the folder into which reports and traces go | `lab` in cargo's target directory |
//!
//! A value that is no use is an error and never a default: who sets one wants to know that it does nothing.

#![allow(
    clippy::disallowed_types,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

use std::env::VarError;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use labrpc::sim::{Policy, parse_seed};

use crate::commands;

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
/// Its bounds. A busy machine lets a thread wait for longer than the lower one, which is not the fault of the code under
/// test; nobody waits for longer than the upper one.
const STALL_MIN: Duration = Duration::from_millis(100);
const STALL_MAX: Duration = Duration::from_secs(24 * 3600);

/// The real time in which a simulated thread must give way. A guard against endless loops; it decides nothing in a run that
/// ends.
///
/// # Panics
///
/// If `LAB_STALL` is no use.
pub fn stall() -> Duration {
    static STALL_TIME: OnceLock<Duration> = OnceLock::new();
    *STALL_TIME.get_or_init(|| stall_from(variable).unwrap_or_else(|error| panic!("{error}")))
}

fn stall_from(value: impl Fn(&str) -> Result<Option<String>, String>) -> Result<Duration, String> {
    let Some(text) = value(STALL)? else { return Ok(STALL_DEFAULT) };
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let problem = || format!("{STALL}: {text:?} is not a time in seconds, such as 10 or 0.5");
    check_stall(seconds.ok_or_else(problem)?).map_err(|error| format!("{STALL}: {error}"))
}

/// The time, if it is within the bounds.
///
/// # Errors
///
/// A sentence with the bounds.
pub fn check_stall(stall: Duration) -> Result<Duration, String> {
    if (STALL_MIN..=STALL_MAX).contains(&stall) {
        return Ok(stall);
    }
    Err(format!(
        "a thread cannot be given {} s to give way: take {} to {} s (a busy machine lets a thread wait for longer than less)",
        stall.as_secs_f64(),
        STALL_MIN.as_secs_f64(),
        STALL_MAX.as_secs_f64()
    ))
}

/// The value of a variable of the environment; `None` if it is not set.
///
/// # Errors
///
/// A sentence about a value that is no text.
fn variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        // Not passed over as if it were not set: then the run would be another one than was asked for.
        Err(VarError::NotUnicode(text)) => {
            Err(format!("{name}: {} is not UTF-8: set it to a text, or unset it", text.display()))
        }
    }
}

/// All of them.
const VARIABLES: [&str; 6] = ["LAB_WORLD", "LAB_SEEDS", "LAB_SEED", "LAB_POLICY", STALL, commands::COMMAND];

/// Looks at the variables where a program starts: whether all are texts, and the value of those that no subcommand has as an
/// argument.
///
/// # Errors
///
/// A sentence about the variable whose value is no use.
pub fn check_environment() -> Result<(), String> {
    VARIABLES.iter().try_for_each(|name| variable(name).map(drop))?;
    stall_from(variable).map(drop)
}

/// How many seeds a test runs over by default: few enough that everything takes seconds.
const SEEDS_DEFAULT: u64 = 5;
/// The most seeds that a test is graded over. That takes days already, and what was run is lost when it is stopped.
const SEEDS_MAX: u64 = 1_000_000;

/// Reads a number of seeds.
///
/// # Errors
///
/// A sentence with the bounds, and with what to do beyond.
pub fn seed_count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| (1..=SEEDS_MAX).contains(count)).ok_or_else(|| {
        format!(
            "{text:?} is not a number of seeds from 1 to {SEEDS_MAX}. For more there is {} sweep -n, which goes on where it \
             was stopped",
            commands::program()
        )
    })
}

impl Settings {
    /// What the environment asks for.
    ///
    /// # Errors
    ///
    /// A sentence about the variable whose value is no use.
    pub fn from_env() -> Result<Self, String> {
        Self::from_lookup(variable)
    }

    /// As [`from_env`](Self::from_env), with the variables from somewhere else.
    fn from_lookup(value: impl Fn(&str) -> Result<Option<String>, String>) -> Result<Self, String> {
        stall_from(&value)?;
        let world: World = value("LAB_WORLD")?.map_or(Ok(World::default()), |text| {
            text.parse().map_err(|error| format!("LAB_WORLD: {error}"))
        })?;
        let policy = value("LAB_POLICY")?.map_or(Ok(Policy::default()), |text| {
            text.parse().map_err(|error| format!("LAB_POLICY: {error}"))
        })?;
        let seed = value("LAB_SEED")?;
        let is_one_seed = seed.is_some();
        let seeds = match (seed, value("LAB_SEEDS")?) {
            // One seed before many: a replay command sets it, whatever the shell had set before.
            (Some(text), _) => vec![
                parse_seed(&text)
                    .ok_or_else(|| format!("LAB_SEED: {text:?} is not a seed: write 42 or 0x2a"))?,
            ],
            (None, Some(text)) => {
                Self::first_seeds(seed_count(&text).map_err(|error| format!("LAB_SEEDS: {error}"))?)
            }
            // Once: there a seed decides nothing, and the suites take minutes.
            (None, None) if world == World::Real => Self::first_seeds(1),
            (None, None) => Self::first_seeds(SEEDS_DEFAULT),
        };
        Ok(Self { world, seeds, is_one_seed, policy })
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
            Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn stall_is_a_time_in_seconds_that_somebody_can_mean() {
        let stall = |text: &str| stall_from(|_| Ok(Some(text.to_owned())));
        assert_eq!(stall("0.5"), Ok(Duration::from_millis(500)));
        for text in ["", "0", "-1", "soon", "nan", "inf", "1e-9", "86401", "1e300"] {
            assert!(stall(text).unwrap_err().starts_with("LAB_STALL: "), "{text}");
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
        for (name, value) in [
            ("LAB_SEED", "x"),
            ("LAB_SEEDS", "0"),
            ("LAB_SEEDS", "18446744073709551615"),
            ("LAB_WORLD", "moon"),
            ("LAB_POLICY", "best"),
            ("LAB_POLICY", "pct:4294967295"),
            ("LAB_STALL", "abc"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
