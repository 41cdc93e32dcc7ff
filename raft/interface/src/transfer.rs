//! Why a leader does not hand over its office.

use crate::ServerId;

/// Why a transfer of leadership has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// This Raft has no such thing, or was made without it.
    #[error("leadership cannot be transferred: the feature is not on")]
    NotOffered,
    /// This server does not lead, or is no longer needed.
    #[error("not the leader")]
    NotLeader,
    /// The office is on its way already, to this server.
    #[error("leadership is being transferred to S{0} already")]
    InProgress(ServerId),
    /// Who is to lead cannot: it has no vote, is not there, or leads already.
    #[error("S{0} is no other voter")]
    NoOtherVoter(ServerId),
}
