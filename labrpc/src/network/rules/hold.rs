//! Messages that wait until the test says so.

use super::{Chance, Rule, Verdict};
use crate::network::Message;

/// Holds every message back until its [`Fault`](crate::network::Fault) releases it.
#[derive(Clone, Copy, Debug)]
pub struct Hold;

impl Rule for Hold {
    fn judge(&self, _: &Message<'_>, _: &mut Chance<'_>) -> Verdict {
        Verdict::Hold
    }
}
