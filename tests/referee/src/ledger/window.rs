//! A map from indexes of a log to values.
//!
//! The indexes that anybody talks about lie close together, so the values stand side by side and finding one is a
//! subtraction: every entry of every message is looked up several times.

use std::collections::VecDeque;

use raft_interface::Index;

/// Values that are kept; when there are more, the lower half is forgotten.
const KEPT_MAX: u64 = 60_000;

/// The values of some indexes. Those between them have the default value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window<T> {
    values: VecDeque<T>,
    /// The index of the first value.
    first: Index,
    /// Everything below was forgotten.
    horizon: Index,
}

impl<T: Default> Window<T> {
    /// Nothing is known of indexes below.
    pub(super) fn horizon(&self) -> Index {
        self.horizon
    }

    pub(super) fn get(&self, index: Index) -> Option<&T> {
        self.values.get(index.checked_sub(self.first)? as usize)
    }

    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut T> {
        self.values.get_mut(index.checked_sub(self.first)? as usize)
    }

    /// The value of an index, a new one if need be; `None` if it was forgotten, or is too far below the others.
    pub(super) fn get_or_insert(&mut self, index: Index) -> Option<&mut T> {
        let end = self.end();
        // Nearly always.
        if index >= self.first && index < end {
            return self.get_mut(index);
        }
        if index < self.horizon {
            return None;
        }
        // A gap wider than what is kept: to fill it would mean to forget what lies before it, so it begins
        // anew.
        if self.values.is_empty() || index >= end.saturating_add(KEPT_MAX) {
            if !self.values.is_empty() {
                self.values.clear();
                self.horizon = index;
            }
            self.first = index;
        }
        // A single wrong index from far below must not cost memory.
        if index.saturating_add(KEPT_MAX) < end {
            return None;
        }
        while index < self.first {
            self.values.push_front(T::default());
            self.first -= 1;
        }
        while index - self.first >= self.values.len() as u64 {
            self.values.push_back(T::default());
        }
        // Half at a time, so that forgetting costs an entry no more than keeping it did.
        if self.values.len() as u64 > 2 * KEPT_MAX {
            self.values.drain(..KEPT_MAX as usize);
            self.first += KEPT_MAX;
            self.horizon = self.first;
        }
        self.get_mut(index)
    }

    /// One more than the highest index.
    pub(super) fn end(&self) -> Index {
        self.first.saturating_add(self.values.len() as u64)
    }

    /// From the highest index down.
    pub(super) fn downward(&self) -> impl Iterator<Item = (Index, &T)> {
        (0..self.values.len() as u64).rev().map(|place| self.first + place).zip(self.values.iter().rev())
    }
}
