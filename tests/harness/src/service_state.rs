//! What stands in the snapshots of the harness' own service.

use raft_interface::Index;

/// What the harness' service puts into a snapshot: how far it goes, and a hash over all commands up to there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceState {
    /// The last index that the snapshot covers.
    pub(crate) index: Index,
    /// The hash over the commands 1 to `index`.
    pub(crate) digest: u64,
}

impl ServiceState {
    /// The snapshot's bytes.
    #[must_use]
    pub(crate) fn encode(&self) -> Vec<u8> {
        [self.index.to_le_bytes(), self.digest.to_le_bytes()].concat()
    }

    /// Reads them; `None` if they are no such snapshot.
    #[must_use]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (index, digest) = bytes.split_first_chunk::<8>()?;
        Some(Self { index: u64::from_le_bytes(*index), digest: u64::from_le_bytes(digest.try_into().ok()?) })
    }
}
