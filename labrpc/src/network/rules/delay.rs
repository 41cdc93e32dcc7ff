//! Delays, which reorder messages when they differ.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::RngExt;

use super::{Chance, Rule, Verdict};
use crate::network::Message;
use crate::sim::nanos;

/// How long something takes: a distribution.
///
/// All of them are computed in integers, so that a seed gives the same delays on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delays {
    /// Always the same.
    Fixed(Duration),
    /// Any time between the two, both included, each as likely as the others.
    Between(Duration, Duration),
    /// A whole number of milliseconds in the range, each as likely as the others: MIT's kind.
    Millis(RangeInclusive<u64>),
    /// At least `min`, and often not much more, but sometimes up to `min + spread`: `min + U{0..U{0..spread}}`, in
    /// whole milliseconds. The mean is `min + spread / 4`.
    Skewed {
        /// The shortest delay, in milliseconds.
        min_ms: u64,
        /// How much longer the longest is, in milliseconds.
        spread_ms: u64,
    },
}

impl Delays {
    /// The wait of a request in MIT's unreliable network: 0 to 26 ms.
    pub const MIT_SHORT: Self = Self::Millis(0..=26);
    /// The delay of a reply under MIT's long reordering, `200 + rand(1 + rand(2000))` ms: 200 to 2199 ms, 700 ms in
    /// the mean.
    pub const MIT_LONG_REORDERING: Self = Self::Skewed { min_ms: 200, spread_ms: 1999 };
    /// How long a caller waits for a server that cannot be reached.
    pub const MIT_UNREACHABLE: Self = Self::Millis(0..=99);
    /// The same, with MIT's long delays.
    pub const MIT_LONG_DELAYS: Self = Self::Millis(0..=6999);

    /// Draws one.
    pub fn draw(&self, chance: &mut Chance<'_>) -> Duration {
        match self {
            Self::Fixed(delay) => *delay,
            Self::Between(min, max) => {
                let [min, max] = [*min, *max].map(nanos);
                Duration::from_nanos(chance.random_range(min..=max.max(min)))
            }
            Self::Millis(range) => Duration::from_millis(chance.random_range(range.clone())),
            Self::Skewed { min_ms, spread_ms } => {
                // Two draws, the second within the first, as MIT does it: short delays are likelier than long
                // ones.
                let reach = chance.random_range(0..=*spread_ms);
                Duration::from_millis(min_ms + chance.random_range(0..=reach))
            }
        }
    }
}

/// Holds messages up, so that later ones overtake them.
#[derive(Clone, Debug)]
pub struct Delay {
    probability: f64,
    delays: Delays,
}

impl Delay {
    /// Every message takes that much longer.
    #[must_use]
    pub fn new(delays: Delays) -> Self {
        Self { probability: 1.0, delays }
    }

    /// A message takes that much longer with this probability, from 0 to 1: the others overtake it.
    ///
    /// # Panics
    ///
    /// If `probability` is not between 0 and 1.
    #[must_use]
    pub fn sometimes(probability: f64, delays: Delays) -> Self {
        assert!((0.0..=1.0).contains(&probability), "{probability} is not a probability: give 0.0 to 1.0");
        Self { probability, delays }
    }
}

impl Rule for Delay {
    fn judge(&self, _: &Message<'_>, chance: &mut Chance<'_>) -> Verdict {
        // Certainty draws nothing, so only the delay itself is drawn.
        if self.probability < 1.0 && !chance.random_bool(self.probability) {
            return Verdict::Pass;
        }
        Verdict::Delay(self.delays.draw(chance))
    }
}
