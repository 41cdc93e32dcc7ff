//! Arguments that several subcommands share.

use anyhow::{Context, Result, bail};
use clap::Args;
use lab_runs::similarity::nearest;
use lab_runs::{Plan, TestInfo, World, artifacts};
use labrpc::sim::{Policy, parse_seed};

use super::simulated_test::{OneRun, Tests};
use crate::target::Target;

/// Reads a seed as people write it.
///
/// # Errors
///
/// A sentence about what is none.
pub fn seed(text: &str) -> Result<u64, String> {
    parse_seed(text).ok_or_else(|| format!("{text:?} is not a seed: write 42 or 0x2a"))
}

/// How similar a name must be to be proposed, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.75;

/// The test of that name.
pub(super) fn find(name: &str, target: &dyn Target, all: &[TestInfo]) -> Result<TestInfo> {
    if let Some(test) = target.find(name) {
        return Ok(test);
    }
    let names = all.iter().map(|test| (strsim::jaro_winkler(name, test.name), test.name));
    match nearest(names, SIMILARITY_MIN).as_slice() {
        [] => bail!("there is no test {name}: `list` shows those that there are"),
        near => bail!("there is no test {name}. Did you mean {}?", near.join(" or ")),
    }
}

/// One run, as the subcommands that make one are told it.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// A test and a seed, in either order
    #[arg(num_args = 2, required = true, value_names = ["TEST", "SEED"])]
    which: Vec<String>,
    /// Who runs next, as the failure says
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
}

impl RunArguments {
    pub(super) fn one_run(&self, tests: Tests) -> Result<OneRun> {
        let (name, seed) = name_and_seed(&self.which[0], &self.which[1])?;
        let info = find(name, &tests, &tests.infos())?;
        let test = tests.test(info.name).context("the test was found before")?;
        let plan = Plan { world: World::Simulated, seed, policy: self.policy, tracing: artifacts::TRACING };
        Ok(OneRun { test, plan })
    }
}

/// The name of a test and a seed, in either order: nobody remembers which comes first. No test has a name that is a seed.
fn name_and_seed<'a>(first: &'a str, second: &'a str) -> Result<(&'a str, u64)> {
    match (seed(first), seed(second)) {
        (Ok(seed), _) => Ok((second, seed)),
        (Err(_), Ok(seed)) => Ok((first, seed)),
        (Err(_), Err(wrong)) => bail!("{wrong}. A test and a seed are needed, as in TEST 0x1"),
    }
}
