//! Points, exactly: in hundredths, so that sums are what they say and a grade is the same on every machine.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points, in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(u64);

impl Points {
    /// So many whole points.
    #[must_use]
    pub fn whole(points: u64) -> Self {
        Self(points * 100)
    }

    /// As a whole number of hundredths.
    #[must_use]
    pub fn to_hundredths(self) -> u64 {
        self.0
    }

    /// Reads `12` or `12.5`; `None` for what is negative, too large, or finer than a hundredth.
    #[must_use]
    pub fn read(points: f64) -> Option<Self> {
        let hundredths = (points * 100.0).round();
        let is_exact = (points * 100.0 - hundredths).abs() < 1e-6;
        (is_exact && (0.0..=1e9).contains(&hundredths)).then_some(Self(hundredths as u64))
    }

    /// As a number of points, for formats that know no hundredths.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// Of so many equal shares these, rounded down to a hundredth; nothing of no shares.
    #[must_use]
    pub fn share(self, got: u64, of: u64) -> Self {
        Self((self.0 * got).checked_div(of).unwrap_or(0))
    }

    /// These points dealt out by weight. The parts add up to the whole: hundredths that are left go to those that lose most by
    /// rounding, the first of them first. Without any weight nobody gets anything.
    #[must_use]
    pub fn dealt(self, weights: &[u64]) -> Vec<Self> {
        let all: u64 = weights.iter().sum();
        if all == 0 {
            return vec![Self(0); weights.len()];
        }
        let mut parts: Vec<u64> = weights.iter().map(|weight| self.0 * weight / all).collect();
        let left = self.0 - parts.iter().sum::<u64>();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|&place| (std::cmp::Reverse(self.0 * weights[place] % all), place));
        for &place in order.iter().take(left as usize) {
            parts[place] += 1;
        }
        parts.into_iter().map(Self).collect()
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.0 / 100, self.0 % 100) {
            (whole, 0) => whole.to_string(),
            (whole, rest) if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
            (whole, rest) => format!("{whole}.{rest:02}"),
        };
        f.pad(&text)
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.map(|points| points.0).sum())
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let points = f64::deserialize(deserializer)?;
        let problem = || serde::de::Error::custom(format_args!("{points} is no number of points"));
        Self::read(points).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn points_are_read_and_shown_as_people_write_them() {
        for (number, text) in [(12.0, "12"), (12.5, "12.5"), (0.07, "0.07"), (33.33, "33.33"), (0.0, "0")] {
            assert_eq!(Points::read(number).unwrap().to_string(), text);
        }
        for number in [-1.0, 0.001, f64::NAN, f64::INFINITY, 1e12] {
            assert_eq!(Points::read(number), None, "{number}");
        }
    }

    #[test]
    fn thirds_add_up() {
        let parts = Points::whole(1).dealt(&[1, 1, 1]);
        assert_eq!(parts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["0.34", "0.33", "0.33"]);
        assert_eq!(Points::whole(1).dealt(&[0, 0]), [Points(0), Points(0)]);
        assert_eq!(Points::whole(10).share(99, 100).to_string(), "9.9");
        assert_eq!(Points::whole(10).share(0, 0), Points(0));
    }

    proptest! {
        #[test]
        fn what_is_dealt_adds_up_and_follows_the_weights(
            all in 0_u64..1_000_000, weights in proptest::collection::vec(0_u64..1000, 1..40)
        ) {
            let parts = Points(all).dealt(&weights);
            let sum: u64 = parts.iter().map(|part| part.0).sum();
            prop_assert_eq!(sum, if weights.iter().all(|weight| *weight == 0) { 0 } else { all });
            for (a, b) in (0..weights.len()).flat_map(|a| (0..weights.len()).map(move |b| (a, b))) {
                prop_assert!(weights[a] <= weights[b] || parts[a] >= parts[b]);
            }
        }
    }
}
