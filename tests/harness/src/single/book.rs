//! Who holds which lock, who waits for which, and whether two hold one.

use std::collections::BTreeMap;
use std::fmt::Write;

use lab_referee::Violation;

/// The books of the judge: plain data, behind a plain lock.
///
/// # Invariants
///
/// A lock has one holder at most. A client is a holder from when its `acquire` has returned until it calls `release`.
#[derive(Clone, Debug, Default)]
pub struct LockBook {
    /// The holder of each lock that is held.
    holders: BTreeMap<String, u32>,
    /// Who waits for which locks: a client may have several handles.
    waiting: BTreeMap<u32, Vec<String>>,
    /// Clients that have died.
    dead: Vec<u32>,
    /// How often any lock was acquired.
    acquired: u64,
}

impl LockBook {
    /// A client calls `acquire`.
    pub fn waits(&mut self, client: u32, name: &str) {
        self.waiting.entry(client).or_default().push(name.to_owned());
    }

    /// Its `acquire` has returned.
    ///
    /// # Errors
    ///
    /// If somebody else holds the lock.
    pub fn acquired(&mut self, client: u32, name: &str) -> Result<(), Violation> {
        self.acquired += 1;
        if let Some(names) = self.waiting.get_mut(&client)
            && let Some(place) = names.iter().position(|waited| waited == name)
        {
            names.remove(place);
        }
        match self.holders.insert(name.to_owned(), client) {
            None => Ok(()),
            Some(holder) => Err(self.two_holders(holder, client, name)),
        }
    }

    fn two_holders(&self, holder: u32, client: u32, name: &str) -> Violation {
        let is_dead = self.dead.contains(&holder);
        let (doing, hint) = if is_dead {
            (
                "has died with it, and a holder that is only slow looks the same",
                "a lock that is taken away after a time; what comes back by itself is a lease, which is asked for apart",
            )
        } else {
            (
                "has not called release",
                "a look at the key in one step and a write in another, without the version; a release that frees \
                 whatever stands there now; or a Maybe that is taken for Ok",
            )
        };
        Violation::new(
            format!("two clients hold the lock {name}: C{holder} and C{client}"),
            format!("C{client} waits until C{holder} gives {name} back"),
            format!("acquire of C{client} has returned, and C{holder} {doing}"),
        )
        .rule("mutual exclusion: one client at most holds a lock, from the return of its acquire until it calls release (Locks)")
        .hint(hint)
    }

    /// A client calls `release`. From now on the lock may be somebody else's.
    pub fn released(&mut self, client: u32, name: &str) {
        if self.holders.get(name) == Some(&client) {
            self.holders.remove(name);
        }
    }

    /// A client has died. What it holds it keeps; it waits for nothing any more.
    pub fn died(&mut self, client: u32) {
        self.dead.push(client);
        self.waiting.remove(&client);
    }

    /// The holder of a lock.
    #[must_use]
    pub fn holder(&self, name: &str) -> Option<u32> {
        self.holders.get(name).copied()
    }

    /// How often any lock was acquired.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.acquired
    }

    /// The clients that wait for each other in a circle, each with what it waits for; empty if there is no circle.
    #[must_use]
    pub fn cycle(&self) -> Vec<(u32, String)> {
        // One step from each client is enough where it waits for one lock; with several, each is tried.
        self.waiting.keys().find_map(|&first| self.cycle_from(first)).unwrap_or_default()
    }

    fn cycle_from(&self, first: u32) -> Option<Vec<(u32, String)>> {
        // Paths of clients, each with the lock that leads on to the next. Nobody is passed twice, so it ends.
        let mut paths: Vec<Vec<(u32, String)>> = vec![Vec::new()];
        while let Some(path) = paths.pop() {
            let client = path.last().map_or(first, |(_, name)| self.holders[name]);
            if client == first && !path.is_empty() {
                return Some(path);
            }
            if path.iter().any(|&(passed, _)| passed == client) {
                continue;
            }
            for name in self.waiting.get(&client).into_iter().flatten() {
                if self.holders.contains_key(name) {
                    let mut longer = path.clone();
                    longer.push((client, name.clone()));
                    paths.push(longer);
                }
            }
        }
        None
    }

    /// A line for each client of a circle.
    #[must_use]
    pub fn cycle_in_words(&self) -> Vec<String> {
        let words = |(client, name): (u32, String)| {
            let holder = self.holders[&name];
            format!("C{client} holds {} and waits for {name}, which C{holder} holds", self.held_by(client))
        };
        self.cycle().into_iter().map(words).collect()
    }

    fn held_by(&self, client: u32) -> String {
        let names: Vec<&str> = self
            .holders
            .iter()
            .filter(|&(_, &holder)| holder == client)
            .map(|(name, _)| name.as_str())
            .collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// Who holds and who waits, in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut out = String::new();
        for (name, holder) in &self.holders {
            let _ = write!(out, "C{holder} holds {name}; ");
        }
        for (client, names) in self.waiting.iter().filter(|(_, names)| !names.is_empty()) {
            let _ = write!(out, "C{client} waits for {}; ", names.join(", "));
        }
        let out = out.trim_end_matches("; ");
        if out.is_empty() {
            "nobody holds a lock, and nobody waits for one".to_owned()
        } else {
            out.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_holders_are_found_and_one_after_the_other_are_none() {
        let mut book = LockBook::default();
        assert!(book.acquired(1, "x").is_ok());
        book.released(1, "x");
        assert!(book.acquired(2, "x").is_ok());
        assert!(book.acquired(1, "y").is_ok(), "another lock");
        let violation = book.acquired(3, "x").expect_err("C2 holds it");
        assert!(violation.headline.contains("C2 and C3"), "{violation:?}");
    }

    #[test]
    fn release_of_who_does_not_hold_it_frees_nothing() {
        let mut book = LockBook::default();
        book.acquired(1, "x").expect("free");
        book.released(2, "x");
        assert_eq!(book.holder("x"), Some(1));
    }

    #[test]
    fn circle_is_found_and_a_queue_is_none() {
        let mut book = LockBook::default();
        for (client, name) in [(1, "x"), (2, "y"), (3, "z")] {
            book.acquired(client, name).expect("free");
        }
        book.waits(1, "y");
        book.waits(2, "z");
        assert!(book.cycle().is_empty(), "C3 waits for nobody");
        book.waits(3, "x");
        assert_eq!(book.cycle().len(), 3);
        let words = book.cycle_in_words();
        assert_eq!(words[0], "C1 holds x and waits for y, which C2 holds");
        book.released(3, "z");
        assert!(book.cycle().is_empty());
    }

    #[test]
    fn circle_is_found_by_the_second_lock_that_a_client_waits_for() {
        let mut book = LockBook::default();
        book.acquired(1, "x").expect("free");
        book.acquired(2, "y").expect("free");
        book.acquired(3, "z").expect("free");
        book.waits(1, "z");
        book.waits(1, "y");
        book.waits(2, "x");
        assert_eq!(book.cycle(), [(1, "y".to_owned()), (2, "x".to_owned())]);
    }
}
