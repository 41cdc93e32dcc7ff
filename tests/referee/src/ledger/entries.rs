//! The entries that leaders have sent: a tree, because an index and a term name one entry and one past.

use raft_interface::{Index, ServerId, Term};

use super::window::Window;
use crate::message::Entry;
use crate::message::Position;

/// One entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// The term of the entry before it.
    pub(crate) before: Term,
    /// A hash of the entry.
    pub(crate) digest: u64,
    /// The servers that it was delivered to, one bit each.
    delivered_to: u64,
}

/// All entries that were sent, by index and term.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// By index the entries of different terms that were sent for it, hardly ever more than two.
    known: Window<Vec<(Term, Known)>>,
}

impl Entries {
    pub(crate) fn get(&self, position: Position) -> Option<&Known> {
        find(self.known.get(position.index)?, position.term)
    }

    /// Whether an entry was ever delivered to a server, as far as anybody can tell.
    pub(crate) fn was_delivered(&self, server: ServerId, position: Position) -> bool {
        position.index == 0
            // What was forgotten may have been delivered.
            || position.index < self.known.horizon()
            || self.get(position).is_some_and(|known| known.delivered_to & bit(server) != 0)
    }

    /// The term at `index` in every log that holds the entry at `position`. `None` if that is not known, or the
    /// index lies above.
    pub(crate) fn term_before(&self, position: Position, index: Index) -> Option<Term> {
        let mut here = position;
        while here.index > index {
            here = Position { index: here.index - 1, term: self.get(here)?.before };
        }
        (here.index == index).then_some(here.term)
    }

    /// A leader sends entries.
    pub(super) fn insert(&mut self, prev: Position, entries: &[Entry]) {
        let mut before = prev.term;
        for (index, entry) in (prev.index + 1..).zip(entries) {
            // What is known need not be entered again: had it differed, Log Matching would have been told as
            // broken.
            if let Some(known) = self.known.get_or_insert(index)
                && find(known, entry.term).is_none()
            {
                known.push((entry.term, Known { before, digest: entry.digest, delivered_to: 0 }));
            }
            before = entry.term;
        }
    }

    /// Entries are delivered to a server.
    pub(super) fn deliver(&mut self, server: ServerId, prev: Position, entries: &[Entry]) {
        let mut before = prev.term;
        for (index, entry) in (prev.index + 1..).zip(entries) {
            if let Some(known) = self.known.get_or_insert(index) {
                match known.iter_mut().find(|(of, _)| *of == entry.term) {
                    Some((_, known)) => known.delivered_to |= bit(server),
                    // Usually it is known since it was sent. Not that of a server that was being taken down then.
                    None => {
                        let known_now = Known { before, digest: entry.digest, delivered_to: bit(server) };
                        known.push((entry.term, known_now));
                    }
                }
            }
            before = entry.term;
        }
    }

    /// What a log that ends in `stored`, or beyond, certainly keeps when it takes these entries, if that is less than
    /// before: `Some(None)` if nothing is certain. Whoever finds that the entry before the new ones differs may drop that, too.
    #[allow(clippy::option_option, reason = "no change, and nothing left, are two answers")]
    pub(super) fn kept(
        &self,
        stored: Position,
        prev: Position,
        entries: &[Entry],
    ) -> Option<Option<Position>> {
        let last = prev.index + entries.len() as Index;
        let mut here = stored;
        let mut kept = None;
        loop {
            // Downward through what the log certainly holds. The lowest difference decides, for there
            // everything that follows is deleted (Fig. 2, AppendEntries, receiver 3).
            if here.index < prev.index || here.index == 0 {
                return kept;
            }
            let term_there = match here.index {
                index if index == prev.index => Some(prev.term),
                index if index <= last => Some(entries[(index - prev.index - 1) as usize].term),
                _ => None,
            };
            // Whatever precedes an entry that was forgotten is unknown, so nothing of the log is certain any
            // more.
            let Some(known) = self.get(here) else { return Some(None) };
            let below = Position { index: here.index - 1, term: known.before };
            if term_there.is_some_and(|term| term != here.term) {
                kept = Some((below.index > 0).then_some(below));
            }
            here = below;
        }
    }
}

fn find(known: &[(Term, Known)], term: Term) -> Option<&Known> {
    known.iter().find(|(of, _)| *of == term).map(|(_, known)| known)
}

fn bit(server: ServerId) -> u64 {
    // Beyond 64 servers two share a bit. Then an entry may count as delivered to a server that never got it,
    // which hides a mistake and invents none.
    1 << (server % 64)
}
