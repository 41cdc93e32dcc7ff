//! One file of a faulty disk: what is stable of it, and what was written since.

use std::io;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::SECTOR_LEN;

/// A file.
#[derive(Clone, Default)]
pub(super) struct StoredFile {
    /// What reads see.
    seen: Vec<u8>,
    /// What is there after a power failure that takes all that was not flushed.
    stable: Vec<u8>,
    /// Since the last flush, in order.
    unflushed: Vec<Write>,
}

#[derive(Clone)]
enum Write {
    Append { at: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

impl StoredFile {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.unflushed.push(Write::Append { at: self.seen.len(), bytes: bytes.to_vec() });
        self.seen.extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).ok().filter(|&len| len <= self.seen.len());
        let len = len.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the file is shorter"))?;
        self.seen.truncate(len);
        self.unflushed.push(Write::Truncate { len });
        Ok(())
    }

    pub(super) fn flush(&mut self) {
        self.settle(&mut Draws::All);
    }

    /// A flush has failed: its writes will never be stable, and until the power fails nobody sees that.
    pub(super) fn forget(&mut self) {
        self.unflushed.clear();
    }

    pub(super) fn flip_bit(&mut self, byte: usize, bit: u32) {
        for bytes in [&mut self.seen, &mut self.stable] {
            if let Some(byte) = bytes.get_mut(byte) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// The power fails.
    pub(super) fn lose(&mut self, draws: &mut Draws) {
        self.settle(draws);
        self.seen.clone_from(&self.stable);
    }

    /// Makes those sectors of the unflushed writes stable that stay.
    fn settle(&mut self, draws: &mut Draws) {
        for write in std::mem::take(&mut self.unflushed) {
            match write {
                Write::Append { at, bytes } => self.land(at, &bytes, draws),
                Write::Truncate { len } if draws.stays() => self.stable.truncate(len),
                Write::Truncate { .. } => {}
            }
        }
    }

    /// Writes sector by sector. Before one that stays, those that did not are zeros: the file is as long as that needs.
    fn land(&mut self, at: usize, bytes: &[u8], draws: &mut Draws) {
        let mut from = at;
        let end = at + bytes.len();
        while from < end {
            let to = end.min((from / SECTOR_LEN + 1) * SECTOR_LEN);
            if draws.stays() {
                if self.stable.len() < to {
                    self.stable.resize(to, 0);
                }
                self.stable[from..to].copy_from_slice(&bytes[from - at..to - at]);
            }
            from = to;
        }
    }
}

/// What stays of that which was not flushed, drawn one after the other.
pub(super) enum Draws {
    All,
    None,
    /// As the seed says; `count` were drawn.
    Some {
        seed: u64,
        count: u64,
    },
}

impl Draws {
    /// Whether the next one stays. In one half of the seeds half of them do, in the others one in four or three in four: a
    /// single write that is lost among many that are not is as dangerous as half of them.
    pub(super) fn stays(&mut self) -> bool {
        let (seed, count) = match self {
            Self::All => return true,
            Self::None => return false,
            Self::Some { seed, count } => (*seed, count),
        };
        *count += 1;
        // A hash of a number is as good as a generator, is the same everywhere and keeps no state.
        let drawn = xxh3_64_with_seed(&count.to_le_bytes(), seed);
        let share = [1, 2, 2, 3][(xxh3_64_with_seed(b"share", seed) % 4) as usize];
        drawn % 4 < share
    }
}
