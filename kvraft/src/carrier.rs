//! What the service can use of a Raft beyond the five calls that every Raft of the lab has.

use labrpc::time::Instant;
use raft_interface::{Index, RaftServer, ServerId};

/// A Raft that can carry the key/value service. Both calls have defaults, so `impl KvRaft for MyRaft {}` is enough:
/// clients then look for the leader themselves, and all reads go through the log.
pub trait KvRaft: RaftServer {
    /// Who leads, if this server knows. It may be wrong: clients follow it a bounded number of times.
    fn leader_hint(&self) -> Option<ServerId> {
        None
    }

    /// ReadIndex (thesis §6.4, steps 1 to 3): waits until a majority has confirmed, in messages sent after the call
    /// began, that this server leads. Returns the commit index at the beginning of the call.
    ///
    /// # Errors
    ///
    /// [`ReadIndexError`]; [`ReadIndexError::Unsupported`] if it is not implemented.
    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        let _ = deadline;
        Err(ReadIndexError::Unsupported)
    }
}

/// Why a read could not be answered without the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadIndexError {
    /// This server does not lead, or no longer does.
    #[error("not the leader")]
    NotLeader,
    /// No entry of the leader's term has committed yet. A read through the log helps, for itself and for those after it.
    #[error("the leader has committed nothing in its term yet")]
    NothingCommitted,
    /// No majority has confirmed the leader in time, or the machine has not caught up.
    #[error("the leader was not confirmed in time")]
    Timeout,
    /// The server is being stopped.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The Raft has no ReadIndex.
    #[error("this Raft has no ReadIndex")]
    Unsupported,
}

impl KvRaft for raft::Raft {
    fn leader_hint(&self) -> Option<ServerId> {
        Self::leader_hint(self)
    }

    fn read_index_until(&self, deadline: Instant) -> Result<Index, ReadIndexError> {
        Self::read_index_until(self, deadline).map_err(|error| match error {
            raft::ReadError::NotLeader { .. } => ReadIndexError::NotLeader,
            raft::ReadError::NothingCommitted => ReadIndexError::NothingCommitted,
            raft::ReadError::Timeout => ReadIndexError::Timeout,
        })
    }
}
