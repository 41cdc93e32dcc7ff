//! The log, and the translation between its indexes and the numbers of commands.

use raft_interface::{Command, Index, Term};
use serde::{Deserialize, Serialize};

/// An entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that appended it.
    pub term: Term,
    /// What a client wants done; `None` in the no-op with which a leader begins its term.
    pub command: Option<Command>,
}

/// The place in the log up to which a snapshot covers it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SnapshotPoint {
    /// The index of the last entry covered (lastIncludedIndex).
    pub index: Index,
    /// The term of that entry (lastIncludedTerm).
    pub term: Term,
    /// How many of the entries covered are commands.
    pub commands: Index,
}

/// The entries that follow the latest snapshot.
#[derive(Debug)]
pub(super) struct Log {
    base: SnapshotPoint,
    entries: Vec<Entry>,
    /// For each entry how many commands there are in the log up to and including it.
    counts: Vec<Index>,
}

impl Log {
    pub(super) fn new(base: SnapshotPoint, entries: Vec<Entry>) -> Self {
        let mut log = Self { base, entries: Vec::new(), counts: Vec::new() };
        for entry in entries {
            log.append(entry);
        }
        log
    }

    /// Where the latest snapshot ends; all zero if there is none.
    pub(super) fn base(&self) -> SnapshotPoint {
        self.base
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn last_index(&self) -> Index {
        self.base.index + self.entries.len() as Index
    }

    pub(super) fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base.term, |entry| entry.term)
    }

    /// How many commands there are in the log, with those in the snapshot.
    pub(super) fn commands(&self) -> Index {
        self.counts.last().copied().unwrap_or(self.base.commands)
    }

    /// Where an entry is in the list; `None` if it is in the snapshot or not there yet.
    fn place(&self, index: Index) -> Option<usize> {
        let place = index.checked_sub(self.base.index + 1)? as usize;
        (place < self.entries.len()).then_some(place)
    }

    /// The index of what is at a place in the list.
    fn index(&self, place: usize) -> Index {
        self.base.index + 1 + place as Index
    }

    /// The term of an entry; `None` if it is not there, or within the snapshot.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.place(index).map(|place| self.entries[place].term)
    }

    /// An entry, and how many commands there are up to and including it.
    pub(super) fn numbered(&self, index: Index) -> Option<(&Entry, Index)> {
        self.place(index).map(|place| (&self.entries[place], self.counts[place]))
    }

    /// The entries from an index on, which is behind the snapshot.
    pub(super) fn since(&self, index: Index) -> Vec<Entry> {
        self.place(index).map_or_else(Vec::new, |place| self.entries[place..].to_vec())
    }

    /// The last entry up to `end` that a snapshot of so many commands covers. `None` if they are in the snapshot already, or not there
    /// up to `end`.
    pub(super) fn covered(&self, commands: Index, end: Index) -> Option<Index> {
        if commands <= self.base.commands {
            return None;
        }
        // A no-op has the count of the entry before it: it changes nothing, so a snapshot covers those that follow as well.
        let [command, behind] =
            [commands, commands + 1].map(|wanted| self.counts.partition_point(|&count| count < wanted));
        (command < behind && self.index(command) <= end).then(|| end.min(self.index(behind) - 1))
    }

    /// The index of the first entry in the list whose term is at least `term`, or of the place behind the last one.
    pub(super) fn first_since_term(&self, term: Term) -> Index {
        self.index(self.entries.partition_point(|entry| entry.term < term))
    }

    /// The index of the last entry of `term`.
    pub(super) fn last_of_term(&self, term: Term) -> Option<Index> {
        let index = self.first_since_term(term + 1) - 1;
        (self.term_at(index) == Some(term)).then_some(index)
    }

    pub(super) fn append(&mut self, entry: Entry) {
        self.counts.push(self.commands() + Index::from(entry.command.is_some()));
        self.entries.push(entry);
    }

    /// Forgets the entry at an index and all that follow it.
    pub(super) fn truncate(&mut self, index: Index) {
        if let Some(place) = self.place(index) {
            self.entries.truncate(place);
            self.counts.truncate(place);
        }
    }

    /// Forgets the entries up to and including one, which a snapshot now covers.
    pub(super) fn compact(&mut self, index: Index) {
        let Some(place) = self.place(index) else { return };
        self.base = SnapshotPoint { index, term: self.entries[place].term, commands: self.counts[place] };
        self.entries.drain(..=place);
        self.counts.drain(..=place);
    }

    /// Puts a received snapshot in the place of what it covers (Fig. 13, receiver 6 and 7). Entries that follow it
    /// stay if the log has the last one covered; otherwise they are of another log.
    pub(super) fn install(&mut self, point: SnapshotPoint) {
        if self.term_at(point.index) == Some(point.term) {
            self.compact(point.index);
        } else {
            *self = Self::new(point, Vec::new());
        }
    }
}
