//! A list of values that is cheap to copy: what sets and queues hold.
//!
//! A search keeps every state that it has met. With plain lists, ten thousand insertions would make ten thousand copies of
//! up to ten thousand values. So a list is cut in chunks, and a new version shares all chunks with the old one but that in
//! which they differ.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::datum::Datum;

/// The most values in a chunk.
const CHUNK_MAX: usize = 32;

/// Makes the hash of a list depend on the order. Odd, so that it has an inverse.
const BASE: u64 = 0x9E37_79B1_85EB_CA87;

/// `BASE * BASE_INVERSE = 1`, by Newton's method: each round doubles the number of bits that are right, from three.
const BASE_INVERSE: u64 = {
    let mut inverse = BASE;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(BASE.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
};

/// Values in an order: that of their arrival if they are pushed, or sorted if they are inserted. One list is used in one of
/// these ways.
#[derive(Clone, Debug, Default)]
pub struct Items {
    /// None is empty.
    chunks: Vec<Arc<Vec<Datum>>>,
    len: usize,
    /// A hash of all values that is changed with each, so that nobody ever has to hash all of them.
    digest: u64,
}

impl Items {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Datum> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The values, sorted.
    pub fn sorted(values: impl IntoIterator<Item = Datum>) -> Self {
        let mut values: Vec<Datum> = values.into_iter().collect();
        values.sort_unstable();
        let digest = values.iter().fold(0u64, |digest, value| digest.wrapping_add(hash(value)));
        let chunks = values.chunks(CHUNK_MAX).map(|chunk| Arc::new(chunk.to_vec())).collect();
        Items { chunks, len: values.len(), digest }
    }

    /// Whether a sorted list holds `value`.
    pub fn contains(&self, value: &Datum) -> bool {
        self.place(value).is_ok()
    }

    /// Adds `value` to a sorted list, once more if it is there.
    pub(super) fn insert(&mut self, value: Datum) {
        self.len += 1;
        self.digest = self.digest.wrapping_add(hash(&value));
        let (chunk, place) = self.place(&value).unwrap_or_else(|place| place);
        let Some(shared) = self.chunks.get_mut(chunk) else {
            return self.chunks.push(Arc::new(vec![value]));
        };
        let mut values = with_room(shared);
        values.insert(place, value);
        let rest = (values.len() > CHUNK_MAX).then(|| values.split_off(CHUNK_MAX / 2));
        *shared = Arc::new(values);
        if let Some(rest) = rest {
            self.chunks.insert(chunk + 1, Arc::new(rest));
        }
    }

    /// Takes `value` out of a sorted list, once. Whether it was there.
    pub(super) fn remove(&mut self, value: &Datum) -> bool {
        let Ok((chunk, place)) = self.place(value) else { return false };
        self.len -= 1;
        self.digest = self.digest.wrapping_sub(hash(value));
        self.take(chunk, place);
        true
    }

    /// Adds `value` at the end.
    pub(super) fn push(&mut self, value: Datum) {
        let power = BASE.wrapping_pow(self.len as u32);
        self.digest = self.digest.wrapping_add(hash(&value).wrapping_mul(power));
        self.len += 1;
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK_MAX => {
                let mut values = with_room(last);
                values.push(value);
                *last = Arc::new(values);
            }
            _ => self.chunks.push(Arc::new(vec![value])),
        }
    }

    /// The value at the start.
    pub fn first(&self) -> Option<&Datum> {
        self.chunks.first().and_then(|chunk| chunk.first())
    }

    /// Takes away the value at the start, if there is one.
    pub(super) fn pop(&mut self) {
        let Some(first) = self.first() else { return };
        self.digest = self.digest.wrapping_sub(hash(first)).wrapping_mul(BASE_INVERSE);
        self.len -= 1;
        self.take(0, 0);
    }

    /// About how many bytes a version of this list takes that shares all chunks but one.
    pub(super) fn bytes(&self) -> usize {
        // The text of a value is shared by all, the chunk that differs is its own.
        let own = CHUNK_MAX.min(self.len + 1) * size_of::<Datum>();
        self.chunks.capacity() * size_of::<usize>() + own + 2 * size_of::<Self>()
    }

    fn take(&mut self, chunk: usize, place: usize) {
        let values = Arc::make_mut(&mut self.chunks[chunk]);
        values.remove(place);
        if values.is_empty() {
            self.chunks.remove(chunk);
        }
    }

    /// Chunk and place of `value` in a sorted list, or where it would have to be inserted.
    fn place(&self, value: &Datum) -> Result<(usize, usize), (usize, usize)> {
        let after = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|first| first <= value));
        let chunk = after.saturating_sub(1);
        let place = self.chunks.get(chunk).map_or(Err(0), |values| values.binary_search(value));
        place.map(|place| (chunk, place)).map_err(|place| (chunk, place))
    }
}

impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.digest == other.digest && self.iter().eq(other.iter())
    }
}

impl Eq for Items {}

impl Hash for Items {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

/// A copy with room for one more, and not, as a copy that grows, for twice as many.
fn with_room(values: &[Datum]) -> Vec<Datum> {
    let mut copy = Vec::with_capacity(values.len() + 1);
    copy.extend_from_slice(values);
    copy
}

fn hash(value: &Datum) -> u64 {
    xxh3_64(value.as_json_text().as_bytes())
}
