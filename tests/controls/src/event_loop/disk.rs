//! What survives a crash: Figure 2, "Persistent state on all servers", and the snapshot with its index and term.

use labrpc::sync::Arc;
use raft_interface::{Index, Persister, SaveError, ServerId, Term};

use super::log::Log;
use super::message::Entry;

/// Term, vote, and the index and the term of the snapshot: eight bytes each, before the entries.
const HEADER_LEN: usize = 32;
/// Stands for "no vote" in the header.
const NOBODY: u64 = u64::MAX;

/// Figure 2, "Persistent state on all servers", without the log.
#[derive(Default)]
pub(super) struct Ballot {
    pub(super) current_term: Term,
    pub(super) voted_for: Option<ServerId>,
}

/// What has changed since it was last saved.
#[derive(Default)]
pub(super) struct Changes {
    /// The ballot, or the beginning of the log.
    pub(super) header: bool,
    /// Entries from this index, at the end of the log.
    pub(super) entries_from: Option<Index>,
    /// The snapshot. The header has changed as well then.
    pub(super) snapshot: bool,
}

impl Changes {
    pub(super) fn any(&self) -> bool {
        self.header || self.snapshot || self.entries_from.is_some()
    }

    pub(super) fn mark_entries(&mut self, from: Index) {
        self.entries_from = Some(self.entries_from.map_or(from, |before| before.min(from)));
    }
}

/// The persister, and where in its bytes the entries lie, so that new ones are written alone.
pub(super) struct Disk {
    persister: Arc<dyn Persister>,
    /// How long the stored state is up to and including each entry; first, the header's length.
    ends: Vec<usize>,
}

impl Disk {
    /// Reads what was saved.
    pub(super) fn open(persister: Arc<dyn Persister>) -> (Self, Ballot, Log, Arc<[u8]>) {
        let (mut ballot, mut log, mut ends) = (Ballot::default(), Log::default(), Vec::new());
        let state = persister.raft_state();
        if !state.is_empty() {
            let number =
                |at: usize| u64::from_le_bytes(state[at..at + 8].try_into().expect("a slice of eight bytes"));
            ballot.current_term = number(0);
            ballot.voted_for = Some(number(8)).filter(|&vote| vote != NOBODY).map(|vote| vote as ServerId);
            (log.base, log.base_term) = (number(16), number(24));
            ends.push(HEADER_LEN);
            let mut rest = &state[HEADER_LEN..];
            while !rest.is_empty() {
                let (entry, left) =
                    postcard::take_from_bytes::<Entry>(rest).expect("an entry that was saved");
                log.entries.push(entry);
                rest = left;
                ends.push(state.len() - rest.len());
            }
        }
        let snapshot = persister.snapshot().into();
        (Self { persister, ends }, ballot, log, snapshot)
    }

    /// Saves what has changed, at once and as a whole.
    ///
    /// # Errors
    ///
    /// When nothing has been saved.
    pub(super) fn save(
        &mut self,
        ballot: &Ballot,
        log: &Log,
        snapshot: &[u8],
        changes: &Changes,
    ) -> Result<(), SaveError> {
        let mut tail = Vec::new();
        // The header comes first, so with a new one all is new.
        let is_whole = changes.header || self.ends.is_empty();
        let (kept, keep_len) = if is_whole {
            let vote = ballot.voted_for.map_or(NOBODY, |vote| vote as u64);
            for number in [ballot.current_term, vote, log.base, log.base_term] {
                tail.extend_from_slice(&number.to_le_bytes());
            }
            (0, 0)
        } else {
            let from = changes.entries_from.unwrap_or(log.last_index() + 1);
            let kept = (from - log.base - 1) as usize;
            (kept, self.ends[kept])
        };
        let mut ends = Vec::new();
        for entry in &log.entries[kept..] {
            tail = postcard::to_extend(entry, tail).expect("an entry can be encoded");
            ends.push(keep_len + tail.len());
        }
        self.persister.save_tail(keep_len, &tail, changes.snapshot.then_some(snapshot))?;
        if is_whole {
            self.ends = vec![HEADER_LEN];
        }
        self.ends.truncate(kept + 1);
        self.ends.append(&mut ends);
        Ok(())
    }
}
