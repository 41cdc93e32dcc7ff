//! What a run has covered: in which orders threads met at shared objects, and which states the program says it was in.
//!
//! Two runs with the same coverage are not the same run, but the second has hardly shown anything new. A search keeps what
//! showed something ([`search`](crate::search)).
//!
//! An *order* is a pair of places in the source: there a thread did something to an object, and here the next thread that did
//! was another one. A *state* is whatever a program [covers](super::cover) by name: for a Raft the roles of its servers, say.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::object::Access;
use super::ready::put;

/// What a feature tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum Covers {
    /// Two threads met at an object, in this order of places.
    Order = 0,
    /// The program was in a state that it has named.
    State = 1,
    /// It was in such a state while something was broken: a server down, a link cut.
    StateUnderFault = 2,
}

/// One thing that a run has covered. The same thing has the same number in every run and on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Feature(u64);

impl Feature {
    /// The feature with this number, as a file or another process has it.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// What it tells of.
    #[must_use]
    pub fn covers(self) -> Covers {
        match self.0 & 3 {
            0 => Covers::Order,
            1 => Covers::State,
            _ => Covers::StateUnderFault,
        }
    }

    fn new(covers: Covers, hash: u64) -> Self {
        Self(hash & !3 | covers as u64)
    }
}

/// A feature, and the step at which the run covered it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covered {
    /// What was covered.
    pub feature: Feature,
    /// When so many steps were taken.
    pub step: u64,
}

/// Collects what a run covers.
#[derive(Default)]
pub(crate) struct Coverage {
    /// What the thread in each slot is about to do, and where.
    next: Vec<(Access, Option<&'static Location<'static>>)>,
    /// Who has last done something to each object, and where. Looked up, never gone through.
    last: Map<usize, (u32, Place)>,
    /// The orders so far, and when they came.
    orders: HashSet<(Place, Place), Hash>,
    /// The same in the order of their coming, which follows from the run alone.
    listed: Vec<(Place, Place, u64)>,
    states: HashSet<u64, Hash>,
    covered: Vec<Covered>,
    /// Nothing is noted for a while.
    pub(super) is_paused: bool,
}

type Hash = BuildHasherDefault<Mix>;
type Map<K, V> = HashMap<K, V, Hash>;

/// A place in the source, by the address of its description: quick to compare, and told by its words in the end.
#[derive(Clone, Copy)]
struct Place(&'static Location<'static>);

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Place {}

impl std::hash::Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self.0).addr().hash(state);
    }
}

impl Place {
    fn words(self) -> u64 {
        let Self(location) = self;
        let place = u64::from(location.line()) << 32 | u64::from(location.column());
        xxh3_64_with_seed(location.file().as_bytes(), place)
    }
}

/// A quick hasher of numbers. Only lookups depend on it.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(25) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

impl Coverage {
    /// The thread in this slot is about to do this.
    #[inline]
    pub(crate) fn announce(&mut self, slot: u32, access: Access, place: &'static Location<'static>) {
        put(&mut self.next, slot, (access, Some(place)), (Access::NONE, None));
    }

    /// It does what it was about to do.
    #[inline]
    pub(crate) fn happens(&mut self, slot: u32, step: u64) {
        let Some(next) = self.next.get_mut(slot as usize) else { return };
        let (access, Some(place)) = std::mem::replace(next, (Access::NONE, None)) else { return };
        let Some(object) = access.object().filter(|_| !self.is_paused) else { return };
        let here = Place(place);
        let Some((before, there)) = self.last.insert(object, (slot, here)) else { return };
        if before != slot && self.orders.insert((there, here)) {
            self.listed.push((there, here, step));
        }
    }

    /// The program says that it is in a state.
    pub(crate) fn reach(&mut self, covers: Covers, state: u64, step: u64) {
        let feature = Feature::new(covers, xxh3_64_with_seed(&state.to_le_bytes(), covers as u64));
        if !self.is_paused && self.states.insert(feature.0) {
            self.covered.push(Covered { feature, step });
        }
    }

    /// What was covered, by feature.
    pub(crate) fn finish(mut self) -> Vec<Covered> {
        for (there, here, step) in self.listed {
            let hash = xxh3_64_with_seed(&there.words().to_le_bytes(), here.words());
            self.covered.push(Covered { feature: Feature::new(Covers::Order, hash), step });
        }
        self.covered.sort_unstable();
        // Two descriptions of one place are possible, one in each unit of code.
        self.covered.dedup_by_key(|covered| covered.feature);
        self.covered
    }
}
