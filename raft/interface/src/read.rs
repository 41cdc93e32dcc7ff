//! Why a read by ReadIndex has no answer.

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
    /// The Raft has no ReadIndex, or no leases.
    #[error("this Raft has no such reads")]
    Unsupported,
}
