//! The seeds of the streams of chance.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The streams of chance, kept apart so that one more draw in one does not reshuffle the others. The numbers are
/// part of what a seed means: never reuse one.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Schedule = 1,
    Network = 2,
    User = 3,
    Portfolio = 4,
}

/// The seed of one of the streams of a simulation; `of` tells streams of one kind apart.
pub(crate) fn stream_seed(seed: u64, stream: Stream, of: u64) -> u64 {
    // Multiplied, because seeds are taken in a row: with a plain `seed ^ stream`, the user stream of seed 0
    // would be the network stream of seed 1.
    xxh3_64_with_seed(&of.to_le_bytes(), seed ^ (stream as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
