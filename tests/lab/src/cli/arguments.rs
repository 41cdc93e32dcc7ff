//! Arguments that several subcommands share.

use anyhow::{Result, bail};
use clap::Args;
use lab_harness::case::TestCase;
use lab_hunt::program::seed;
use lab_hunt::workers;
use labrpc::sim::{Policy, Tracing};

use super::names;

use lab_runs::Plan;
use lab_runs::settings::{Settings, World, seed_count};

/// Which seeds, which schedule, which world.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// How many seeds each test runs over: 1, 2, 3 and so on, up to a million
    #[arg(long, env = "LAB_SEEDS", default_value_t = 5, value_parser = seed_count)]
    seeds: u64,
    /// One seed only
    #[arg(long, env = "LAB_SEED", value_parser = seed, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Who runs next: random, pct, pct:DEPTH, urw, surw, pos, starve, fifo, or portfolio, a mix by seed
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// Where it runs: simulated or real
    #[arg(long, env = "LAB_WORLD", default_value = "simulated")]
    world: World,
}

/// A test and its seed, in either order: nobody remembers which comes first, and neither looks like the other.
#[derive(Args, Debug)]
pub(super) struct TestAndSeed {
    /// The test
    #[arg(value_name = "TEST")]
    first: String,
    /// The seed, as 42 or 0x2a
    #[arg(value_name = "SEED")]
    second: String,
}

impl TestAndSeed {
    /// Which is which.
    ///
    /// # Errors
    ///
    /// A sentence about what is missing, or about the name of the test.
    pub(super) fn read(&self) -> Result<(&'static TestCase, u64)> {
        read_test_and_seed(&self.first, &self.second)
    }
}

/// Tells a test from a seed, whichever comes first.
pub(super) fn read_test_and_seed(first: &str, second: &str) -> Result<(&'static TestCase, u64)> {
    match (seed(first), seed(second)) {
        (Err(_), Ok(seed)) => Ok((names::find(first)?, seed)),
        (Ok(seed), Err(_)) => Ok((names::find(second)?, seed)),
        (Ok(_), Ok(_)) => {
            bail!("{first} and {second} are two seeds: write a test and a seed, as in figure8_3c 0x1")
        }
        (Err(wrong), Err(_)) => {
            // One of them should be a seed: the one that is no test.
            let wrong = if names::find(first).is_ok() { seed(second).err().unwrap_or(wrong) } else { wrong };
            bail!("{wrong}. A test and a seed are needed, as in figure8_3c 0x1")
        }
    }
}

impl RunArguments {
    /// The runs of a test.
    pub(super) fn plans(&self) -> Vec<Plan> {
        let seeds = match (self.seed, self.world) {
            (Some(seed), _) => vec![seed],
            // There a seed decides nothing, and a run takes as long as it says: one is what a person can wait
            // for.
            (None, World::Real) => vec![1],
            (None, World::Simulated) => Settings::first_seeds(self.seeds),
        };
        let plan = |seed| Plan { world: self.world, seed, policy: self.policy, tracing: Tracing::Off };
        seeds.into_iter().map(plan).collect()
    }

    /// How many tests may run at the same time.
    pub(super) fn workers(&self) -> usize {
        match self.world {
            World::Simulated => workers::cores(),
            // There the others' work is a delay that the code under test is blamed for.
            World::Real => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_and_seed_are_told_apart_in_either_order() {
        for (first, second) in [("figure8_3c", "0x2a"), ("42", "figure8_3c"), ("42", "TestFigure83C")] {
            let (case, seed) = read_test_and_seed(first, second).expect("a test and a seed");
            assert_eq!((case.name, seed), ("figure8_3c", 42));
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (first, second, words) in [
            ("1", "2", "two seeds"),
            ("figure8_3c", "soon", "\"soon\" is not a seed"),
            ("soon", "figure8_3c", "\"soon\" is not a seed"),
            ("figur8_3c", "1", "Did you mean figure8_3c"),
        ] {
            let error = read_test_and_seed(first, second).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
