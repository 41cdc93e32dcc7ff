//! The log (§5.3): the entries that follow what the snapshot covers (§7).
//!
//! ```text
//!              base_index = 3          last_index() = 6
//!  1   2   3 | 4   5   6
//!  snapshot  | entries[0] entries[1] entries[2]
//! ```
//!
//! Until the first snapshot the base is 0, and the log begins with index 1. So it always has a term at its base, and "the entry
//! before the first" needs no special case.

use raft_interface::{Command, Index, Term};
use serde::{Deserialize, Serialize};

/// One entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The term of the leader that has appended it. It never changes.
    pub(crate) term: Term,
    /// What the client wants.
    pub(crate) command: Command,
}

/// All entries after `base_index`. Invariant: their terms never decrease.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Log {
    /// The last index that the snapshot covers; 0 without one. Only grows.
    base_index: Index,
    /// The term of the entry that was there; 0 without one.
    base_term: Term,
    entries: Vec<Entry>,
}

impl Log {
    /// The last index that the snapshot covers; 0 without one.
    pub(crate) fn base_index(&self) -> Index {
        self.base_index
    }

    /// The term of the entry at the base; 0 without a snapshot.
    pub(crate) fn base_term(&self) -> Term {
        self.base_term
    }

    /// The index of the last entry; the base if there is none.
    pub(crate) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    /// The term of the last entry; that of the base if there is none.
    pub(crate) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// The term of the entry at `index`. `None` before the base, where it is forgotten, and after the end, where there is none yet.
    pub(crate) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base_index {
            return Some(self.base_term);
        }
        self.entries.get(self.place(index)?).map(|entry| entry.term)
    }

    /// The entries from `first` to `last`, both included.
    ///
    /// # Panics
    ///
    /// If one of them is forgotten, or not there yet.
    pub(crate) fn between(&self, first: Index, last: Index) -> &[Entry] {
        let place = |index| self.place(index).expect("entries after the base");
        &self.entries[place(first)..place(last + 1)]
    }

    /// By the Log Matching Property (Fig. 3) two states of this log with the same last index and the same last term have the same
    /// entries. So these three numbers differ if anything does.
    pub(crate) fn mark(&self) -> [u64; 3] {
        [self.base_index, self.last_index(), self.last_term()]
    }

    /// Adds an entry at the end.
    pub(crate) fn append(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Whether a log that ends with these is at least as up to date as this one (§5.4.1).
    pub(crate) fn is_matched_by(&self, last_log_index: Index, last_log_term: Term) -> bool {
        // begin solution 3B.4: the later term wins, and in the same term the longer log
        // hint: §5.4.1, last paragraph. Until then everybody may be elected.
        // instead: true
        (last_log_term, last_log_index) >= (self.last_term(), self.last_index())
        // end solution
    }

    /// Stores entries that follow `prev_log_index`, where the logs match (Fig. 2, AppendEntries, receiver 3 and 4).
    pub(crate) fn merge(&mut self, prev_log_index: Index, entries: Vec<Entry>) {
        // begin solution 3B.2: drop what conflicts, add what is missing, leave the rest alone
        // hint: Only a conflict cuts the log. Think of an old message, with fewer entries, that comes after a newer one.
        for (index, entry) in (prev_log_index + 1..).zip(entries) {
            // What the snapshot covers is committed, so it is the same. And what matches stays, with all that follows it: the
            // message may be an old one, and hold less than this server has acknowledged since.
            if index <= self.base_index || self.term_at(index) == Some(entry.term) {
                continue;
            }
            self.entries.truncate((index - self.base_index - 1) as usize);
            self.append(entry);
        }
        // end solution
    }

    /// The first index of those entries in a row up to `index` that have its term.
    pub(crate) fn first_index_of_term_at(&self, index: Index) -> Index {
        // begin solution 3B.5: look back for as long as the term is the same
        // hint: Not before the base: what lies there is forgotten.
        let term = self.term_at(index);
        let mut first = index;
        while first > self.base_index + 1 && self.term_at(first - 1) == term {
            first -= 1;
        }
        first
        // end solution
    }

    /// The last index that has this term and is not after `end`, if there is one.
    pub(crate) fn last_index_of_term(&self, term: Term, end: Index) -> Option<Index> {
        // begin solution 3B.5: look back for the term
        (self.base_index..=end).rev().find(|&index| self.term_at(index) == Some(term))
        // end solution
    }

    /// Forgets everything up to `index`, which a snapshot covers, and everything after it as well if the entry there is not
    /// of this term (Fig. 13, receiver 6 and 7).
    pub(crate) fn compact(&mut self, index: Index, term: Term) {
        // begin solution 3D.1: begin the log after `index`
        // hint: The entries after it stay, if they follow this very entry.
        // hint: Whoever asks for a term or an entry by its index must still find it: look through all of this file.
        let rest = match self.place(index) {
            Some(place) if self.term_at(index) == Some(term) => self.entries.split_off(place + 1),
            _ => Vec::new(),
        };
        *self = Self { base_index: index, base_term: term, entries: rest };
        // end solution
    }

    /// Where an index after the base is, or would be, in `entries`.
    fn place(&self, index: Index) -> Option<usize> {
        index.checked_sub(self.base_index + 1).map(|place| place as usize)
    }
}
