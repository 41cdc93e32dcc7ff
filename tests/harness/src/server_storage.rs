//! What a server is given to store its state in.
//!
//! What it reads there takes a step: other threads may go on meanwhile, as they do while a disk works. A Raft that makes the label of a
//! snapshot under its lock and reads the bytes after it is right as long as nothing comes between. And the trace is told of each save,
//! if there is one.

use std::fmt;
use std::time::Duration;

use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;
use raft_interface::{Persister, SaveError, ServerId};

use crate::implementation::Implementation;
use crate::marks::ToldSaves;

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

/// A persister as a server gets it.
pub(crate) struct ServerStorage {
    persister: Arc<dyn Persister>,
    read_time: ReadTime,
    told: Option<ToldSaves>,
}

impl ServerStorage {
    /// That of a server of this implementation. What is read is looked up when the time has passed.
    pub(crate) fn of(
        persister: Arc<dyn Persister>,
        read_time: ReadTime,
        implementation: &Implementation,
        server: ServerId,
    ) -> Arc<dyn Persister> {
        Arc::new(Self { persister, read_time, told: ToldSaves::of(implementation, server) })
    }
}

impl Persister for ServerStorage {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save(state, snapshot)?;
        if let Some(told) = &self.told {
            told.saved(0, state, snapshot);
        }
        Ok(())
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.persister.save_tail(keep, tail, snapshot)?;
        if let Some(told) = &self.told {
            told.saved(keep, tail, snapshot);
        }
        Ok(())
    }

    fn raft_state(&self) -> Vec<u8> {
        self.read_time.pass();
        let state = self.persister.raft_state();
        if let Some(told) = &self.told {
            told.read(&state);
        }
        state
    }

    fn snapshot(&self) -> Vec<u8> {
        self.read_time.pass();
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

impl fmt::Debug for ServerStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.persister.fmt(f)
    }
}
