//! Which nodes of the real world have no power any more.
//!
//! Their threads cannot be stopped. What they do from then on counts for nothing: see [`NodeHandle::lose_power`].
//!
//! [`NodeHandle::lose_power`]: super::NodeHandle::lose_power

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// The labels of these nodes. A label of which a weak reference is left is at no other label's place.
static WITHOUT_POWER: Mutex<Vec<Weak<str>>> = Mutex::new(Vec::new());
/// How many there are: whoever asks while there are none, as in most tests, takes no lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// From now on the node with this label has none. Returns whether it had.
pub(super) fn lose(label: &Arc<str>) -> bool {
    let mut nodes = WITHOUT_POWER.lock();
    // Those of runs that are over.
    nodes.retain(|node| node.strong_count() > 0);
    let had_power = !is_among(&nodes, label);
    if had_power {
        nodes.push(Arc::downgrade(label));
    }
    COUNT.store(nodes.len(), Ordering::Release);
    had_power
}

/// Whether the node with this label has none.
pub(super) fn is_lost(label: &Arc<str>) -> bool {
    COUNT.load(Ordering::Acquire) > 0 && is_among(&WITHOUT_POWER.lock(), label)
}

fn is_among(nodes: &[Weak<str>], label: &Arc<str>) -> bool {
    nodes.iter().any(|node| std::ptr::addr_eq(node.as_ptr(), Arc::as_ptr(label)))
}
