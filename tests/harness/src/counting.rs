//! From where on each implementation counts entries in its messages, as far as that was learned in this process.
//!
//! It is learned once, before the first run of an implementation, and in a run of its own: so no run depends on what came before it.

use parking_lot::Mutex;

use lab_referee::{BeforeFirst, Names};

/// Held by who learns, all the time: others that run are about to ask the same.
static LEARNING: Mutex<()> = Mutex::new(());
/// What was learned, of which type with which names.
static LEARNED: Mutex<Vec<Learned>> = Mutex::new(Vec::new());

struct Learned {
    name: &'static str,
    /// Compared by its address. If that of one function differs, it is learned twice; if that of two is one, they are the same.
    names: fn() -> Names,
    /// `None` if its servers have not said it.
    before_first: Option<BeforeFirst>,
}

/// Learns it by asking, unless that was done before.
pub(crate) fn learn(name: &'static str, names: fn() -> Names, ask: impl FnOnce() -> Option<BeforeFirst>) {
    let _learning = LEARNING.lock();
    let is_known = LEARNED.lock().iter().any(|learned| learned.is_of(name, names));
    if !is_known {
        let before_first = ask();
        LEARNED.lock().push(Learned { name, names, before_first });
    }
}

/// What was learned of it.
pub(crate) fn learned(name: &str, names: fn() -> Names) -> Option<BeforeFirst> {
    LEARNED.lock().iter().find(|learned| learned.is_of(name, names))?.before_first
}

impl Learned {
    fn is_of(&self, name: &str, names: fn() -> Names) -> bool {
        self.name == name && std::ptr::fn_addr_eq(self.names, names)
    }
}
