//! A rule that is in force, and its end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::rules::Entry;
use super::shared::Shared;

/// A rule that was added to a network with [`Network::add_rule`](super::Network::add_rule). When this is
/// dropped the rule ends, and what it held back is delivered.
#[must_use = "the rule ends when this is dropped; call forever() to let it stay"]
pub struct Fault {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    stays: bool,
}

impl Fault {
    pub(super) fn new(shared: Arc<Shared>, entry: Arc<Entry>) -> Self {
        Self { shared, entry, stays: false }
    }

    /// How many messages the rule has delayed, lost, doubled or held so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.entry.hits.load(Ordering::Relaxed)
    }

    /// How many messages the rule holds back now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.held_by(self.entry.id)
    }

    /// Delivers what the rule holds back, in the order of sending. The rule stays. Returns how many there were.
    pub fn release(&self) -> usize {
        self.shared.release(self.entry.id, |held| held)
    }

    /// Delivers what the rule holds back in the reverse order: the last message first.
    pub fn release_reversed(&self) -> usize {
        self.shared.release(self.entry.id, |mut held| {
            held.reverse();
            held
        })
    }

    /// Delivers the oldest message that the rule holds back. Returns whether there was one.
    pub fn release_one(&self) -> bool {
        self.shared.release_one(self.entry.id)
    }

    /// Loses what the rule holds back; the callers learn at once that there is no reply. Returns how many there were.
    pub fn discard(&self) -> usize {
        self.shared.discard_held(self.entry.id)
    }

    /// Lets the rule stay for as long as the network lives.
    pub fn forever(mut self) {
        self.stays = true;
    }

    /// Ends the rule, as dropping this does.
    pub fn end(self) {}
}

impl Drop for Fault {
    fn drop(&mut self) {
        if !self.stays {
            self.shared.end_rule(self.entry.id);
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({}, {} hits)", self.entry.rule.name(), self.hits())
    }
}
