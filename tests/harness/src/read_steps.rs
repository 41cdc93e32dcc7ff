//! What a server reads from its storage takes a step: other threads may go on meanwhile, as they do while a disk works. A Raft that
//! makes the label of a snapshot under its lock and reads the bytes after it is right as long as nothing comes between.

use std::fmt;
use std::time::Duration;

use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;
use raft_interface::{Persister, SaveError};

/// How long it takes to read from a storage; a step and no more, if nobody says otherwise.
#[derive(Clone, Default)]
pub(crate) struct ReadTime(Arc<AtomicU64>);

impl ReadTime {
    pub(crate) fn set(&self, time: Duration) {
        self.0.store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn pass(&self) {
        match self.0.load(Ordering::Relaxed) {
            0 => thread::yield_now(),
            time => thread::sleep(Duration::from_nanos(time)),
        }
    }
}

/// The same persister, for a server: what is read is looked up when the time has passed.
pub(crate) fn with_read_steps(persister: Arc<dyn Persister>, time: &ReadTime) -> Arc<dyn Persister> {
    Arc::new(WithReadSteps { persister, time: time.clone() })
}

struct WithReadSteps {
    persister: Arc<dyn Persister>,
    time: ReadTime,
}

impl Persister for WithReadSteps {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save(state, snapshot)
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save_tail(keep, tail, snapshot)
    }

    fn raft_state(&self) -> Vec<u8> {
        self.time.pass();
        self.persister.raft_state()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.time.pass();
        self.persister.snapshot()
    }

    // The length is known without the disk, and services look at it after each entry.
    fn raft_state_len(&self) -> usize {
        self.persister.raft_state_len()
    }

    fn snapshot_len(&self) -> usize {
        self.persister.snapshot_len()
    }
}

impl fmt::Debug for WithReadSteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.persister.fmt(f)
    }
}
