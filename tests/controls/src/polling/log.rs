//! The log: entries that follow what a snapshot covers.

use raft_interface::{Command, Index, Term};
use serde::{Deserialize, Serialize};

/// One entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) term: Term,
    pub(super) command: Command,
}

/// All entries after `base_index`, which is 0 as long as there is no snapshot.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Log {
    base_index: Index,
    base_term: Term,
    entries: Vec<Entry>,
}

impl Log {
    /// The last index that the snapshot covers.
    pub(super) fn base_index(&self) -> Index {
        self.base_index
    }

    /// The term of the entry at that index.
    pub(super) fn base_term(&self) -> Term {
        self.base_term
    }

    pub(super) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// The term at `index`; `None` if that is after the end, or before the base.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        let offset = index.checked_sub(self.base_index)? as usize;
        match offset {
            0 => Some(self.base_term),
            _ => self.entries.get(offset - 1).map(|entry| entry.term),
        }
    }

    /// Copies of the entries from `first` on, which lies after the base, up to and including `last`.
    pub(super) fn copy(&self, first: Index, last: Index) -> Vec<Entry> {
        self.entries[self.position(first)..self.position(last + 1)].to_vec()
    }

    /// Whether a log that ends so is at least as up to date as this one (§5.4.1).
    pub(super) fn is_no_newer_than(&self, last_index: Index, last_term: Term) -> bool {
        (last_term, last_index) >= (self.last_term(), self.last_index())
    }

    /// The first index, after the base, of the run of entries with one term to which the entry at `index` belongs.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        let is_of_term = |&at: &Index| self.term_at(at) == term;
        (self.base_index + 1..=index).rev().take_while(is_of_term).last().unwrap_or(index)
    }

    /// The last index, not after `end`, with an entry of this term.
    pub(super) fn last_of_term(&self, term: Term, end: Index) -> Option<Index> {
        (self.base_index..=end).rev().find(|&at| self.term_at(at) == Some(term))
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// AppendEntries, receiver 3 and 4: entries that follow `prev`, at which the logs agree. Returns whether anything has
    /// changed. What agrees stays, and so does all that follows it: the message may be an old one.
    pub(super) fn merge(&mut self, prev: Index, entries: Vec<Entry>) -> bool {
        let mut has_changed = false;
        for (index, entry) in (prev + 1..).zip(entries) {
            // What the snapshot covers is committed, so it is the same.
            if index <= self.base_index || self.term_at(index) == Some(entry.term) {
                continue;
            }
            self.entries.truncate(self.position(index));
            self.entries.push(entry);
            has_changed = true;
        }
        has_changed
    }

    /// Forgets everything up to `index`, and everything if the entry there is of another term or missing (Fig. 13,
    /// receiver 6 and 7).
    pub(super) fn rebase(&mut self, index: Index, term: Term) {
        if self.term_at(index) == Some(term) {
            self.entries.drain(..self.position(index + 1));
        } else {
            self.entries.clear();
        }
        (self.base_index, self.base_term) = (index, term);
    }

    /// Where the entry of an index after the base lies.
    fn position(&self, index: Index) -> usize {
        (index - self.base_index - 1) as usize
    }
}
