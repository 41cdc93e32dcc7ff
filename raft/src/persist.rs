//! What a server writes to stable storage, and how it reads it back (Fig. 2, Persistent state on all servers).
//!
//! The state is a row of records in postcard's format:
//!
//! ```text
//!   Base { index, term }   Entry { term, command } ...   Hard { current_term, voted_for, checksum }
//! ```
//!
//! Entries come before the term and the vote, because a log grows at its end: to save a new entry, the
//! [`Journal`] keeps everything up to the old `Hard` record and writes the entry and a new `Hard` behind it. Only
//! a truncation or a snapshot makes it write the whole log again.
//!
//! The checksum (XXH3) runs over all bytes before it. Each record is hashed with the sum of those before as its
//! seed, so that the sum, too, can be carried on. The snapshot is stored beside the state, as the service's own
//! bytes; the index that it covers is the base.

use labrpc::sync::Arc;
use raft_interface::{Index, Persister, SaveError, ServerId, Term};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::log::{Change, Log};
use crate::rpc::{Entry, bytes};
use crate::state::State;

/// One record of the stored state.
#[derive(Serialize, Deserialize)]
enum Record<'a> {
    /// The last index that the snapshot covers, and its term. The first record, once.
    Base { index: Index, term: Term },
    /// An entry of the log, in order of index.
    Entry {
        term: Term,
        #[serde(borrow, serialize_with = "bytes::serialize")]
        command: &'a [u8],
    },
    /// The rest of Figure 2's persistent state. The last record, once.
    Hard { current_term: Term, voted_for: Option<ServerId>, checksum: u64 },
}

/// A server's persistent state, as it was last saved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    pub(crate) current_term: Term,
    pub(crate) voted_for: Option<ServerId>,
    pub(crate) log: Log,
    pub(crate) snapshot: Arc<[u8]>,
}

/// Stored bytes that no save wrote. Nothing of them has been used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored Raft state is damaged at byte {offset} of {len}: {reason}")]
pub struct CorruptState {
    /// Where the first record that makes no sense begins.
    pub offset: usize,
    /// How many bytes are stored.
    pub len: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// Writes a server's state, and remembers what is stored so that it need not be written again.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The length in bytes of the stored `Base` and `Entry` records: where the `Hard` record begins.
    log_len: usize,
    /// The running checksum over these bytes.
    checksum: u64,
    /// The index of the last entry stored.
    last_index: Index,
    /// The records to write; kept to reuse its memory.
    tail: Vec<u8>,
}

impl Journal {
    /// Saves what Figure 2 says must be persistent. Clears the state's marks of change.
    pub(crate) fn save(&mut self, state: &mut State, persister: &dyn Persister) -> Result<(), SaveError> {
        self.tail.clear();
        if state.log.take_change() == Change::Rewritten {
            *self = Self { tail: std::mem::take(&mut self.tail), ..Self::default() };
            self.last_index = state.log.base_index();
            self.push(&Record::Base { index: state.log.base_index(), term: state.log.base_term() });
        }
        let keep = self.log_len - self.tail.len();
        for entry in state.log.entries_from(self.last_index + 1) {
            self.push(&Record::Entry { term: entry.term, command: &entry.command });
        }
        self.last_index = state.log.last_index();
        self.push_hard(state.current_term, state.voted_for);
        let snapshot = state.snapshot_changed.then_some(&*state.snapshot);
        persister.save_tail(keep, &self.tail, snapshot)?;
        state.dirty = false;
        state.snapshot_changed = false;
        Ok(())
    }

    /// Writes a record of the log.
    fn push(&mut self, record: &Record<'_>) {
        let start = self.tail.len();
        write(&mut self.tail, record);
        self.checksum = xxh3_64_with_seed(&self.tail[start..], self.checksum);
        self.log_len += self.tail.len() - start;
    }

    /// Writes the last record. It does not count as log: the next save replaces it.
    fn push_hard(&mut self, current_term: Term, voted_for: Option<ServerId>) {
        let checksum = seal(self.checksum, current_term, voted_for);
        write(&mut self.tail, &Record::Hard { current_term, voted_for, checksum });
    }
}

/// Reads back what [`Journal::save`] wrote. Nothing stored means a server that starts for the first time.
pub(crate) fn restore(persister: &dyn Persister) -> Result<Restored, CorruptState> {
    let state = persister.raft_state();
    if state.is_empty() {
        return Ok(Restored {
            current_term: 0,
            voted_for: None,
            log: Log::new(0, 0, Vec::new()),
            snapshot: Arc::from([]),
        });
    }
    let (current_term, voted_for, log) = decode(&state)?;
    Ok(Restored { current_term, voted_for, log, snapshot: persister.snapshot().into() })
}

fn decode(state: &[u8]) -> Result<(Term, Option<ServerId>, Log), CorruptState> {
    let corrupt =
        |rest: &[u8], reason| CorruptState { offset: state.len() - rest.len(), len: state.len(), reason };
    let (mut rest, mut sum) = (state, 0);
    let mut base = None;
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let (record, after) =
            postcard::take_from_bytes(rest).map_err(|_| corrupt(rest, "no record begins here"))?;
        match record {
            Record::Base { index, term } if base.is_none() => base = Some((index, term)),
            Record::Entry { term, command } if base.is_some() => {
                entries.push(Entry { term, command: command.into() });
            }
            Record::Hard { current_term, voted_for, checksum } => {
                let (index, term) = base.ok_or_else(|| corrupt(rest, "the log has no base"))?;
                if checksum != seal(sum, current_term, voted_for) {
                    return Err(corrupt(rest, "the checksum does not fit the bytes before it"));
                }
                if !after.is_empty() {
                    return Err(corrupt(after, "there are bytes after the last record"));
                }
                return Ok((current_term, voted_for, Log::new(index, term, entries)));
            }
            Record::Base { .. } => return Err(corrupt(rest, "a second base")),
            Record::Entry { .. } => return Err(corrupt(rest, "an entry before the base")),
        }
        sum = xxh3_64_with_seed(&rest[..rest.len() - after.len()], sum);
        rest = after;
    }
}

/// The checksum over a log with this sum, a term and a vote.
fn seal(log: u64, current_term: Term, voted_for: Option<ServerId>) -> u64 {
    let mut bytes = Vec::with_capacity(24);
    write(&mut bytes, &(current_term, voted_for));
    xxh3_64_with_seed(&bytes, log)
}

fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    let taken = std::mem::take(out);
    *out = postcard::to_extend(value, taken).expect("these records can always be encoded");
}
