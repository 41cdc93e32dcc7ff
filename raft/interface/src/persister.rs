//! What a server remembers across a crash, as a trait: Raft's state and the service's latest snapshot.
//!
//! Both are opaque bytes, stored as a pair. A server saves before it answers (Fig. 2, State: "updated on stable
//! storage before responding to RPCs") and reads both once, when it starts.
//!
//! Raft's state is mostly log, and a log mostly grows. Writing the whole of it for each new entry would cost
//! quadratic time, so there are two ways to save: [`Persister::save`] replaces the state, and
//! [`Persister::save_tail`] keeps its beginning and replaces the rest.

use std::fmt;

use crate::pair::replace_after;

/// Stable storage for one server.
///
/// Each save is atomic: after a crash either the old pair of state and snapshot is there or the new one, never a
/// mixture.
pub trait Persister: Send + Sync + fmt::Debug {
    /// Replaces the Raft state and, when `snapshot` is given, the snapshot as well, atomically.
    ///
    /// # Errors
    ///
    /// [`SaveError`] when nothing was stored for sure: the old pair is still there to be read. A server that cannot save must
    /// not answer as if it had. After a restart it may find the new pair nevertheless, as after a crash just behind a save: a
    /// disk that fails does not say what it has written. A persister may refuse every later save, and then the server must stop.
    fn save(&self, state: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError>;

    /// Like [`Self::save`] of the first `keep` bytes of the state last saved, followed by `tail`.
    ///
    /// Only a matter of speed: an implementation that can append overrides it, any other may leave it out.
    ///
    /// # Errors
    ///
    /// As [`Self::save`].
    ///
    /// # Panics
    ///
    /// May panic when fewer than `keep` bytes are stored.
    fn save_tail(&self, keep: usize, tail: &[u8], snapshot: Option<&[u8]>) -> Result<(), SaveError> {
        let mut state = self.raft_state();
        replace_after(&mut state, keep, tail);
        self.save(&state, snapshot)
    }

    /// The Raft state last saved; empty when nothing ever was.
    fn raft_state(&self) -> Vec<u8>;

    /// The snapshot last saved; empty when there is none.
    fn snapshot(&self) -> Vec<u8>;

    /// The length of [`Self::raft_state`] in bytes, without copying it.
    fn raft_state_len(&self) -> usize;

    /// The length of [`Self::snapshot`] in bytes, without copying it.
    fn snapshot_len(&self) -> usize;
}

/// A save that stored nothing: the disk failed, say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the save stored nothing: {0}")]
pub struct SaveError(pub String);
