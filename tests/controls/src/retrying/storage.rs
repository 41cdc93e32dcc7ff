//! How the state lies in the storage: base, entries, term and vote, in this order.
//!
//! A log mostly grows at its end. So the entries that are stored already stay where they are, and a save writes the others and
//! what comes behind.

use raft_interface::{Index, ServerId, Term};

use super::state::Durable;

/// Which of the entries are in the storage as they are in the log.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Where the base ends; 0 if it is not stored.
    base_end: usize,
    /// Where each entry ends, from the first one on.
    ends: Vec<usize>,
}

impl Stored {
    /// No more than the first `count` entries are as they were.
    pub(super) fn cut_to(&mut self, count: usize) {
        self.ends.truncate(count);
    }

    fn end(&self) -> usize {
        self.ends.last().copied().unwrap_or(self.base_end)
    }
}

impl Durable {
    /// How many bytes of what is stored can stay, and what comes behind these.
    pub(super) fn encode(&mut self) -> (usize, Vec<u8>) {
        const WRITTEN: &str = "numbers and bytes can always be written";
        let keep = self.stored.end();
        let mut tail = Vec::new();
        if keep == 0 {
            tail = postcard::to_extend(&(self.base_idx, self.base_term), tail).expect(WRITTEN);
            self.stored.base_end = tail.len();
        }
        for item in &self.items[self.stored.ends.len()..] {
            // That there is one more, since it is not known in advance how many there will be.
            tail = postcard::to_extend(&Some(item), tail).expect(WRITTEN);
            self.stored.ends.push(keep + tail.len());
        }
        let end: (Option<()>, Term, Option<ServerId>) = (None, self.term, self.vote);
        (keep, postcard::to_extend(&end, tail).expect(WRITTEN))
    }

    /// # Errors
    ///
    /// What is wrong with the bytes.
    pub(super) fn decode(bytes: &[u8]) -> postcard::Result<Self> {
        let mut log = Self::default();
        let (base, mut rest): ((Index, Term), _) = postcard::take_from_bytes(bytes)?;
        (log.base_idx, log.base_term) = base;
        loop {
            let (item, after) = postcard::take_from_bytes(rest)?;
            rest = after;
            match item {
                Some(item) => log.items.push(item),
                None => break,
            }
        }
        // Nothing counts as stored yet: the first save writes all of it again.
        (log.term, log.vote) = postcard::from_bytes(rest)?;
        Ok(log)
    }
}
