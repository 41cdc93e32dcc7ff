//! Every way in which a request can fail, on the wire and for the caller of a clerk.

use raft_interface::{ReadIndexError, ServerId};
use serde::{Deserialize, Serialize};

use crate::op::TooLarge;
use crate::rsm::SubmitError;

/// Why a server has no reply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// This server does not lead. The request has no effect.
    #[error("not the leader")]
    NotLeader {
        /// Who leads, if this server knows. It may be wrong.
        leader: Option<ServerId>,
    },
    /// Another entry was committed in the request's place. The request has no effect.
    #[error("another command was committed in its place")]
    Overwritten,
    /// The server has lost its leadership. The request may or may not take effect.
    #[error("leadership was lost")]
    LostLeadership {
        /// Who leads now, if this server knows. It may be wrong.
        leader: Option<ServerId>,
    },
    /// The request has not committed in time, and may still do so.
    #[error("not committed in time")]
    Timeout,
    /// The server is being stopped. The request may or may not take effect.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// A key or value exceeds its limit. The request has no effect.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A request to forward brings no command.
    #[error("there is no command")]
    NoCommands,
}

impl Refusal {
    /// Whether the request may have taken effect, or may still do so.
    #[must_use]
    pub fn may_take_effect(self) -> bool {
        match self {
            Self::NotLeader { .. } | Self::Overwritten | Self::TooLarge(_) | Self::NoCommands => false,
            Self::LostLeadership { .. } | Self::Timeout | Self::ShuttingDown => true,
        }
    }

    /// As a server with this idea of who leads says it.
    pub(crate) fn of_submit(error: SubmitError, leader: Option<ServerId>) -> Self {
        match error {
            SubmitError::NotLeader => Self::NotLeader { leader },
            SubmitError::Overwritten => Self::Overwritten,
            SubmitError::LostLeadership => Self::LostLeadership { leader },
            SubmitError::Timeout => Self::Timeout,
            SubmitError::ShuttingDown => Self::ShuttingDown,
        }
    }

    /// As above, for a read; `None` when the log can answer it.
    pub(crate) fn of_read(error: ReadIndexError, leader: Option<ServerId>) -> Option<Self> {
        match error {
            ReadIndexError::NotLeader => Some(Self::NotLeader { leader }),
            ReadIndexError::Timeout => Some(Self::Timeout),
            ReadIndexError::ShuttingDown => Some(Self::ShuttingDown),
            ReadIndexError::NothingCommitted | ReadIndexError::Unsupported => None,
        }
    }
}
