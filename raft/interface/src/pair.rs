//! What a persister holds, and what a save makes of it.

/// State and snapshot.
#[derive(Clone, Default)]
pub(crate) struct Pair {
    pub(crate) state: Vec<u8>,
    pub(crate) snapshot: Vec<u8>,
}

impl Pair {
    /// What [`Persister::save_tail`](crate::Persister::save_tail) makes of the pair.
    ///
    /// # Panics
    ///
    /// If the state has fewer bytes than `keep`.
    pub(crate) fn save_tail(&mut self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) {
        replace_after(&mut self.state, keep, tail);
        if let Some(snapshot) = snapshot {
            self.snapshot = snapshot.to_vec();
        }
    }
}

/// Replaces what stands behind the first `keep` bytes of a state.
///
/// # Panics
///
/// If it has fewer.
pub(crate) fn replace_after(state: &mut Vec<u8>, keep: usize, tail: &[u8]) {
    assert!(keep <= state.len(), "cannot keep {keep} bytes of {}", state.len());
    state.truncate(keep);
    state.extend_from_slice(tail);
}
