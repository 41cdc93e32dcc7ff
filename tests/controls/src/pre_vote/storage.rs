//! What survives a crash, and its bytes.
//!
//! The entries come first, so that one more costs what it is long; then the numbers; then the length of the numbers.

use labrpc::sync::Arc;
use raft_interface::{Index, Persister, SaveError, ServerId, Term};
use serde::{Deserialize, Serialize};

use super::log::Log;

/// The paper's persistent state, and the commit index. With it, a server that restarts need not wait for a leader
/// before it applies what it knew to be committed.
#[derive(Default)]
pub(super) struct Durable {
    pub(super) current_term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) commit_index: Index,
    pub(super) log: Log,
}

/// All but the entries.
#[derive(Serialize, Deserialize)]
struct Numbers {
    current_term: Term,
    voted_for: Option<ServerId>,
    commit_index: Index,
    base_index: Index,
    base_term: Term,
}

/// The persister of a server, and what lies where in it.
pub(super) struct Storage {
    persister: Arc<dyn Persister>,
    /// The end of each stored entry, in bytes from the beginning.
    ends: Vec<usize>,
}

impl Storage {
    /// # Panics
    ///
    /// If what is stored cannot be read: to go on without it could break promises.
    pub(super) fn open(persister: Arc<dyn Persister>) -> (Self, Durable) {
        let bytes = persister.raft_state();
        let Some((&len, bytes)) = bytes.split_last() else {
            return (Self { persister, ends: Vec::new() }, Durable::default());
        };
        let (mut rest, numbers) = bytes.split_at(bytes.len() - usize::from(len));
        let numbers: Numbers = postcard::from_bytes(numbers).expect("the numbers that were stored");
        let (mut entries, mut ends, len) = (Vec::new(), Vec::new(), rest.len());
        while !rest.is_empty() {
            let entry;
            (entry, rest) = postcard::take_from_bytes(rest).expect("an entry that was stored");
            entries.push(entry);
            ends.push(len - rest.len());
        }
        let Numbers { current_term, voted_for, commit_index, base_index, base_term } = numbers;
        let log = Log::restore(base_index, base_term, entries);
        (Self { persister, ends }, Durable { current_term, voted_for, commit_index, log })
    }

    /// The service's bytes that were saved last.
    pub(super) fn snapshot(&self) -> Arc<[u8]> {
        self.persister.snapshot().into()
    }

    /// # Errors
    ///
    /// As [`Persister::save`]: nothing has been stored.
    pub(super) fn save(&mut self, durable: &mut Durable, snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let log = &durable.log;
        self.ends.truncate(log.unchanged());
        let keep = self.ends.last().copied().unwrap_or(0);
        let mut tail = Vec::new();
        for entry in &log.entries()[self.ends.len()..] {
            tail = postcard::to_extend(entry, tail).expect("an entry can be encoded");
            self.ends.push(keep + tail.len());
        }
        let numbers = Numbers {
            current_term: durable.current_term,
            voted_for: durable.voted_for,
            commit_index: durable.commit_index,
            base_index: log.base_index(),
            base_term: log.base_term(),
        };
        let before = tail.len();
        tail = postcard::to_extend(&numbers, tail).expect("numbers can be encoded");
        tail.push(u8::try_from(tail.len() - before).expect("five numbers are no 256 bytes"));
        self.persister.save_tail(keep, &tail, snapshot)?;
        durable.log.mark_unchanged();
        Ok(())
    }
}
