//! What the search remembers: the states it has seen, and the configurations that led nowhere.
//!
//! Both are hash tables whose keys lie in one growing arena. Keys are compared in full, so a collision of
//! hashes costs time and never changes a verdict. Neither table is ever iterated, and the hash is the same on
//! every machine.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A state by its number: equal states have equal numbers.
pub(super) type StateId = u32;

/// All states that were reached, each once.
pub(super) struct States<S> {
    states: Vec<S>,
    table: HashTable<StateId>,
    /// What the states take, as far as they tell.
    bytes: usize,
}

impl<S: Eq + Hash> States<S> {
    pub(super) fn new() -> Self {
        States { states: Vec::new(), table: HashTable::new(), bytes: 0 }
    }

    pub(super) fn get(&self, id: StateId) -> &S {
        &self.states[id as usize]
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.table.capacity() * size_of::<StateId>()
    }

    /// The number of `state`, which takes `bytes`; a new one if it was never seen.
    pub(super) fn intern(&mut self, state: S, bytes: usize) -> StateId {
        let hash = hash_of(&state);
        let states = &mut self.states;
        // States are numbered so that a configuration is a few words and never a copy of a value: one key of
        // a long history may hold kilobytes, and is reached thousands of times.
        if let Some(&known) = self.table.find(hash, |&id| states[id as usize] == state) {
            return known;
        }
        let id = StateId::try_from(states.len()).expect("a search has fewer states than steps");
        self.bytes += bytes;
        states.push(state);
        self.table.insert_unique(hash, id, |&id| hash_of(&states[id as usize]));
        id
    }
}

/// A set of configurations. Each is written as a few words; see `Linearized::key` for what they mean.
pub(super) struct Configurations {
    words: Vec<u64>,
    /// Where the words of a configuration start, and how many they are.
    table: HashTable<(usize, u32)>,
}

impl Configurations {
    pub(super) fn new() -> Self {
        Configurations { words: Vec::new(), table: HashTable::new() }
    }

    pub(super) fn contains(&self, key: &[u64]) -> bool {
        let is_key = |&(start, len): &(usize, u32)| self.words[start..][..len as usize] == *key;
        // Until the first wrong turn there is nothing to find, and no reason to hash.
        !self.table.is_empty() && self.table.find(hash_of_words(key), is_key).is_some()
    }

    /// About how many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>() + self.table.capacity() * size_of::<(usize, u32)>()
    }

    /// Adds a configuration that is not yet in the set.
    pub(super) fn insert(&mut self, key: &[u64]) {
        let entry = (self.words.len(), key.len() as u32);
        self.words.extend_from_slice(key);
        let hash_of_entry =
            |&(start, len): &(usize, u32)| hash_of_words(&self.words[start..][..len as usize]);
        // Without a look whether it is there: the search has asked when it entered the configuration, and
        // whatever it entered since has more operations placed.
        self.table.insert_unique(hash_of_words(key), entry, hash_of_entry);
    }
}

/// A multiplication and a fold per word, the core of what xxh3 does with short inputs.
fn hash_of_words(key: &[u64]) -> u64 {
    key.iter().fold(key.len() as u64, |hash, word| {
        let product = u128::from(hash ^ word ^ 0x9E37_79B1_85EB_CA87) * 0xC2B2_AE3D_27D4_EB4F;
        (product as u64) ^ ((product >> 64) as u64)
    })
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = Xxh3(0);
    value.hash(&mut hasher);
    hasher.finish()
}

/// xxh3 over what a value writes, each piece seeded with the hash of the pieces before it. (The streaming
/// xxh3 sets up half a kilobyte of state, which is more than most states of objects are long.)
struct Xxh3(u64);

impl Hasher for Xxh3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
