//! Loss by chance.

use rand::RngExt;

use super::{Chance, Rule, Verdict};
use crate::network::Message;

/// Loses messages at random, each independently of the others.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    probability: f64,
}

impl Loss {
    /// Loses a message with this probability, from 0 to 1.
    ///
    /// # Panics
    ///
    /// If `probability` is not between 0 and 1.
    #[must_use]
    pub fn new(probability: f64) -> Self {
        assert!((0.0..=1.0).contains(&probability), "{probability} is not a probability: give 0.0 to 1.0");
        Self { probability }
    }

    /// Loses every message.
    #[must_use]
    pub fn always() -> Self {
        Self { probability: 1.0 }
    }
}

impl Rule for Loss {
    fn judge(&self, _: &Message<'_>, chance: &mut Chance<'_>) -> Verdict {
        // Certainty draws nothing: the stream of chance is the same as without the rule.
        if self.probability >= 1.0 || chance.random_bool(self.probability) {
            Verdict::Drop
        } else {
            Verdict::Pass
        }
    }
}
