//! The log: the entries after the last snapshot.

use raft_interface::{Index, Term};

use super::message::Entry;

/// All entries after `base`, which is what the snapshot covers; 0 and term 0 without one.
#[derive(Default)]
pub(super) struct Log {
    pub(super) base: Index,
    pub(super) base_term: Term,
    pub(super) entries: Vec<Entry>,
}

impl Log {
    pub(super) fn last_index(&self) -> Index {
        self.base + self.entries.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// The entry at `index`, unless it is in the snapshot or not there yet.
    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.position(index)?)
    }

    /// The term of the entry at `index`, which may be the last one of the snapshot.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base { Some(self.base_term) } else { self.get(index).map(|entry| entry.term) }
    }

    /// A copy of the entries from `index`, which must not be in the snapshot.
    pub(super) fn from(&self, index: Index) -> Vec<Entry> {
        let position = self.position(index).expect("an entry after the snapshot");
        self.entries[position..].to_vec()
    }

    /// The first index of the entries of one term that end at `index`.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        let mut first = index;
        while first > self.base + 1 && self.term_at(first - 1) == term {
            first -= 1;
        }
        first
    }

    /// Deletes the entry at `index` and all that follow it.
    pub(super) fn truncate(&mut self, index: Index) {
        let position = self.position(index).expect("an entry after the snapshot");
        self.entries.truncate(position);
    }

    /// Forgets the entries up to `index`, whose term is `term`; all of them if there is no such entry.
    pub(super) fn forget(&mut self, index: Index, term: Term) {
        if self.term_at(index) == Some(term) {
            self.entries.drain(..(index - self.base) as usize);
        } else {
            self.entries.clear();
        }
        (self.base, self.base_term) = (index, term);
    }

    fn position(&self, index: Index) -> Option<usize> {
        index.checked_sub(self.base + 1).map(|position| position as usize)
    }
}
