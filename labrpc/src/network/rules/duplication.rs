//! Messages that arrive twice.

use rand::RngExt;

use super::{Chance, Delays, Rule, Verdict};
use crate::network::Message;

/// Lets messages arrive a second time. A request that arrives twice is handled twice, and the first reply counts; a
/// reply that arrives twice is discarded the second time.
#[derive(Clone, Debug)]
pub struct Duplication {
    probability: f64,
    later: Delays,
}

impl Duplication {
    /// Doubles a message with this probability, from 0 to 1; the copy arrives that much after the original.
    ///
    /// # Panics
    ///
    /// If `probability` is not between 0 and 1.
    #[must_use]
    pub fn new(probability: f64, later: Delays) -> Self {
        assert!((0.0..=1.0).contains(&probability), "{probability} is not a probability: give 0.0 to 1.0");
        Self { probability, later }
    }
}

impl Rule for Duplication {
    fn judge(&self, _: &Message<'_>, chance: &mut Chance<'_>) -> Verdict {
        if chance.random_bool(self.probability) {
            Verdict::Duplicate(self.later.draw(chance))
        } else {
            Verdict::Pass
        }
    }
}
