//! What a sweep is about: which tests, under which schedules, over which seeds.
//!
//! A *variant* is a test under one policy; it is a row of the table. A *run* is a variant with a seed. Runs are made in the order
//! of their seeds, all variants of a seed before the next one, so that a sweep that is stopped early has looked at all tests
//! alike.

use std::fmt;
use std::str::FromStr;

use labrpc::sim::Policy;
use serde::{Deserialize, Serialize};

use lab_runs::{TestInfo, World};

/// A test under one policy.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The test.
    pub test: TestInfo,
    /// Who runs next in its simulations.
    pub policy: Policy,
}

/// Everything that a sweep will run.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The tests under their policies, in the order of the table.
    pub variants: Vec<Variant>,
    /// Where they run.
    pub world: World,
    /// The seeds that each of them runs over. In the real world they only number the repetitions.
    pub seeds: Seeds,
}

/// Seeds that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    /// The first one.
    pub from: u64,
    /// How many; `None` if there is no end.
    pub count: Option<u64>,
}

impl Seeds {
    /// The last one.
    pub(crate) fn last(self) -> u64 {
        self.count.map_or(u64::MAX, |count| self.from.saturating_add(count.saturating_sub(1)))
    }

    /// The seeds that fall to one shard: a block of seeds that follow each other.
    pub fn of_shard(self, shard: Shard) -> Self {
        let Some(count) = self.count else { return self };
        // In 128 bits: number times count does not fit in 64 for a sweep over all seeds. Rounded down at both
        // ends, the parts touch each other and differ in size by one at most.
        let below = |number: u64| (u128::from(count) * u128::from(number) / u128::from(shard.of)) as u64;
        let (start, end) = (below(shard.number - 1), below(shard.number));
        Self { from: self.from + start, count: Some(end - start) }
    }
}

/// One of several equal parts of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which one, from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(format!("{text:?} is not a shard: write K/N, such as 3/8, with K from 1 to N")),
        }
    }
}

/// The runs of a scope, one after the other.
#[derive(Debug)]
pub(crate) struct Runs {
    variants: usize,
    next: Option<(u64, usize)>,
    last: u64,
}

impl Runs {
    pub(crate) fn of(scope: &Scope) -> Self {
        // Without variants the first run would be of one that is not there.
        let is_empty = scope.variants.is_empty() || scope.seeds.count == Some(0);
        let next = (!is_empty).then_some((scope.seeds.from, 0));
        Self { variants: scope.variants.len(), next, last: scope.seeds.last() }
    }
}

impl Iterator for Runs {
    /// The place of the variant, and the seed.
    type Item = (usize, u64);

    fn next(&mut self) -> Option<(usize, u64)> {
        let (seed, variant) = self.next?;
        self.next = match (variant + 1 < self.variants, seed < self.last) {
            (true, _) => Some((seed, variant + 1)),
            (false, true) => Some((seed + 1, 0)),
            (false, false) => None,
        };
        Some((variant, seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(rows: usize, from: u64, count: Option<u64>) -> Scope {
        let test = TestInfo { name: "a_test", group: "A", about: "it passes" };
        let variants = vec![Variant { test, policy: Policy::Random }; rows];
        Scope { variants, world: World::Simulated, seeds: Seeds { from, count } }
    }

    #[test]
    fn every_variant_of_a_seed_comes_before_the_next_seed() {
        let runs: Vec<_> = Runs::of(&scope(2, 5, Some(2))).collect();
        assert_eq!(runs, [(0, 5), (1, 5), (0, 6), (1, 6)]);
        assert_eq!(Runs::of(&scope(2, 5, Some(0))).count(), 0);
        assert_eq!(Runs::of(&scope(1, 1, None)).take(1000).last(), Some((0, 1000)));
        assert_eq!(Runs::of(&scope(1, u64::MAX, None)).count(), 1);
    }

    #[test]
    fn shards_are_disjoint_and_leave_nothing_out() {
        for (count, of) in [(100, 1), (100, 3), (7, 7), (1_000_003, 64), (3, 8)] {
            let all = Seeds { from: 11, count: Some(count) };
            let mut next = 11;
            for number in 1..=of {
                let seeds = all.of_shard(Shard { number, of });
                assert_eq!(seeds.from, next, "{number}/{of} of {count}");
                next += seeds.count.unwrap();
            }
            assert_eq!(next, 11 + count);
        }
    }

    #[test]
    fn shard_is_read_as_people_write_it() {
        assert_eq!("3/8".parse(), Ok(Shard { number: 3, of: 8 }));
        for text in ["0/8", "9/8", "3", "a/b", "3/0", "-1/2", ""] {
            assert!(text.parse::<Shard>().unwrap_err().contains("K/N"), "{text}");
        }
    }
}
