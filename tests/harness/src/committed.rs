//! Everything that was ever committed, as far as it was seen. It outlives all crashes.

use raft_interface::{Command, Index, ServerId, Term};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A committed entry: some server applied it.
#[derive(Clone, Debug)]
pub(crate) struct CommittedEntry {
    /// The entry's term.
    pub(crate) term: Term,
    /// The entry's command.
    pub(crate) command: Command,
    /// Who applied it first.
    pub(crate) first: ServerId,
}

/// The committed entries from index 1 on, without gaps.
#[derive(Debug, Default)]
pub(crate) struct CommittedLog {
    entries: Vec<CommittedEntry>,
    /// After each entry the hash over all commands up to there.
    digests: Vec<u64>,
}

impl CommittedLog {
    /// The entry at an index, if anybody ever applied it.
    #[must_use]
    pub(crate) fn get(&self, index: Index) -> Option<&CommittedEntry> {
        self.entries.get(usize::try_from(index.checked_sub(1)?).ok()?)
    }

    /// The last index that anybody ever applied.
    #[must_use]
    pub(crate) fn last(&self) -> Index {
        self.entries.len() as Index
    }

    /// The hash over all commands up to `index`: what the harness' service puts into a snapshot. 0 for index 0.
    #[must_use]
    pub(crate) fn digest(&self, index: Index) -> Option<u64> {
        match index.checked_sub(1) {
            None => Some(0),
            Some(place) => self.digests.get(usize::try_from(place).ok()?).copied(),
        }
    }

    /// Remembers the entry at `index` if it is the next.
    pub(crate) fn extend(&mut self, index: Index, entry: CommittedEntry) {
        // A gap or a step back is for the invariants to report. Here the log only stays one without gaps.
        if index == self.last() + 1 {
            let before = self.digests.last().copied().unwrap_or(0);
            // Each hash is seeded with the one before, so it depends on all commands up to here and on their
            // order: a snapshot that lacks one of them, or has two of them the wrong way round, has another.
            self.digests.push(xxh3_64_with_seed(&entry.command, before));
            self.entries.push(entry);
        }
    }
}
