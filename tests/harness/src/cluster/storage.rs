//! What a server of a cluster stores its state in: memory, as in MIT's tester, or its own persister on a disk with faults.

use std::fmt;

use labrpc::sync::Arc;
use parking_lot::Mutex;
use raft_interface::{FaultyDisk, MemoryPersister, Persister, SaveError, SaveHook, SavePoint};

/// A server's storage, which survives it.
#[derive(Clone)]
pub(super) enum Storage {
    /// A save is atomic.
    Memory(Arc<MemoryPersister>),
    /// A save is a row of calls to a disk.
    Disk {
        disk: Arc<FaultyDisk>,
        /// What was opened on it, or on the disk before, when the server last started. `None` before its first start.
        opened: Option<Arc<OnDisk>>,
    },
}

impl Default for Storage {
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

impl Storage {
    /// An empty disk.
    pub(super) fn on_disk() -> Self {
        Self::Disk { disk: Arc::new(FaultyDisk::new()), opened: None }
    }

    /// An empty storage of the same kind.
    pub(super) fn emptied(&self) -> Self {
        match self {
            Self::Memory(_) => Self::default(),
            Self::Disk { .. } => Self::on_disk(),
        }
    }

    /// What a server that starts is given, and who looks at its storage sees.
    pub(super) fn persister(&self) -> Arc<dyn Persister> {
        match self {
            Self::Memory(persister) => Arc::clone(persister) as Arc<dyn Persister>,
            Self::Disk { opened: Some(opened), .. } => Arc::clone(opened) as Arc<dyn Persister>,
            // Nobody starts with this: see `Cluster::restart`.
            Self::Disk { opened: None, .. } => Arc::new(MemoryPersister::new()),
        }
    }

    /// This is called around each save of the server from now on; `None`: nothing is. Returns what was called before.
    pub(super) fn set_hook(&self, hook: Option<SaveHook>) -> Option<SaveHook> {
        match self {
            Self::Memory(persister) => persister.set_hook(hook),
            Self::Disk { opened: Some(opened), .. } => std::mem::replace(&mut *opened.hook.lock(), hook),
            Self::Disk { opened: None, .. } => None,
        }
    }

    /// What the next incarnation starts from, when this one is gone; `left` says what is left of a disk.
    pub(super) fn successor(&self, left: impl FnOnce(&FaultyDisk) -> FaultyDisk) -> Self {
        match self {
            Self::Memory(persister) => Self::Memory(Arc::new(persister.copy())),
            Self::Disk { disk, opened } => Self::Disk { disk: Arc::new(left(disk)), opened: opened.clone() },
        }
    }
}

/// A call of [`Persister::save_tail`], or of [`Persister::save`], which keeps nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveCall {
    /// So many bytes of the state stay.
    pub keep: usize,
    /// These come behind them.
    pub tail: Vec<u8>,
    /// The new snapshot, if there is one.
    pub snapshot: Option<Vec<u8>>,
}

/// A persister that was opened on a disk, with the hook of a [`MemoryPersister`] around its saves.
pub(super) struct OnDisk {
    persister: Arc<dyn Persister>,
    hook: Mutex<Option<SaveHook>>,
    /// What the server has saved since it started.
    saves: Mutex<Vec<SaveCall>>,
}

impl OnDisk {
    pub(super) fn new(persister: Arc<dyn Persister>) -> Self {
        Self { persister, hook: Mutex::default(), saves: Mutex::default() }
    }

    /// What the server has saved since it started, in order; the last call may not have returned.
    pub(super) fn saves(&self) -> Vec<SaveCall> {
        self.saves.lock().clone()
    }

    /// Saves, between the two calls of the hook.
    fn hooked(&self, call: SaveCall, save: impl FnOnce() -> Result<(), SaveError>) -> Result<(), SaveError> {
        // A copy: the node may end in the hook, and the lock must not stay locked.
        let hook = self.hook.lock().clone();
        SavePoint::around(hook.as_ref(), || {
            self.saves.lock().push(call);
            save()
        })
    }
}

impl Persister for OnDisk {
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let call = SaveCall { keep: 0, tail: state.to_vec(), snapshot: snapshot.map(<[u8]>::to_vec) };
        self.hooked(call, || self.persister.save(state, snapshot))
    }

    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let call = SaveCall { keep, tail: tail.to_vec(), snapshot: snapshot.map(<[u8]>::to_vec) };
        self.hooked(call, || self.persister.save_tail(keep, tail, snapshot))
    }

    fn raft_state(&self) -> Vec<u8> {
        self.persister.raft_state()
    }

    fn snapshot(&self) -> Vec<u8> {
        self.persister.snapshot()
    }

    fn raft_state_len(&self) -> usize {
        self.persister.raft_state_len()
    }

    fn snapshot_len(&self) -> usize {
        self.persister.snapshot_len()
    }
}

impl fmt::Debug for OnDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.persister.fmt(f)
    }
}
