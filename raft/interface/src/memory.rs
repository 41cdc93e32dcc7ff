//! A persister in memory: it survives the crash of a simulated server because the harness holds it.
//!
//! At a crash the harness takes a [`copy`](MemoryPersister::copy) and starts the next incarnation on that, as
//! MIT's tester does. A superseded server that is still running then writes into the old persister, where
//! nobody looks any more.
//!
//! Faults are injected through one hook, which is called around each save: it can refuse the save, take its
//! time, or crash the node just before or just after the bytes are stored. No lock of the persister is held
//! during the hook, so a node that dies in it leaves nothing locked. There is no "during": a save is atomic. A
//! [`JournalPersister`](crate::JournalPersister) on a [`FaultyDisk`](crate::FaultyDisk) has one.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::pair::Pair;
use crate::{Persister, SaveError};

/// Where in a save the hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavePoint {
    /// Nothing is stored yet. An error makes the save fail; a crash here loses it.
    Before,
    /// The new pair is stored, and the server has not been told. A crash here keeps it; an error is ignored,
    /// because what is stored is stored.
    After,
}

/// What a harness runs around each save, in the thread that saves. It may sleep, and it may crash the node.
pub type SaveHook = Arc<dyn Fn(SavePoint) -> Result<(), SaveError> + Send + Sync>;

/// A [`Persister`] in memory.
#[derive(Default)]
pub struct MemoryPersister {
    /// A plain lock, and no step of a simulation: what happens in it is too short to be seen half done.
    stored: Mutex<Stored>,
}

#[derive(Default)]
struct Stored {
    pair: Pair,
    /// Saves that stored something, since the persister was created or copied.
    saves: u64,
    hook: Option<SaveHook>,
}

impl Stored {
    fn save_tail(&mut self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) {
        self.pair.save_tail(keep, tail, snapshot);
        self.saves += 1;
    }
}

impl SavePoint {
    /// Saves, between the two calls of a hook.
    ///
    /// # Errors
    ///
    /// [`SaveError`] when the hook refuses the save, or the save fails.
    pub fn around(
        hook: Option<&SaveHook>,
        save: impl FnOnce() -> Result<(), SaveError>,
    ) -> Result<(), SaveError> {
        if let Some(hook) = hook {
            hook(Self::Before)?;
        }
        save()?;
        if let Some(hook) = hook {
            // Too late to refuse: the pair is stored.
            let _ = hook(Self::After);
        }
        Ok(())
    }
}

impl MemoryPersister {
    /// An empty persister, for a server that starts for the first time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An independent persister that holds the same pair: for the next incarnation of a crashed server. The hook
    /// is not copied, and the count of saves starts again.
    #[must_use]
    pub fn copy(&self) -> Self {
        let pair = self.stored.lock().pair.clone();
        Self { stored: Mutex::new(Stored { pair, ..Stored::default() }) }
    }

    /// Installs the hook that is called around each save from now on; `None` removes it. Returns the one before.
    pub fn set_hook(&self, hook: Option<SaveHook>) -> Option<SaveHook> {
        std::mem::replace(&mut self.stored.lock().hook, hook)
    }

    /// How many saves stored something, since this persister was created or copied.
    #[must_use]
    pub fn saves(&self) -> u64 {
        self.stored.lock().saves
    }
}

impl Persister for MemoryPersister {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        self.save_tail(0, state, snapshot)
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        // A copy: the node may end in the hook, and the lock must not stay locked.
        let hook = self.stored.lock().hook.clone();
        SavePoint::around(hook.as_ref(), || {
            self.stored.lock().save_tail(keep, tail, snapshot);
            Ok(())
        })
    }

    fn raft_state(&self) -> Vec<u8> {
        self.stored.lock().pair.state.clone()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.stored.lock().pair.snapshot.clone()
    }

    fn raft_state_len(&self) -> usize {
        self.stored.lock().pair.state.len()
    }

    fn snapshot_len(&self) -> usize {
        self.stored.lock().pair.snapshot.len()
    }
}

impl fmt::Debug for MemoryPersister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of state, {} of snapshot", self.raft_state_len(), self.snapshot_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn save_replaces_the_pair_and_keeps_a_snapshot_that_is_not_given() {
        let persister = MemoryPersister::new();
        persister.save(b"one", Some(b"snap")).unwrap();
        persister.save(b"three", None).unwrap();
        assert_eq!((persister.raft_state(), persister.snapshot()), (b"three".to_vec(), b"snap".to_vec()));
        persister.save_tail(2, b"ree", Some(b"")).unwrap();
        assert_eq!((persister.raft_state(), persister.snapshot_len()), (b"three".to_vec(), 0));
        persister.save_tail(2, b"e", None).unwrap();
        assert_eq!((persister.raft_state(), persister.raft_state_len()), (b"the".to_vec(), 3));
        assert_eq!(persister.saves(), 4);
    }

    #[test]
    fn superseded_server_cannot_write_into_its_successors_copy() {
        let old = MemoryPersister::new();
        old.save(b"before", None).unwrap();
        let new = old.copy();
        old.save(b"after", Some(b"late")).unwrap();
        assert_eq!((new.raft_state(), new.snapshot_len(), new.saves()), (b"before".to_vec(), 0, 0));
    }

    #[test]
    fn hook_sees_the_old_pair_before_and_the_new_pair_after() {
        let persister = Arc::new(MemoryPersister::new());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (inner, log) = (Arc::downgrade(&persister), seen.clone());
        persister.set_hook(Some(Arc::new(move |point| {
            log.lock().push((point, inner.upgrade().expect("alive").raft_state()));
            Ok(())
        })));
        persister.save(b"new", None).unwrap();
        assert_eq!(*seen.lock(), [(SavePoint::Before, vec![]), (SavePoint::After, b"new".to_vec())]);
    }

    #[test]
    fn refused_save_stores_nothing() {
        let persister = MemoryPersister::new();
        persister.save(b"old", Some(b"snap")).unwrap();
        persister.set_hook(Some(Arc::new(|_| Err(SaveError("disk full".into())))));
        assert_eq!(persister.save(b"new", Some(b"new")), Err(SaveError("disk full".into())));
        assert_eq!((persister.raft_state(), persister.snapshot()), (b"old".to_vec(), b"snap".to_vec()));
        persister.set_hook(None);
        persister.save(b"new", None).unwrap();
        assert_eq!(persister.raft_state(), b"new");
    }
}
