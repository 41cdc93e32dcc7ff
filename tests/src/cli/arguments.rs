//! Arguments that several subcommands share.

use clap::Args;
use labrpc::sim::{Policy, Tracing};

use crate::run::Plan;
use crate::settings::{Settings, World};

/// Which seeds, which schedule, which world.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// How many seeds each test runs over: 1, 2, 3 and so on
    #[arg(long, env = "LAB_SEEDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// One seed only
    #[arg(long, env = "LAB_SEED", value_parser = seed, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Who runs next: random, pct, pct:DEPTH or fifo
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// Where it runs: simulated or real
    #[arg(long, env = "LAB_WORLD", default_value = "simulated")]
    world: World,
}

/// Reads a seed as people write it.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    labrpc::sim::parse_seed(text).ok_or_else(|| format!("{text:?} is not a seed: write 42 or 0x2a"))
}

impl RunArguments {
    /// The runs of a test.
    pub(super) fn plans(&self) -> Vec<Plan> {
        let seeds = match (self.seed, self.world) {
            (Some(seed), _) => vec![seed],
            (None, World::Real) => vec![1],
            (None, World::Simulated) => Settings::first_seeds(self.seeds),
        };
        let plan = |seed| Plan { world: self.world, seed, policy: self.policy, tracing: Tracing::Off };
        seeds.into_iter().map(plan).collect()
    }
}
