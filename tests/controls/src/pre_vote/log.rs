//! A log whose beginning may be gone, in a snapshot.

use raft_interface::{Index, Term};

use super::messages::Entry;

/// The entries after the snapshot. The first one has the index `base_index + 1`.
#[derive(Default)]
pub(super) struct Log {
    /// The last index in the snapshot; 0 if there is none.
    base_index: Index,
    /// The term of the entry there.
    base_term: Term,
    entries: Vec<Entry>,
    /// How many of the entries are as they were when the log was last saved.
    unchanged: usize,
}

impl Log {
    pub(super) fn restore(base_index: Index, base_term: Term, entries: Vec<Entry>) -> Self {
        Self { base_index, base_term, unchanged: entries.len(), entries }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// All of it has been saved.
    pub(super) fn mark_unchanged(&mut self) {
        self.unchanged = self.entries.len();
    }

    pub(super) fn base_index(&self) -> Index {
        self.base_index
    }

    pub(super) fn base_term(&self) -> Term {
        self.base_term
    }

    pub(super) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.0)
    }

    /// Where in `entries` the index is, or would be next.
    fn place(&self, index: Index) -> usize {
        (index - self.base_index - 1) as usize
    }

    /// The term of the entry at `index`; `None` if it is past the end or deep inside the snapshot.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base_index {
            return Some(self.base_term);
        }
        let place = index.checked_sub(self.base_index + 1)?;
        self.entries.get(place as usize).map(|entry| entry.0)
    }

    /// The entries from `first` to `last`, which must be there.
    pub(super) fn range(&self, first: Index, last: Index) -> &[Entry] {
        &self.entries[self.place(first)..self.place(last + 1)]
    }

    /// The first index of an unbroken row of entries of one term that ends at `index`.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        (self.base_index + 1..index)
            .rev()
            .take_while(|&before| self.term_at(before) == term)
            .last()
            .unwrap_or(index)
    }

    /// The last index of an entry of that term.
    pub(super) fn last_of_term(&self, term: Term) -> Option<Index> {
        (self.base_index..=self.last_index()).rev().find(|&index| self.term_at(index) == Some(term))
    }

    /// §5.4.1: whether a log that ends so is at least as up to date as this one.
    pub(super) fn is_not_ahead_of(&self, last_index: Index, last_term: Term) -> bool {
        (last_term, last_index) >= (self.last_term(), self.last_index())
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Puts `entries` at `first`, in place of what is there and after it.
    pub(super) fn replace_from(&mut self, first: Index, entries: &[Entry]) {
        let place = self.place(first);
        self.unchanged = self.unchanged.min(place);
        self.entries.truncate(place);
        self.entries.extend_from_slice(entries);
    }

    /// A snapshot covers everything up to `index`. What follows that very entry stays; if the log does not have it,
    /// nothing does (Fig. 13, receiver 6 and 7).
    pub(super) fn compact(&mut self, index: Index, term: Term) {
        if self.term_at(index) == Some(term) {
            self.entries.drain(..self.place(index + 1));
        } else {
            self.entries.clear();
        }
        self.unchanged = 0;
        self.base_index = index;
        self.base_term = term;
    }
}
