//! The table of calls under way.

use std::sync::Arc;

use super::Address;
use super::pending::Pending;

/// Finds a call in the table, for as long as it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallKey {
    place: u32,
    /// The number of the call, from 1, in the order of sending.
    pub(super) number: u64,
}

/// A call that has no outcome yet.
pub(super) struct Call {
    pub(super) end: u32,
    pub(super) method: u32,
    /// Who was called, and which server of that address it was; 0 if there was none.
    pub(super) to: Address,
    pub(super) incarnation: u64,
    /// Requests and replies that are under way, and handlers at work. When none is left, no reply will come.
    pub(super) messages: u32,
    /// How many of them are replies. A reply that was sent is not lost when its server goes away.
    pub(super) replies: u32,
    /// When the request was delivered; until then, when it was sent. In nanoseconds.
    pub(super) since_ns: u64,
    pub(super) pending: Arc<Pending>,
}

/// All calls under way. Places are used again.
#[derive(Default)]
pub(super) struct Calls {
    places: Vec<(u64, Option<Call>)>,
    vacant: Vec<u32>,
    started: u64,
}

impl Calls {
    pub(super) fn add(&mut self, call: Call) -> CallKey {
        self.started += 1;
        let number = self.started;
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            self.places.len() as u32 - 1
        });
        self.places[place as usize] = (number, Some(call));
        CallKey { place, number }
    }

    /// The call, if it is still under way.
    pub(super) fn get(&self, key: CallKey) -> Option<&Call> {
        let (number, call) = self.places.get(key.place as usize)?;
        if *number == key.number { call.as_ref() } else { None }
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        let (number, call) = self.places.get_mut(key.place as usize)?;
        if *number == key.number { call.as_mut() } else { None }
    }

    /// Ends the call. `None` if it has ended before.
    pub(super) fn remove(&mut self, key: CallKey) -> Option<Call> {
        let (number, call) = self.places.get_mut(key.place as usize)?;
        // The place has another call by now: this one has ended, and a late message of it must not end that
        // one.
        if *number != key.number {
            return None;
        }
        let call = call.take()?;
        self.vacant.push(key.place);
        Some(call)
    }

    /// All calls under way, by place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (CallKey, &Call)> {
        self.places.iter().enumerate().filter_map(|(place, (number, call))| {
            Some((CallKey { place: place as u32, number: *number }, call.as_ref()?))
        })
    }
}
