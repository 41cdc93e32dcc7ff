//! Scripted faults: something happens to one message, counted from when the rule was added.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Chance, Rule, Scoped, Traffic, Verdict};
use crate::network::Message;

/// Gives a verdict on the n-th message of some traffic only: "drop the second AppendEntries from 0 to 2".
///
/// ```
/// use labrpc::network::{Nth, Traffic, Verdict};
///
/// let appends = Traffic::requests().from(0).to(2).method("Raft.AppendEntries");
/// let rule = Nth::new(2, appends, Verdict::Drop);
/// ```
#[derive(Debug)]
pub struct Nth {
    n: u64,
    left: AtomicU64,
    verdict: Verdict,
}

impl Nth {
    /// A rule for the message number `n` of `traffic`, counted from 1.
    ///
    /// # Panics
    ///
    /// If `n` is 0.
    #[must_use]
    #[allow(
        clippy::new_ret_no_self,
        reason = "a script counts the messages of its traffic, so it is made with it"
    )]
    pub fn new(n: u64, traffic: Traffic, verdict: Verdict) -> Scoped<Self> {
        assert!(n > 0, "messages are counted from 1");
        Self { n, left: AtomicU64::new(n), verdict }.on(traffic)
    }
}

impl Rule for Nth {
    fn name(&self) -> String {
        format!("a script for message {}", self.n)
    }

    fn judge(&self, _: &Message<'_>, _: &mut Chance<'_>) -> Verdict {
        // At 0 it stays. Counted down further, it would come by 1 again some day.
        let step = |left: u64| left.checked_sub(1);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(1) => self.verdict,
            _ => Verdict::Pass,
        }
    }
}
