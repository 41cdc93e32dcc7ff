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
    /// The snapshot's bytes, with so many more that follow from it: pieces of two snapshots put together do not go unseen.
    #[must_use]
    pub(crate) fn encode(&self, padding: usize) -> Vec<u8> {
        let mut bytes = [self.index.to_le_bytes(), self.digest.to_le_bytes()].concat();
        bytes.extend(self.padding().take(padding));
        bytes
    }

    /// Reads them; `None` if they are no such snapshot.
    #[must_use]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (index, bytes) = bytes.split_first_chunk::<8>()?;
        let (digest, padding) = bytes.split_first_chunk::<8>()?;
        let state = Self { index: u64::from_le_bytes(*index), digest: u64::from_le_bytes(*digest) };
        state.padding().zip(padding).all(|(wanted, &byte)| wanted == byte).then_some(state)
    }

    /// Bytes without end that do not repeat.
    fn padding(&self) -> impl Iterator<Item = u8> + use<> {
        let seed = self.digest;
        (1..).flat_map(move |step: u64| seed.wrapping_mul(2 * step + 1).wrapping_add(step).to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_with_a_foreign_byte_is_none() {
        let state = ServiceState { index: 7, digest: 0x1234_5678_9abc_def0 };
        for padding in [0, 1, 100] {
            let bytes = state.encode(padding);
            assert_eq!((bytes.len(), ServiceState::decode(&bytes)), (16 + padding, Some(state)));
        }
        let mut bytes = state.encode(100);
        bytes[70] ^= 1;
        assert_eq!(ServiceState::decode(&bytes), None);
        assert_eq!(ServiceState::decode(&bytes[..15]), None);
    }
}
