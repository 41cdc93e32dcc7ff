//! What a server writes to stable storage, and how it reads it back (Fig. 2, Persistent state on all servers).
//!
//! The state is a row of records in postcard's format:
//!
//! ```text
//!   Base { index, term }   Entry { term, command } ...   Hard { current_term, voted_for, checksum }
//! ```
//!
//! Entries that are no commands, and the configuration at the base, are records of other kinds. A server whose cluster has
//! never changed writes none.
//!
//! Entries come before the term and the vote, because a log grows at its end: to save a new entry, the
//! [`Journal`] keeps everything up to the old `Hard` record and writes the entry and a new `Hard` behind it. Only
//! a truncation or a snapshot makes it write the whole log again.
//!
//! The checksum (XXH3) runs over all bytes before it. Each record is hashed with the sum of those before as its
//! seed, so that the sum, too, can be carried on. The snapshot is stored beside the state, as the service's own
//! bytes; the index that it covers is the base.

use labrpc::sync::Arc;
use raft_interface::{Configuration, Index, OwnEntry, Persister, SaveError, ServerId, Stored, Term};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::entry::{Entry, Payload};
use crate::log::{Change, Log};
use crate::rpc::bytes;
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
    // New kinds come last, for what is stored has only their numbers.
    /// An entry of the log that says nothing.
    NoOp { term: Term },
    /// An entry of the log that says who counts.
    Configuration { term: Term, configuration: Configuration },
    /// Who counts at the base, if an entry up to there has said so. Just behind the base.
    BaseConfiguration { configuration: Configuration },
}

/// A server's persistent state, as it was last saved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Restored {
    pub(crate) current_term: Term,
    pub(crate) voted_for: Option<ServerId>,
    pub(crate) log: Log,
    pub(crate) snapshot: Arc<[u8]>,
}

impl Restored {
    /// A term and a log, and nothing else: no vote, no snapshot.
    pub(crate) fn of(current_term: Term, log: Log) -> Self {
        Self { current_term, voted_for: None, log, snapshot: Arc::from([]) }
    }
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
    /// The length in bytes of all stored records but the last: where the `Hard` record begins.
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
        // After a cut or with a new base, the stored bytes are no beginning of the new ones: all is written
        // anew. That is rare; the common save is one entry and costs its own length.
        if state.log.take_change() == Change::Rewritten {
            *self = Self { tail: std::mem::take(&mut self.tail), ..Self::default() };
            self.last_index = state.log.base_index();
            self.push(&Record::Base { index: state.log.base_index(), term: state.log.base_term() });
            if let Some(configuration) = state.log.base_configuration() {
                self.push(&Record::BaseConfiguration { configuration });
            }
        }
        let keep = self.log_len - self.tail.len();
        for entry in state.log.entries_from(self.last_index + 1) {
            self.push(&record(entry));
        }
        self.last_index = state.log.last_index();
        self.push_hard(state.current_term, state.voted_for);
        let snapshot = state.snapshot_changed.then_some(&*state.snapshot);
        // State and snapshot in one call: after a crash both are from before, or both from after. A log whose
        // base is 5 beside a snapshot up to 3 would have lost 4 and 5.
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
        return Ok(Restored::of(0, Log::new(0, 0, Vec::new())));
    }
    let (current_term, voted_for, log) = decode(&state)?;
    Ok(Restored { current_term, voted_for, log, snapshot: persister.snapshot().into() })
}

/// How an entry is stored.
fn record(entry: &Entry) -> Record<'_> {
    let term = entry.term;
    match &entry.payload {
        Payload::Command(command) => Record::Entry { term, command },
        Payload::Own(OwnEntry::NoOp) => Record::NoOp { term },
        Payload::Own(OwnEntry::Configuration(configuration)) => {
            Record::Configuration { term, configuration: *configuration }
        }
    }
}

/// What stored bytes say, for the page that shows a run; `None` if no save wrote them.
pub(crate) fn stored(state: &[u8]) -> Option<Stored> {
    let (term, voted_for, log) = decode(state).ok()?;
    Some(Stored { term, voted_for, base: log.base_index(), last: log.last_index() })
}

fn decode(state: &[u8]) -> Result<(Term, Option<ServerId>, Log), CorruptState> {
    let corrupt =
        |rest: &[u8], reason| CorruptState { offset: state.len() - rest.len(), len: state.len(), reason };
    let (mut rest, mut sum) = (state, 0);
    let (mut base, mut base_configuration) = (None, None);
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let (record, after) =
            postcard::take_from_bytes(rest).map_err(|_| corrupt(rest, "no record begins here"))?;
        match record {
            Record::Base { index, term } if base.is_none() => base = Some((index, term)),
            Record::Entry { term, command } if base.is_some() => {
                entries.push(Entry::command(term, command.into()));
            }
            Record::NoOp { term } if base.is_some() => entries.push(Entry::own(term, OwnEntry::NoOp)),
            Record::Configuration { term, configuration } if base.is_some() => {
                entries.push(Entry::own(term, OwnEntry::Configuration(configuration)));
            }
            Record::BaseConfiguration { configuration }
                if base.is_some() && base_configuration.is_none() && entries.is_empty() =>
            {
                base_configuration = Some(configuration);
            }
            // A server that starts from half a state is worse than one that does not start: without its vote it
            // may vote twice, and without an entry it breaks a majority. So damage is never repaired by
            // guessing.
            Record::Hard { current_term, voted_for, checksum } => {
                let (index, term) = base.ok_or_else(|| corrupt(rest, "the log has no base"))?;
                if checksum != seal(sum, current_term, voted_for) {
                    return Err(corrupt(rest, "the checksum does not fit the bytes before it"));
                }
                if !after.is_empty() {
                    return Err(corrupt(after, "there are bytes after the last record"));
                }
                let mut log = Log::new(index, term, entries);
                log.set_base_configuration(base_configuration);
                return Ok((current_term, voted_for, log));
            }
            Record::Base { .. } => return Err(corrupt(rest, "a second base")),
            Record::Entry { .. } | Record::NoOp { .. } | Record::Configuration { .. } => {
                return Err(corrupt(rest, "an entry before the base"));
            }
            Record::BaseConfiguration { .. } => {
                return Err(corrupt(rest, "a configuration of the base in the wrong place"));
            }
        }
        sum = xxh3_64_with_seed(&rest[..rest.len() - after.len()], sum);
        rest = after;
    }
}

/// The checksum over a log with this sum, a term and a vote.
fn seal(log: u64, current_term: Term, voted_for: Option<ServerId>) -> u64 {
    let mut room = [0; 32]; // two numbers of at most ten bytes, and a mark
    let bytes = postcard::to_slice(&(current_term, voted_for), &mut room).expect("there is room for them");
    xxh3_64_with_seed(bytes, log)
}

fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    let taken = std::mem::take(out);
    *out = postcard::to_extend(value, taken).expect("these records can always be encoded");
}

#[cfg(test)]
mod tests {
    use raft_interface::{MemoryPersister, Servers};

    use super::*;
    use crate::config::Config;
    use crate::state::Moment;

    fn entry(term: Term, command: &[u8]) -> Entry {
        Entry::command(term, command.into())
    }

    fn configuration(term: Term, voters: usize) -> Entry {
        Entry::own(term, OwnEntry::Configuration(Configuration::of(Servers::first(voters))))
    }

    /// Something that happens to a state between two saves.
    type Edit = fn(&mut State);

    fn append(state: &mut State, term: Term, command: &[u8]) {
        state.log.append(entry(term, command));
    }

    /// A state with something in every field.
    fn state() -> State {
        let no_op = Entry::own(5, OwnEntry::NoOp);
        let mut log = Log::new(300, 2, vec![entry(2, b"one"), no_op, configuration(5, 2), entry(5, b"")]);
        log.set_base_configuration(configuration(1, 3).configuration());
        let restored = Restored { current_term: 7, voted_for: Some(1), log, snapshot: Arc::from(*b"snap") };
        let mut state = State::new(0, 3, Config::default(), restored, &Moment::now());
        state.snapshot_changed = true;
        state
    }

    fn saved(journal: &mut Journal, state: &mut State, persister: &MemoryPersister) -> Restored {
        journal.save(state, persister).expect("a save in memory");
        restore(persister).expect("what was saved")
    }

    #[test]
    fn what_is_saved_is_restored() {
        let (mut state, persister) = (state(), MemoryPersister::new());
        let mut log = state.log.clone();
        let restored = saved(&mut Journal::default(), &mut state, &persister);
        let expected =
            Restored { current_term: 7, voted_for: Some(1), log: log.clone(), snapshot: Arc::from(*b"snap") };
        assert_eq!(restored, expected);
        assert!(!state.dirty && !state.snapshot_changed);
        log.take_change();
        assert_eq!(state.log, log, "saving leaves the log alone");
    }

    #[test]
    fn nothing_saved_is_a_server_that_starts_for_the_first_time() {
        let restored = restore(&MemoryPersister::new()).unwrap();
        assert_eq!((restored.current_term, restored.voted_for, restored.log.last_index()), (0, None, 0));
    }

    /// Whatever happens to the log between saves, what is stored is the same as if it had been written at once.
    #[test]
    fn saving_changes_is_saving_the_whole() {
        let (mut state, persister, mut journal) = (state(), MemoryPersister::new(), Journal::default());
        let changes: [(&str, Edit); 11] = [
            ("nothing", |_| {}),
            ("an entry", |s| append(s, 5, &[9; 200])),
            ("two entries", |s| {
                append(s, 5, b"x");
                append(s, 6, b"y");
            }),
            ("a term and a vote", |s| (s.current_term, s.voted_for) = (1000, None)),
            ("a conflict", |s| {
                s.log.truncate_from(304);
                s.log.append(entry(7, b"z"));
            }),
            ("a snapshot", |s| s.log.compact(301, 2)),
            ("an entry after a snapshot", |s| append(s, 9, b"w")),
            ("entries that are no commands", |s| {
                s.log.append(Entry::own(9, OwnEntry::NoOp));
                s.log.append(configuration(9, 4));
                append(s, 9, b"v");
            }),
            ("another configuration", |s| _ = s.log.append(configuration(10, 5))),
            ("a snapshot over a configuration", |s| s.log.compact(s.log.last_index() - 1, 9)),
            ("a conflict with a configuration", |s| s.log.truncate_from(s.log.last_index())),
        ];
        for (name, change) in changes {
            change(&mut state);
            let restored = saved(&mut journal, &mut state, &persister);
            assert_eq!(
                (restored.current_term, restored.voted_for),
                (state.current_term, state.voted_for),
                "{name}"
            );
            let first = state.log.base_index() + 1;
            assert_eq!(restored.log.entries_from(first), state.log.entries_from(first), "{name}");
            assert_eq!(restored.log.configuration(), state.log.configuration(), "{name}");
            let whole = MemoryPersister::new();
            let base_configuration = state.log.base_configuration();
            state.log = Log::new(
                state.log.base_index(),
                state.log.base_term(),
                state.log.entries_from(first).to_vec(),
            );
            state.log.set_base_configuration(base_configuration);
            Journal::default().save(&mut state, &whole).unwrap();
            assert_eq!(persister.raft_state(), whole.raft_state(), "{name}");
        }
    }

    #[test]
    fn new_entry_costs_its_own_bytes() {
        let (mut state, persister, mut journal) = (state(), MemoryPersister::new(), Journal::default());
        saved(&mut journal, &mut state, &persister);
        let before = persister.raft_state_len();
        state.log.append(entry(7, &[0; 100]));
        saved(&mut journal, &mut state, &persister);
        assert_eq!(persister.raft_state_len() - before, 103, "the command, its length, its term and a tag");
        assert!(journal.tail.len() < 103 + 20, "{} bytes written", journal.tail.len());
    }

    /// Bytes that no save wrote. With a checksum that fits them, the records are looked at, too.
    #[test]
    fn reader_of_stored_state_survives_fuzzing() {
        let (mut state, persister, mut journal) = (state(), MemoryPersister::new(), Journal::default());
        saved(&mut journal, &mut state, &persister);
        let whole = persister.raft_state();
        let log = whole[..journal.log_len].to_vec();
        lab_fuzzing::fuzz("stored-raft-state", &[whole, log], |input| {
            let _ = decode(input);
            let mut sealed = Journal { tail: input.to_vec(), log_len: input.len(), ..Journal::default() };
            sealed.checksum = sums(input);
            sealed.push_hard(7, Some(1));
            if let Ok((_, _, log)) = decode(&sealed.tail) {
                assert!(log.base_index() <= log.last_index());
            }
        });
    }

    /// The running checksum over the records that a decoder finds in these bytes.
    fn sums(mut rest: &[u8]) -> u64 {
        let mut sum = 0;
        while let Ok((_, after)) = postcard::take_from_bytes::<Record<'_>>(rest) {
            sum = xxh3_64_with_seed(&rest[..rest.len() - after.len()], sum);
            rest = after;
        }
        sum
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        let (mut state, persister) = (state(), MemoryPersister::new());
        saved(&mut Journal::default(), &mut state, &persister);
        let good = persister.raft_state();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(decode(&bad).is_err(), "bit {bit} of byte {at} was flipped and nobody noticed");
            }
            assert!(decode(&good[..at]).is_err(), "the first {at} bytes passed for the whole");
        }
        persister.save(b"not a state of ours", None).unwrap();
        let message = restore(&persister).unwrap_err().to_string();
        assert!(message.contains("damaged at byte 0 of 19"), "{message}");
        let longer = [&good[..], b"x"].concat();
        assert_eq!(decode(&longer).unwrap_err().offset, good.len());
    }
}
