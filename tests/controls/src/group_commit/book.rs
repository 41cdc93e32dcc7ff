//! The log: a deque with a base, and its bytes on disk.

use std::collections::VecDeque;

use labrpc::sync::Arc;
use raft_interface::{Index, ServerId, Term};

use super::wire::Item;

/// Term, vote, base and snapshot: eight bytes each.
const HEAD: usize = 48;

#[derive(Default)]
pub(super) struct Book {
    /// The entry before the first one.
    pub(super) base: Index,
    pub(super) base_epoch: Term,
    /// What the snapshot covers; not before the base.
    pub(super) snap: (Index, Term),
    items: VecDeque<Item>,
    /// Bytes up to the end of each item, counted from some origin.
    ends: VecDeque<usize>,
    origin: usize,
}

fn size(item: &Item) -> usize {
    12 + item.payload.len()
}

impl Book {
    pub(super) fn last(&self) -> Index {
        self.base + self.items.len() as u64
    }

    /// `None` below the base and past the end.
    pub(super) fn epoch_at(&self, index: Index) -> Option<Term> {
        if index == self.base {
            return Some(self.base_epoch);
        }
        let at = index.checked_sub(self.base + 1)?;
        self.items.get(at as usize).map(|item| item.epoch)
    }

    pub(super) fn tip_epoch(&self) -> Term {
        self.items.back().map_or(self.base_epoch, |item| item.epoch)
    }

    pub(super) fn push(&mut self, item: Item) {
        let before = self.ends.back().copied().unwrap_or(self.origin);
        self.ends.push_back(before + size(&item));
        self.items.push_back(item);
    }

    /// Forgets `index` and everything behind it.
    pub(super) fn cut(&mut self, index: Index) {
        let keep = (index - self.base - 1) as usize;
        self.items.truncate(keep);
        self.ends.truncate(keep);
    }

    /// Forgets everything up to and including `index`, which is there.
    pub(super) fn rebase(&mut self, index: Index) {
        self.base_epoch = self.epoch_at(index).expect("in the log");
        let gone = (index - self.base) as usize;
        self.items.drain(..gone);
        if gone > 0 {
            self.origin = self.ends[gone - 1];
            self.ends.drain(..gone);
        }
        self.base = index;
    }

    pub(super) fn reset(&mut self, index: Index, epoch: Term) {
        *self = Self { base: index, base_epoch: epoch, ..Self::default() };
    }

    pub(super) fn slice(&self, from: Index, max: usize, max_bytes: usize) -> Vec<Item> {
        let start = (from - self.base - 1) as usize;
        let mut bytes = 0;
        let mut out = Vec::new();
        for item in self.items.iter().skip(start).take(max) {
            if bytes > max_bytes {
                break;
            }
            bytes += size(item);
            out.push(item.clone());
        }
        out
    }

    pub(super) fn get(&self, index: Index) -> &Item {
        &self.items[(index - self.base - 1) as usize]
    }

    /// Where a term begins of which there is an entry at `index`.
    pub(super) fn first_of_epoch_at(&self, index: Index) -> Index {
        let epoch = self.epoch_at(index);
        let mut first = index;
        while first > self.base + 1 && self.epoch_at(first - 1) == epoch {
            first -= 1;
        }
        first
    }

    /// The last entry of a term, at `index` or before.
    pub(super) fn last_of_epoch(&self, epoch: Term, index: Index) -> Option<Index> {
        let mut at = index.min(self.last());
        while at > self.base {
            match self.epoch_at(at) {
                Some(here) if here == epoch => return Some(at),
                Some(here) if here < epoch => return None,
                _ => at -= 1,
            }
        }
        None
    }

    /// The bytes on disk before the item `index`.
    pub(super) fn offset(&self, index: Index) -> usize {
        let before = (index - self.base - 1) as usize;
        let end = if before == 0 { self.origin } else { self.ends[before - 1] };
        HEAD + end - self.origin
    }

    pub(super) fn tail_bytes(&self, from: Index) -> Vec<u8> {
        let mut out = Vec::new();
        for item in self.items.iter().skip((from - self.base - 1) as usize) {
            out.extend_from_slice(&item.epoch.to_le_bytes());
            out.extend_from_slice(&(item.payload.len() as u32).to_le_bytes());
            out.extend_from_slice(&item.payload);
        }
        out
    }

    pub(super) fn whole_bytes(&self, epoch: Term, vote: Option<ServerId>) -> Vec<u8> {
        let mut out = Vec::new();
        let vote = vote.map_or(u64::MAX, |who| who as u64);
        for number in [epoch, vote, self.base, self.base_epoch, self.snap.0, self.snap.1] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.tail_bytes(self.base + 1));
        out
    }

    pub(super) fn read(bytes: &[u8]) -> (Term, Option<ServerId>, Self) {
        let mut book = Self::default();
        if bytes.len() < HEAD {
            return (0, None, book);
        }
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of its size"));
        let vote = Some(long(8)).filter(|&who| who != u64::MAX).map(|who| who as ServerId);
        book.reset(long(16), long(24));
        book.snap = (long(32), long(40));
        let mut at = HEAD;
        while at < bytes.len() {
            let epoch = long(at);
            let len =
                u32::from_le_bytes(bytes[at + 8..at + 12].try_into().expect("a slice of its size")) as usize;
            book.push(Item { epoch, payload: Arc::from(&bytes[at + 12..at + 12 + len]) });
            at += 12 + len;
        }
        (long(0), vote, book)
    }
}
