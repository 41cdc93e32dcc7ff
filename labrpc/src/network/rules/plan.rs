//! The list of rules, and what comes out when a message has passed it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Chance, Delay, Delays, Loss, Rule, Traffic, Verdict};
use crate::network::Message;

/// A rule in the network's list.
pub(in crate::network) struct Entry {
    /// Tells it from other entries; MIT's own are 0.
    pub(in crate::network) id: u64,
    pub(in crate::network) rule: Arc<dyn Rule>,
    /// How many messages it had something to say about.
    pub(in crate::network) hits: AtomicU64,
}

impl Entry {
    pub(in crate::network) fn new(id: u64, rule: impl Rule) -> Arc<Self> {
        Arc::new(Self { id, rule: Arc::new(rule), hits: AtomicU64::new(0) })
    }
}

/// How a message's way ends.
pub(in crate::network) enum Fate {
    Deliver,
    Drop(Arc<Entry>),
    Unreachable(Arc<Entry>),
    Hold(Arc<Entry>),
}

/// What all rules together decided about a message.
pub(in crate::network) struct Plan {
    pub(in crate::network) fate: Fate,
    /// How long it takes until then.
    pub(in crate::network) delay: Duration,
    /// Copies: how long after the original each arrives.
    pub(in crate::network) copies: Vec<Duration>,
}

/// Lets a message pass the list.
pub(in crate::network) fn judge(
    rules: &[Arc<Entry>],
    message: &Message<'_>,
    chance: &mut Chance<'_>,
) -> Plan {
    let mut plan = Plan { fate: Fate::Deliver, delay: Duration::ZERO, copies: Vec::new() };
    for entry in rules {
        let verdict = entry.rule.judge(message, chance);
        // Not counted as a hit: a hit is a message to which the rule has done something.
        if verdict == Verdict::Pass {
            continue;
        }
        entry.hits.fetch_add(1, Ordering::Relaxed);
        plan.fate = match verdict {
            Verdict::Pass => Fate::Deliver,
            Verdict::Delay(delay) => {
                plan.delay += delay;
                Fate::Deliver
            }
            Verdict::Duplicate(later) => {
                plan.copies.push(later);
                Fate::Deliver
            }
            Verdict::Drop => Fate::Drop(Arc::clone(entry)),
            Verdict::Unreachable => Fate::Unreachable(Arc::clone(entry)),
            Verdict::Hold => Fate::Hold(Arc::clone(entry)),
        };
        // The rules behind it are not asked, and draw nothing: what is lost cannot be late as well.
        if !matches!(plan.fate, Fate::Deliver) {
            break;
        }
    }
    plan
}

/// The chance with which MIT's unreliable network loses a request, and the same for a reply.
const MIT_LOSS: f64 = 0.10;
/// The chance with which MIT's long reordering delays a reply.
const MIT_REORDERED: f64 = 2.0 / 3.0;

/// MIT's own faults, in MIT's order: a request waits, then may be lost; a reply may be lost, and else may be late.
pub(in crate::network) fn mit_rules(unreliable: bool, long_reordering: bool) -> Vec<Arc<Entry>> {
    let mut rules = Vec::new();
    if unreliable {
        rules.push(Entry::new(0, Delay::new(Delays::MIT_SHORT).on(Traffic::requests())));
        // After the wait, so that a caller hears of a lost request when it would have arrived and not before.
        rules.push(Entry::new(0, Loss::new(MIT_LOSS)));
    }
    if long_reordering {
        let late = Delay::sometimes(MIT_REORDERED, Delays::MIT_LONG_REORDERING);
        rules.push(Entry::new(0, late.on(Traffic::replies())));
    }
    rules
}
