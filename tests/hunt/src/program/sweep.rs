//! `sweep`: tests over very many seeds, on all cores, whatever the code under test does.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use lab_runs::print;
use labrpc::sim::Policy;

use super::arguments::seed;
use super::process::Verdict;
use super::quantity::{count, limit, memory, stall, time};
use super::result_files::ResultFiles;
use crate::sweep::{self, Config, Progress, Results, Scope, Seeds, Shard, StopReason, Summary, Variant};
use crate::workers::{self, Launch, Limits};
use lab_runs::settings::World;
use lab_runs::{TestInfo, artifacts};

/// Seeds of a sweep of simulations, if nothing is said.
const SEEDS: u64 = 100;
/// Repetitions in the real world, if nothing is said.
const REPETITIONS: u64 = 10;
/// Tests of the real world that run at the same time on a core: they mostly sleep.
const REAL_JOBS_PER_CORE: usize = 4;
/// More workers than that help nobody.
const JOBS_MAX: usize = 1024;

/// What a sweep is told of the program whose tests it runs.
#[derive(Clone, Debug)]
pub struct Swept<'a> {
    /// The tests.
    pub tests: Vec<TestInfo>,
    /// What is tested, for the files of results.
    pub name: &'a str,
    /// The real time that a run may take, if nothing is said.
    pub run_max: fn(World) -> Duration,
    /// How workers are started.
    pub launch: Launch,
}

/// The arguments of a sweep, but for the tests.
///
/// Each run is made in a worker process, so that a crash, an exit, a hang or memory run wild is the failure of its seed
/// alone. What was run is kept under target/lab/sweep/: the same command goes on where it was stopped, as long as the
/// executable, the limits and the environment are the same. Ctrl-C ends it with the same summary. The exit code is 0 if all runs passed, 1 if one failed,
/// 2 if the sweep could not be run to its end.
#[derive(Args, Debug)]
pub struct SweepArguments {
    /// How many seeds each test runs over [default: 100; 10 in the real world; without end with --time or --until-fail]
    #[arg(short = 'n', long, value_name = "SEEDS", value_parser = count)]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, value_name = "SEED", default_value = "1", value_parser = seed)]
    seed_from: u64,
    /// How many worker processes [default: one per core; 4 per core in the real world]
    #[arg(short, long, value_parser = jobs)]
    jobs: Option<usize>,
    /// Stop after this time: 90s, 10m, 1h30m
    #[arg(long, value_parser = time)]
    time: Option<Duration>,
    /// Stop at the first failure
    #[arg(long)]
    until_fail: bool,
    /// Who runs next: portfolio, a mix by seed; or random, pct, pct:DEPTH, urw, surw, pos, starve, fifo; several with commas
    /// between
    #[arg(long, env = "LAB_POLICY", default_value = "portfolio", value_delimiter = ',')]
    policy: Vec<Policy>,
    /// Where it runs: simulated or real, where seeds are mere repetitions
    #[arg(long, env = "LAB_WORLD", default_value = "simulated")]
    world: World,
    /// Run the K-th of N equal parts only, for clusters: 3/8. cargo lab merge puts the --json files together
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Run again what this build has run before
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    files: ResultFiles,
    /// The real time that one run may take [default: 2m; 5m30s in the real world]
    #[arg(long, value_parser = limit)]
    limit: Option<Duration>,
    /// The real time in which a simulated thread must give way
    #[arg(long, value_parser = stall, default_value = "10s")]
    stall: Duration,
    /// The memory that a worker may use: 512M, 2G
    #[arg(long, value_parser = memory, default_value = "2G")]
    memory: u64,
    /// Show new causes of failure and the results only
    #[arg(short, long)]
    quiet: bool,
}

fn jobs(text: &str) -> Result<usize, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=JOBS_MAX).contains(jobs));
    jobs.ok_or_else(|| format!("{text:?} is not a number of workers: write a number from 1 to {JOBS_MAX}"))
}

impl SweepArguments {
    /// Sweeps.
    ///
    /// # Errors
    ///
    /// If the arguments make no sense together, results cannot be kept, or not all was run.
    pub fn run(&self, swept: Swept<'_>) -> Result<Verdict> {
        let whole = self.whole()?;
        let name = swept.name;
        let config = self.config(swept, whole)?;
        let files = self.files.reserve()?;
        let summary = sweep::run(&config, &mut Progress::new(self.quiet))?;
        let results = Results::of(&config, &summary, name, whole, self.shard);
        let written = files.write(&results);
        // Also if the disk was full for the files: then this is what is left of the work.
        print!("{}", sweep::results_text(&results));
        print!("{}", sweep::summary_text(&summary));
        written?;
        self.verdict(&summary)
    }

    /// The seeds of all shards together.
    fn whole(&self) -> Result<Seeds> {
        let default = match self.world {
            // Whoever names another end wants that one. A hundred seeds would be over long before ten minutes
            // are.
            _ if self.time.is_some() || self.until_fail => None,
            World::Simulated => Some(SEEDS),
            World::Real => Some(REPETITIONS),
        };
        let seeds = Seeds { from: self.seed_from, count: self.seeds.or(default) };
        if let Some(count) = seeds.count
            // Seeds that wrap round would be the low ones again, which nobody asked for and other runs have
            // had.
            && seeds.from.checked_add(count - 1).is_none()
        {
            bail!("{count} seeds from {:#x} on end above the highest seed, {:#x}", seeds.from, u64::MAX);
        }
        match (self.shard, seeds.count) {
            (Some(shard), None) => bail!("--shard {shard} splits a number of seeds: say how many with -n"),
            (Some(shard), Some(count)) if count < shard.of => {
                bail!(
                    "--shard {shard} of {count} seeds leaves nothing for some shards: take more seeds or fewer shards"
                )
            }
            _ => Ok(seeds),
        }
    }

    fn config(&self, swept: Swept<'_>, whole: Seeds) -> Result<Config> {
        // A schedule has no meaning in the real world, and the same one twice is once, wherever it stands.
        let asked: &[Policy] = if self.world == World::Real { &[Policy::Random] } else { &self.policy };
        let mut policies = Vec::new();
        for policy in asked {
            if !policies.contains(policy) {
                policies.push(*policy);
            }
        }
        let variants = swept
            .tests
            .into_iter()
            .flat_map(|test| policies.iter().map(|&policy| Variant { test, policy }).collect::<Vec<_>>());
        let variants = variants.collect();
        let cores = workers::cores();
        let jobs = match self.world {
            World::Simulated => cores,
            World::Real => cores * REAL_JOBS_PER_CORE,
        };
        Ok(Config {
            scope: Scope {
                variants,
                world: self.world,
                seeds: self.shard.map_or(whole, |shard| whole.of_shard(shard)),
            },
            limits: Limits {
                workers: self.jobs.unwrap_or(jobs),
                run: self.limit.unwrap_or((swept.run_max)(self.world)),
                stall: self.stall,
                memory: self.memory,
            },
            launch: swept.launch,
            time: self.time,
            is_until_fail: self.until_fail,
            is_fresh: self.fresh,
            root: artifacts::root().join("sweep"),
            build: sweep::build_id()?,
        })
    }

    fn verdict(&self, summary: &Summary) -> Result<Verdict> {
        // A failure counts even if the sweep was cut short: it was seen. That all is well can only be said of a
        // whole one.
        if summary.rows.iter().any(|row| row.failed() > 0) {
            return Ok(Verdict::Failed);
        }
        if summary.stop_reason == StopReason::Interrupted {
            bail!("interrupted: not everything was run");
        }
        if summary.interrupted > 0 {
            bail!("{} runs were interrupted from outside each time, and do not count", summary.interrupted);
        }
        // A test that never ran has not passed. Without this, a --time that is too short would make a sweep
        // green.
        match summary.rows.iter().filter(|row| row.seeds().is_empty()).count() {
            0 => Ok(Verdict::Ok),
            missed => bail!("{missed} tests were not run at all: give it more --time"),
        }
    }
}
