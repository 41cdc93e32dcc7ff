//! Names of methods that live as long as the process, so that messages and reports can carry them for nothing.

use std::collections::BTreeSet;

use parking_lot::Mutex;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The one copy of a name. There are as many as there are methods, so they are never freed.
pub(super) fn intern(name: &str) -> &'static str {
    let mut names = NAMES.lock();
    if let Some(known) = names.get(name) {
        return known;
    }
    // Leaked once for each name, and not for each call: a process has as many as its programs have methods.
    let leaked: &'static str = Box::leak(Box::from(name));
    names.insert(leaked);
    leaked
}
