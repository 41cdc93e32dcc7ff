//! Sets of seeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A set of seeds, kept as ranges: a million seeds that follow each other take no more room than two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct SeedSet {
    /// First and last of each range. Ranges neither overlap nor touch.
    ranges: BTreeMap<u64, u64>,
}

impl From<Vec<(u64, u64)>> for SeedSet {
    fn from(ranges: Vec<(u64, u64)>) -> Self {
        let mut set = Self::default();
        for (first, last) in ranges {
            set.insert_range(first, last);
        }
        set
    }
}

impl From<SeedSet> for Vec<(u64, u64)> {
    fn from(set: SeedSet) -> Self {
        set.ranges.into_iter().collect()
    }
}

impl SeedSet {
    pub(crate) fn contains(&self, seed: u64) -> bool {
        self.ranges.range(..=seed).next_back().is_some_and(|(_, &last)| seed <= last)
    }

    /// Whether the seed is new.
    pub(crate) fn insert(&mut self, seed: u64) -> bool {
        let is_new = !self.contains(seed);
        if is_new {
            self.insert_range(seed, seed);
        }
        is_new
    }

    fn insert_range(&mut self, mut first: u64, mut last: u64) {
        if last < first {
            return; // an empty range, of a file that somebody has edited
        }
        // Whatever overlaps it or touches it becomes part of it.
        // The last range that begins before its end, then the one before that, until one does not touch. None
        // to the right can: it would touch one that was taken in. At the highest seed there is no next number
        // to touch.
        while let Some((&from, &to)) = self.ranges.range(..=last.saturating_add(1)).next_back()
            && to.saturating_add(1) >= first
        {
            self.ranges.remove(&from);
            (first, last) = (first.min(from), last.max(to));
        }
        self.ranges.insert(first, last);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        // All seeds there are would be one more than fits.
        self.ranges
            .iter()
            .fold(0, |sum: u64, (first, last)| sum.saturating_add((last - first).saturating_add(1)))
    }

    /// A seed that is in both.
    pub(crate) fn first_common(&self, other: &Self) -> Option<u64> {
        // Two ranges overlap exactly if one of them begins within the other. So it is enough to look at where
        // ranges begin.
        let starts = self.ranges.keys().filter(|&&seed| other.contains(seed));
        let of_other = other.ranges.keys().filter(|&&seed| self.contains(seed));
        starts.chain(of_other).min().copied()
    }

    /// The lowest seed that is not in the other one.
    pub(crate) fn first_outside(&self, other: &Self) -> Option<u64> {
        self.ranges.iter().find_map(|(&first, &last)| {
            match other.ranges.range(..=first).next_back().filter(|&(_, &end)| first <= end) {
                None => Some(first),
                // Ranges do not touch, so what follows the end of one is in none.
                Some((_, &end)) if end < last => Some(end + 1),
                Some(_) => None,
            }
        })
    }

    /// The seeds that are in both.
    pub(crate) fn common(&self, other: &Self) -> Self {
        let mut both = Self::default();
        for (&first, &last) in &self.ranges {
            // The one that begins before it and reaches into it, and all that begin within it.
            let before = other.ranges.range(..first).next_back().filter(|&(_, &end)| first <= end);
            for (&from, &end) in before.into_iter().chain(other.ranges.range(first..=last)) {
                both.insert_range(first.max(from), last.min(end));
            }
        }
        both
    }

    /// The seeds that are not in the other one.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = Self::default();
        for (&first, &last) in &self.ranges {
            let mut next = Some(first);
            let before = other.ranges.range(..first).next_back().filter(|&(_, &end)| first <= end);
            for (&from, &end) in before.into_iter().chain(other.ranges.range(first..=last)) {
                if let Some(start) = next.filter(|&start| start < from) {
                    rest.insert_range(start, from - 1);
                }
                // Behind the highest seed there is none.
                next = end.checked_add(1);
            }
            if let Some(start) = next {
                rest.insert_range(start, last);
            }
        }
        rest
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        for (&first, &last) in &other.ranges {
            self.insert_range(first, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_set_is_a_set() {
        let mut set = SeedSet::default();
        let mut model = std::collections::BTreeSet::new();
        // Numbers in an order without a pattern, some of them twice.
        for step in 0..500_u64 {
            let seed = step * 7919 % 263;
            assert_eq!(set.insert(seed), model.insert(seed), "{seed}");
            assert_eq!(set.len(), model.len() as u64);
        }
        assert_eq!(set.ranges.len(), 1, "{set:?}");
        assert!(set.contains(0) && set.contains(262) && !set.contains(263));
    }

    #[test]
    fn seed_set_holds_the_lowest_and_the_highest_seed() {
        let mut set = SeedSet::default();
        for seed in [u64::MAX, 0, u64::MAX - 1, 1] {
            assert!(set.insert(seed) && !set.insert(seed));
        }
        assert_eq!(Vec::from(set), [(0, 1), (u64::MAX - 1, u64::MAX)]);
    }

    #[test]
    fn ranges_that_overlap_become_one() {
        let set = SeedSet::from(vec![(1, 5), (10, 20), (4, 11), (30, 30), (9, 2)]);
        assert_eq!(Vec::from(set.clone()), [(1, 20), (30, 30)]);
        assert_eq!(set.first_common(&SeedSet::from(vec![(21, 29)])), None);
        assert_eq!(set.first_common(&SeedSet::from(vec![(0, 100)])), Some(1));
        assert_eq!(set.first_common(&SeedSet::from(vec![(18, 29)])), Some(18));
        assert_eq!(set.first_outside(&SeedSet::from(vec![(0, 30)])), None);
        assert_eq!(set.first_outside(&SeedSet::from(vec![(0, 19)])), Some(20));
        assert_eq!(set.first_outside(&SeedSet::from(vec![(1, 20)])), Some(30));
    }

    #[test]
    fn sets_are_cut_as_sets_of_single_seeds_are() {
        let model = |ranges: &[(u64, u64)]| -> std::collections::BTreeSet<u64> {
            ranges.iter().flat_map(|&(first, last)| first..=last).collect()
        };
        let lists: [&[(u64, u64)]; 6] =
            [&[], &[(0, 9)], &[(3, 4), (6, 6), (8, 12)], &[(1, 3), (5, 7)], &[(9, 9)], &[(0, 1), (11, 20)]];
        for (a, b) in lists.into_iter().flat_map(|a| lists.map(|b| (a, b))) {
            let (one, other) = (SeedSet::from(a.to_vec()), SeedSet::from(b.to_vec()));
            let seeds = |set: SeedSet| model(&Vec::from(set));
            assert_eq!(seeds(one.common(&other)), &model(a) & &model(b), "{a:?} {b:?}");
            assert_eq!(seeds(one.without(&other)), &model(a) - &model(b), "{a:?} {b:?}");
        }
        let all = SeedSet::from(vec![(0, u64::MAX)]);
        assert!(all.without(&all).is_empty());
        assert_eq!(all.common(&all), all);
    }
}
