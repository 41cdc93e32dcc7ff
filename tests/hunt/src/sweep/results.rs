//! What came of the runs of a sweep, row by row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::seed_set::SeedSet;
use super::statistics::failure_rate_max;
use crate::FailedRun;
use crate::target::FailureKind;
use crate::workers::Cost;
use lab_runs::{TestInfo, commands};

/// The run that took longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slowest {
    /// Its real time, in microseconds.
    pub wall_us: u64,
    /// Its seed.
    pub seed: u64,
}

impl Cost {
    /// The share of `part` of `all` runs that cost this together.
    fn share(self, part: u64, all: u64) -> Self {
        let share = |us: u64| (u128::from(us) * u128::from(part.min(all)) / u128::from(all.max(1))) as u64;
        Self { wall_us: share(self.wall_us), cpu_us: share(self.cpu_us) }
    }
}

/// What came of one run.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    Passed,
    /// Nothing was judged, and why.
    Skipped(String),
    Failed(FailedRun),
}

impl Ended {
    /// As it is kept in a file.
    pub(crate) fn from_parts(skipped: Option<String>, failed: Option<FailedRun>) -> Self {
        match (failed, skipped) {
            (Some(failed), _) => Self::Failed(failed),
            (None, Some(why)) => Self::Skipped(why),
            (None, None) => Self::Passed,
        }
    }

    pub(crate) fn into_parts(self) -> (Option<String>, Option<FailedRun>) {
        match self {
            Self::Passed => (None, None),
            Self::Skipped(why) => (Some(why), None),
            Self::Failed(failed) => (None, Some(failed)),
        }
    }
}

/// What came of the runs of one test under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The test.
    pub test: String,
    /// What its results are summed up under; empty in files that were written before there were groups.
    #[serde(default)]
    pub group: String,
    /// The policy, as it is written: `pct:3`.
    pub policy: String,
    /// The seeds that passed.
    pub passed: SeedSet,
    /// The seeds with which nothing was judged; they say nothing about the rate of failures.
    #[serde(default)]
    pub skipped: SeedSet,
    /// Why, of one of them: mostly it is the same for all.
    #[serde(default)]
    pub skipped_because: Option<String>,
    /// The ones that failed, in the order of their seeds.
    pub failures: Vec<FailedRun>,
    /// What all runs cost together.
    #[serde(flatten)]
    pub cost: Cost,
    /// The slowest of them; `None` without runs.
    pub slowest: Option<Slowest>,
}

impl Row {
    pub(crate) fn new(test: TestInfo, policy: &str) -> Self {
        Self {
            test: test.name.to_owned(),
            group: test.group.to_owned(),
            policy: policy.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn has(&self, seed: u64) -> bool {
        self.passed.contains(seed)
            || self.skipped.contains(seed)
            || self.failures.binary_search_by_key(&seed, |failed| failed.seed).is_ok()
    }

    /// Enters a run. Returns whether it is new; a seed counts once.
    pub(crate) fn add(&mut self, seed: u64, cost: Cost, ended: Ended) -> bool {
        if self.has(seed) {
            return false;
        }
        match ended {
            Ended::Passed => {
                self.passed.insert(seed);
            }
            Ended::Skipped(why) => {
                self.skipped.insert(seed);
                // Whichever worker was faster, the same text: the first in the order of texts.
                if self.skipped_because.as_ref().is_none_or(|before| why < *before) {
                    self.skipped_because = Some(why);
                }
            }
            Ended::Failed(failed) => {
                // Kept in order, so that it does not depend on which worker was faster, and a seed is found
                // by halving.
                let place = self.failures.partition_point(|other| other.seed < seed);
                self.failures.insert(place, failed);
            }
        }
        self.add_cost(cost, Some(Slowest { wall_us: cost.wall_us, seed }));
        true
    }

    fn add_cost(&mut self, cost: Cost, slowest: Option<Slowest>) {
        // A file can say anything.
        self.cost.wall_us = self.cost.wall_us.saturating_add(cost.wall_us);
        self.cost.cpu_us = self.cost.cpu_us.saturating_add(cost.cpu_us);
        if let Some(slowest) = slowest
            && self.slowest.is_none_or(|before| before.wall_us < slowest.wall_us)
        {
            self.slowest = Some(slowest);
        }
    }

    /// Enters all runs of another sweep.
    ///
    /// # Errors
    ///
    /// A seed that both have run.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), u64> {
        // Before anything is changed: after an error the row is what it was.
        if let Some(seed) = self.seeds().first_common(&other.seeds()) {
            return Err(seed);
        }
        self.passed.extend(&other.passed);
        self.skipped.extend(&other.skipped);
        self.skipped_because =
            [&self.skipped_because, &other.skipped_because].into_iter().flatten().min().cloned();
        self.failures.extend(other.failures.iter().cloned());
        self.failures.sort_by_key(|failed| failed.seed);
        self.add_cost(other.cost, other.slowest);
        Ok(())
    }

    /// Takes over the runs of another row with seeds in `within` that are new. Costs are known only as a sum: of a part they are
    /// the share that its runs have.
    pub(crate) fn absorb(&mut self, other: &Self, within: &SeedSet) {
        let known = self.seeds();
        let is_new = |seed: u64| within.contains(seed) && !known.contains(seed);
        let passed = other.passed.common(within).without(&known);
        // A file may say two things of one seed. The first counts.
        let skipped = other.skipped.common(within).without(&known).without(&passed);
        let is_other = |seed: u64| !passed.contains(seed) && !skipped.contains(seed);
        let failures = other.failures.iter().filter(|failed| is_new(failed.seed) && is_other(failed.seed));
        let failures: Vec<_> = failures.cloned().collect();
        let taken = passed.len().saturating_add(skipped.len()).saturating_add(failures.len() as u64);
        self.passed.extend(&passed);
        if !skipped.is_empty() {
            self.skipped_because =
                [&self.skipped_because, &other.skipped_because].into_iter().flatten().min().cloned();
        }
        self.skipped.extend(&skipped);
        self.failures.extend(failures);
        self.failures.sort_by_key(|failed| failed.seed);
        self.failures.dedup_by_key(|failed| failed.seed);
        let slowest = other.slowest.filter(|slowest| is_new(slowest.seed));
        self.add_cost(other.cost.share(taken, other.seeds().len()), slowest);
    }

    /// Forgets the runs with these seeds, and their share of the costs.
    pub(crate) fn forget(&mut self, seeds: &SeedSet) {
        let all = self.seeds();
        self.passed = self.passed.without(seeds);
        self.skipped = self.skipped.without(seeds);
        self.failures.retain(|failed| !seeds.contains(failed.seed));
        self.cost = self.cost.share(self.seeds().len(), all.len());
        self.slowest = self.slowest.filter(|slowest| !seeds.contains(slowest.seed));
    }

    /// All seeds that were run, skipped ones included.
    #[must_use]
    pub fn seeds(&self) -> SeedSet {
        let mut seeds = self.passed.clone();
        seeds.extend(&self.skipped);
        for failed in &self.failures {
            seeds.insert(failed.seed);
        }
        seeds
    }

    /// How many runs failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.len() as u64
    }

    /// How many runs were judged.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.passed.len().saturating_add(self.failed())
    }

    /// How many of the runs failed, from 0 to 1; 0 without runs.
    pub(crate) fn failure_rate(&self) -> f64 {
        if self.runs() == 0 { 0.0 } else { self.failed() as f64 / self.runs() as f64 }
    }

    /// The upper bound of the failure rate.
    pub(crate) fn failure_rate_max(&self) -> f64 {
        failure_rate_max(self.failed(), self.runs())
    }
}

/// Failures that have the same cause.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) test: &'a str,
    pub(crate) policy: &'a str,
    /// The one with the lowest seed.
    pub(crate) first: &'a FailedRun,
    pub(crate) count: u64,
}

impl Group<'_> {
    /// The seed of the first that failed, and its policy.
    pub(crate) fn run(&self) -> (u64, &str) {
        self.first.run.as_ref().map_or((self.first.seed, self.policy), |run| (run.seed, &run.policy))
    }

    /// The command that makes the first of them again.
    pub(crate) fn replay(&self, world: &str) -> String {
        let (seed, policy) = self.run();
        commands::replay(self.test, policy, world, seed)
    }

    /// `once`, `7 times`.
    pub(crate) fn times(&self) -> String {
        if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) }
    }
}

/// The failures of all rows by test, policy and cause, in the order of the table, the most frequent cause of a row first.
pub(crate) fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let mut all = Vec::new();
    for row in rows {
        let mut causes: BTreeMap<(FailureKind, String), Group<'_>> = BTreeMap::new();
        for failed in &row.failures {
            let group = Group { test: &row.test, policy: &row.policy, first: failed, count: 0 };
            causes.entry(failed.cause()).or_insert(group).count += 1;
        }
        let mut causes: Vec<_> = causes.into_values().collect();
        // By how often, then by seed: with equal counts the order must not be that of the texts.
        causes.sort_by_key(|group| (std::cmp::Reverse(group.count), group.first.seed));
        all.extend(causes);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(wall_us: u64) -> Cost {
        Cost { wall_us, cpu_us: wall_us / 2 }
    }

    fn row(passed: &[u64], failed: &[(u64, &str)]) -> Row {
        let mut row = Row::new(TestInfo { name: "a_3a", group: "3A", about: "" }, "random");
        for &seed in passed {
            assert!(row.add(seed, cost(10 + seed), Ended::Passed));
        }
        for &(seed, headline) in failed {
            let failed = FailedRun::new(seed, FailureKind::Rule, headline);
            assert!(row.add(seed, cost(10 + seed), Ended::Failed(failed)));
        }
        row
    }

    #[test]
    fn seed_counts_once() {
        let mut row = row(&[1, 2], &[(3, "x")]);
        assert!(!row.add(3, cost(99), Ended::Passed) && !row.add(1, cost(99), Ended::Passed));
        assert_eq!((row.runs(), row.failed(), row.cost.wall_us), (3, 1, 36));
        assert_eq!(row.slowest, Some(Slowest { wall_us: 13, seed: 3 }));
    }

    #[test]
    fn skipped_runs_say_nothing_about_failures() {
        let mut row = row(&[], &[]);
        for (seed, why) in [(1, "b"), (2, "a")] {
            assert!(row.add(seed, cost(1), Ended::Skipped(why.to_owned())));
        }
        assert!(row.has(1) && !row.add(2, cost(1), Ended::Passed));
        assert_eq!((row.runs(), row.seeds().len(), row.skipped_because.as_deref()), (0, 2, Some("a")));
    }

    #[test]
    fn rows_are_merged_and_common_seeds_are_refused() {
        let mut all = row(&[1, 2], &[(3, "x")]);
        all.merge(&row(&[5, 4], &[(6, "y")])).unwrap();
        assert_eq!(all, row(&[1, 2, 5, 4], &[(3, "x"), (6, "y")]));
        assert_eq!(all.merge(&row(&[6], &[])), Err(6), "passed here, failed there");
    }

    #[test]
    fn failures_are_grouped_by_cause_and_the_lowest_seed_stands_for_them() {
        let rows = [row(&[], &[(9, "no leader in term 2"), (7, "a deadlock"), (8, "no leader in term 11")])];
        let groups: Vec<_> = groups(&rows).iter().map(|group| (group.first.seed, group.count)).collect();
        assert_eq!(groups, [(8, 2), (7, 1)]);
    }

    #[test]
    fn part_of_a_row_is_taken_over_with_its_share_of_the_costs() {
        let mut all = row(&[1, 2, 3], &[(4, "x")]);
        all.cost = Cost { wall_us: 400, cpu_us: 200 };
        let mut part = row(&[2], &[]);
        part.cost = Cost::default();
        part.absorb(&all, &SeedSet::from(vec![(2, 4)]));
        assert_eq!((part.passed.clone(), part.failed()), (vec![(2, 3)].into(), 1), "{part:?}");
        assert_eq!(part.cost, Cost { wall_us: 200, cpu_us: 100 });
        part.absorb(&all, &SeedSet::from(vec![(2, 4)]));
        assert_eq!((part.runs(), part.cost.wall_us), (3, 200), "nothing counts twice");
        all.forget(&SeedSet::from(vec![(2, 4)]));
        assert_eq!((all.runs(), all.failed(), all.cost.wall_us, all.slowest), (1, 0, 100, None));
    }

    #[test]
    fn rows_survive_json() {
        let row = row(&[1, 2, 3, 9], &[(4, "x")]);
        let text = serde_json::to_string(&row).unwrap();
        assert!(text.contains("\"passed\":[[1,3],[9,9]]"), "{text}");
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
    }
}
