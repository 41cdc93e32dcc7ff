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

/// How many bytes a snapshot has beside its first 16.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    /// So many.
    Same(usize),
    /// None, a tenth of this, or all of it: which depends on the state, so that all servers have the same.
    UpTo(usize),
}

impl Padding {
    fn of(self, state: &ServiceState) -> usize {
        match self {
            Self::Same(bytes) => bytes,
            Self::UpTo(most) => [0, most / 10, most][(state.digest % 3) as usize],
        }
    }
}

/// Stands in the index of a snapshot with padding.
const IS_PADDED: u64 = 1 << 63;

impl ServiceState {
    /// The snapshot's bytes, and padding that follows from it: pieces of two snapshots put together do not go unseen, and neither does
    /// a piece that is missing at the end.
    #[must_use]
    pub(crate) fn encode(&self, padding: Padding) -> Vec<u8> {
        let padding = padding.of(self);
        let index = if padding > 0 { self.index | IS_PADDED } else { self.index };
        let mut bytes = [index.to_le_bytes(), self.digest.to_le_bytes()].concat();
        bytes.extend(self.padding().take(padding));
        if let Some(last) = bytes.last_mut().filter(|_| padding > 0) {
            *last = !*last;
        }
        bytes
    }

    /// Reads them; `None` if they are no such snapshot.
    #[must_use]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (index, bytes) = bytes.split_first_chunk::<8>()?;
        let (digest, padding) = bytes.split_first_chunk::<8>()?;
        let index = u64::from_le_bytes(*index);
        let state = Self { index: index & !IS_PADDED, digest: u64::from_le_bytes(*digest) };
        if padding.is_empty() != (index & IS_PADDED == 0) {
            return None;
        }
        let is_last = |place| place + 1 == padding.len();
        let wanted =
            state.padding().enumerate().map(|(place, byte)| if is_last(place) { !byte } else { byte });
        wanted.zip(padding).all(|(wanted, &byte)| wanted == byte).then_some(state)
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

    const STATE: ServiceState = ServiceState { index: 7, digest: 0x1234_5678_9abc_def0 };

    #[test]
    fn snapshot_is_read_as_it_was_written() {
        for padding in [0, 1, 100] {
            let bytes = STATE.encode(Padding::Same(padding));
            assert_eq!((bytes.len(), ServiceState::decode(&bytes)), (16 + padding, Some(STATE)));
        }
        let mut sizes: Vec<usize> = (0..3)
            .map(|more| ServiceState { digest: STATE.digest + more, ..STATE })
            .map(|state| {
                let bytes = state.encode(Padding::UpTo(70_000));
                assert_eq!(ServiceState::decode(&bytes), Some(state));
                bytes.len()
            })
            .collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [16, 7_016, 70_016]);
    }

    #[test]
    fn snapshot_with_a_foreign_byte_one_too_few_or_one_too_many_is_none() {
        for padding in [0, 1, 2, 100] {
            let bytes = STATE.encode(Padding::Same(padding));
            for len in 0..bytes.len() {
                assert_eq!(ServiceState::decode(&bytes[..len]), None, "{len} of {} bytes", bytes.len());
            }
            for more in 0..=u8::MAX {
                let longer = [&bytes[..], &[more]].concat();
                assert_eq!(ServiceState::decode(&longer), None, "{} bytes and {more}", bytes.len());
            }
        }
        let mut bytes = STATE.encode(Padding::Same(100));
        bytes[70] ^= 1;
        assert_eq!(ServiceState::decode(&bytes), None);
    }
}
