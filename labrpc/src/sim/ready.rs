//! The threads that can run: as a set, for policies that draw among them, and as a queue.

use std::collections::VecDeque;

use super::threads::NONE;

/// Puts the value of a thread at its slot; slots below that have none yet get `none`.
#[inline]
pub(super) fn put<T: Clone>(values: &mut Vec<T>, slot: u32, value: T, none: T) {
    let index = slot as usize;
    if values.len() <= index {
        values.resize(index + 1, none);
    }
    values[index] = value;
}

/// A set of slots from which any can be taken out at once. The order means nothing, but it follows from the run alone, and
/// so does what a draw picks from it.
#[derive(Default)]
pub(super) struct Ready {
    slots: Vec<u32>,
    /// Where in `slots` each slot stands, so that a thread that waits is taken out without a search.
    places: Vec<u32>,
}

impl Ready {
    pub(super) fn insert(&mut self, slot: u32) {
        put(&mut self.places, slot, self.slots.len() as u32, NONE);
        self.slots.push(slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let place = std::mem::replace(&mut self.places[slot as usize], NONE) as usize;
        self.slots.swap_remove(place);
        if let Some(&moved) = self.slots.get(place) {
            self.places[moved as usize] = place as u32;
        }
    }

    pub(super) fn contains(&self, slot: u32) -> bool {
        self.places.get(slot as usize).is_some_and(|&place| place != NONE)
    }

    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }
}

/// First in, first out. While a thread runs it is the first.
#[derive(Default)]
pub(super) struct Queue(VecDeque<u32>);

impl Queue {
    pub(super) fn insert(&mut self, slot: u32) {
        self.0.push_back(slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        // The running thread is the first; anybody else is removed by a crash or a pause only.
        if self.first() == Some(slot) {
            self.0.pop_front();
        } else {
            self.0.retain(|&other| other != slot);
        }
    }

    /// The running thread gives way.
    pub(super) fn yielded(&mut self, slot: u32) {
        if self.first() == Some(slot) {
            self.0.rotate_left(1);
        }
    }

    /// Another thread than the first runs until it waits, and the one that it preempts is next.
    pub(super) fn preempt(&mut self, slot: u32) {
        self.0.retain(|&other| other != slot);
        self.0.push_front(slot);
    }

    pub(super) fn first(&self) -> Option<u32> {
        self.0.front().copied()
    }

    pub(super) fn get(&self, place: usize) -> Option<u32> {
        self.0.get(place).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
