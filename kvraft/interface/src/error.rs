//! Every way in which an operation of a clerk can fail.

use crate::{TooLarge, Version};

/// Why an operation has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClerkError {
    /// The key was at this other version when the write came to it (0: never written). It had no effect.
    #[error("the key is at version {0}")]
    WrongVersion(Version),
    /// Nobody can know whether the write took effect, or still will: 6.5840's `ErrMaybe`.
    #[error("the write may or may not have taken effect")]
    Maybe,
    /// The clerk has given up, and the operation has no effect: no server ever took it on.
    #[error("no leader was found")]
    NoLeader,
    /// A key or value exceeds its limit. The operation has no effect.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// An append would make the value exceed its limit. It had no effect.
    #[error("the value would become too long")]
    ValueTooLong,
    /// This clerk has no such operation, as [`KeyValue::offers_writes`](crate::KeyValue::offers_writes) says.
    #[error("this clerk has no such operation (KeyValue::offers_writes)")]
    NotOffered,
    /// The server answered what no server answers: it speaks another protocol.
    #[error("the answer makes no sense")]
    Protocol,
}
