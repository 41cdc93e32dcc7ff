//! The log, whose beginning a snapshot may stand for.

use raft_interface::{Command, Index, Term};
use serde::{Deserialize, Serialize};

/// Figure 2, State: a command, and the term in which the leader received it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) term: Term,
    #[serde(with = "super::bytes")]
    pub(super) command: Command,
}

/// The entries after the snapshot; without a snapshot, after index 0 of term 0.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Log {
    base_index: Index,
    base_term: Term,
    entries: Vec<Entry>,
}

impl Log {
    /// The last index that the snapshot covers, and its term.
    pub(super) fn base(&self) -> (Index, Term) {
        (self.base_index, self.base_term)
    }

    pub(super) fn last_index(&self) -> Index {
        self.base_index + self.entries.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    pub(super) fn get(&self, index: Index) -> Option<&Entry> {
        let place = index.checked_sub(self.base_index + 1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The term at an index; `None` within the snapshot and past the end.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base_index { Some(self.base_term) } else { self.get(index).map(|entry| entry.term) }
    }

    /// The entries from an index on, which is above the base; not more than `max`.
    pub(super) fn slice(&self, from: Index, max: usize) -> Vec<Entry> {
        let skipped = (from - self.base_index - 1) as usize;
        self.entries.iter().skip(skipped).take(max).cloned().collect()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// AppendEntries, receiver 2: whether the log has the entry before the new ones. What the snapshot covers is
    /// committed, and so the same everywhere.
    pub(super) fn agrees(&self, prev_index: Index, prev_term: Term) -> bool {
        prev_index < self.base_index || self.term_at(prev_index) == Some(prev_term)
    }

    /// AppendEntries, receiver 3 and 4. Returns whether anything changed: an old message of which all is there
    /// already must not shorten the log.
    pub(super) fn merge(&mut self, prev_index: Index, mut new: Vec<Entry>) -> bool {
        let is_there = |(index, entry): &(Index, &Entry)| {
            *index <= self.base_index || self.term_at(*index) == Some(entry.term)
        };
        let known = (prev_index + 1..).zip(&new).take_while(is_there).count();
        if known == new.len() {
            return false;
        }
        let keep = prev_index + known as Index - self.base_index;
        self.entries.truncate(keep as usize);
        self.entries.extend(new.drain(known..));
        true
    }

    /// The first index of the term that the entry at `index` has.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        let mut first = index;
        while first > self.base_index + 1 && self.term_at(first - 1) == term {
            first -= 1;
        }
        first
    }

    /// The last entry of a term, as far as the snapshot does not cover it.
    pub(super) fn last_of_term(&self, term: Term) -> Option<Index> {
        let place = self.entries.iter().rposition(|entry| entry.term == term)?;
        Some(self.base_index + 1 + place as Index)
    }

    /// A snapshot stands for everything up to `index`. What follows stays if the entry there is of that term
    /// (Figure 13, receiver 6), and goes otherwise (receiver 7).
    pub(super) fn cut(&mut self, index: Index, term: Term) {
        if self.term_at(index) == Some(term) {
            self.entries.drain(..(index - self.base_index) as usize);
        } else {
            self.entries.clear();
        }
        (self.base_index, self.base_term) = (index, term);
    }
}
