//! The threads that can run, for policies that draw among them.

use super::threads::NONE;

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
        let index = slot as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, NONE);
        }
        self.places[index] = self.slots.len() as u32;
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
