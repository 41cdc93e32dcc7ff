//! How much of what runs cover is new.

use std::collections::BTreeMap;

use crate::sim::{Covers, Feature};

/// What many runs have covered together.
///
/// # How likely the next run is to show something new
///
/// Good (1953), after Turing: among n samples, the chance that the next one is of a kind that was not seen is about the share
/// of the samples whose kind was seen only once. Here a sample is a run, and has many features; it counts as seen once if it
/// has a feature that no other run has. So [`Novelty::chance_of_new`] is the share of runs that would have shown something new
/// had they come last.
#[derive(Clone, Debug, Default)]
pub struct Novelty {
    /// Which run alone has each feature; `None`: several.
    seen: BTreeMap<Feature, Option<u64>>,
    /// How many features each run alone has, if it has any.
    alone: BTreeMap<u64, u32>,
    distinct: [u64; 3],
    runs: u64,
}

impl Novelty {
    /// Counts a run with these features. Returns how many of them no run before has shown.
    pub fn add(&mut self, features: impl IntoIterator<Item = Feature>) -> usize {
        let run = self.runs;
        self.runs += 1;
        features.into_iter().filter(|&feature| self.add_feature(run, feature)).count()
    }

    fn add_feature(&mut self, run: u64, feature: Feature) -> bool {
        match self.seen.get_mut(&feature) {
            None => {
                self.seen.insert(feature, Some(run));
                *self.alone.entry(run).or_default() += 1;
                self.distinct[feature.covers() as usize] += 1;
                true
            }
            Some(first) => {
                if let Some(first) = first.take_if(|first| *first != run)
                    && let Some(count) = self.alone.get_mut(&first)
                {
                    *count -= 1;
                    if *count == 0 {
                        self.alone.remove(&first);
                    }
                }
                false
            }
        }
    }

    /// Whether no run has shown it.
    #[must_use]
    pub fn is_new(&self, feature: Feature) -> bool {
        !self.seen.contains_key(&feature)
    }

    /// How many runs were counted.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many different features of a kind there were.
    #[must_use]
    pub fn distinct(&self, covers: Covers) -> u64 {
        self.distinct[covers as usize]
    }

    /// Whether some run has shown something that no other has.
    #[must_use]
    pub fn is_any_seen_once(&self) -> bool {
        !self.alone.is_empty()
    }

    /// The chance that at least one of the next `runs` runs shows something new, from 0 to 1, if runs go on to be as new as
    /// they are now. They get less so, which makes it an upper estimate. 1 before the first run.
    #[must_use]
    pub fn chance_of_new(&self, runs: u32) -> f64 {
        if self.runs == 0 {
            return 1.0;
        }
        // With none alone, the rule of three instead of a certain no: the share is below 3 / n, with 95 % confidence.
        let share = if self.alone.is_empty() { 3.0 } else { self.alone.len() as f64 } / self.runs as f64;
        1.0 - (1.0 - share.min(1.0)).powf(f64::from(runs))
    }

    /// Counts a run, and returns those of its features that another counter must hear of: those that were seen less than twice
    /// before. What was seen twice is nobody's alone any more, here or there. The other counter [adds](Self::add) them as a
    /// run of its own.
    pub fn news(&mut self, features: impl IntoIterator<Item = Feature>) -> Vec<Feature> {
        let run = self.runs;
        self.runs += 1;
        let mut news = Vec::new();
        for feature in features {
            if !matches!(self.seen.get(&feature), Some(None)) {
                news.push(feature);
            }
            self.add_feature(run, feature);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(numbers: &[u64]) -> impl Iterator<Item = Feature> + '_ {
        numbers.iter().map(|&number| Feature::from_number(number * 4))
    }

    #[test]
    fn what_is_new_is_counted_once() {
        let mut novelty = Novelty::default();
        assert_eq!(novelty.add(features(&[1, 2])), 2);
        assert_eq!(novelty.add(features(&[2, 3])), 1);
        assert_eq!(novelty.add(features(&[1, 2, 3])), 0);
        assert_eq!(
            (novelty.runs(), novelty.distinct(Covers::Order), novelty.distinct(Covers::State)),
            (3, 3, 0)
        );
    }

    #[test]
    fn chance_is_the_share_of_runs_that_alone_have_something() {
        let mut novelty = Novelty::default();
        assert!((novelty.chance_of_new(1) - 1.0).abs() < 1e-9);
        // Each of ten runs has something of its own: so will the next.
        for run in 0..10 {
            novelty.add(features(&[0, 100 + run]));
        }
        assert!((novelty.chance_of_new(1) - 1.0).abs() < 1e-9);
        // All that was alone is seen again, but for that of one run.
        novelty.add(features(&[100, 101, 102, 103, 104, 105, 106, 107, 108]));
        assert!((novelty.chance_of_new(1) - 1.0 / 11.0).abs() < 1e-9);
        assert!((novelty.chance_of_new(2) - (1.0 - (10.0f64 / 11.0).powi(2))).abs() < 1e-9);
        // Nothing is alone any more: at most three of twelve.
        novelty.add(features(&[109]));
        assert!((novelty.chance_of_new(1) - 3.0 / 12.0).abs() < 1e-9);
    }

    #[test]
    fn counters_that_tell_each_other_their_news_know_as_much_as_one() {
        let runs: Vec<Vec<u64>> =
            (0..200u64).map(|run| (0..6).map(|i| (run * 7 + i * i * run) % 90).collect()).collect();
        let (mut one, mut all) = (Novelty::default(), Novelty::default());
        let mut workers = [Novelty::default(), Novelty::default()];
        for (number, run) in runs.iter().enumerate() {
            one.add(features(run));
            let news = workers[number % 2].news(features(run));
            all.add(news);
        }
        assert_eq!(one.distinct(Covers::Order), all.distinct(Covers::Order));
        assert!((one.chance_of_new(1) - all.chance_of_new(1)).abs() < 1e-9);
    }
}
