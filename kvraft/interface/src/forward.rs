//! Commands that a server takes although another one leads: what it answers, and what can be said when it has no answer.

use raft_interface::{Index, Term};
use serde::{Deserialize, Serialize};

/// Where the commands of one call stand in the log, if they commit: one after the other, in the order in which they were given.
/// An entry is named by its index and its term together (§5.3), so this is theirs as long as the entries in these places
/// have this term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The term of the leader that has appended them.
    pub term: Term,
    /// The index of the first.
    pub first: Index,
    /// The index of the last: the first one's, if there is one command.
    pub last: Index,
}

impl Accepted {
    /// How many commands there are.
    #[must_use]
    pub fn count(&self) -> Index {
        self.last - self.first + 1
    }
}

/// Why commands of type `C` were not taken, or not executed. Those of whose effect the caller must decide anew are given back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError<C> {
    /// This service does not forward commands.
    #[error("this service does not forward commands (KeyValue::forwards)")]
    NotOffered,
    /// There was none.
    #[error("there is no command")]
    NoCommands,
    /// Nobody has taken them on in time: there was no leader, or none that could be reached. They have no effect, and will have none.
    #[error("no leader was found in time: {} commands have no effect", commands.len())]
    Offline {
        /// All of them.
        commands: Vec<C>,
    },
    /// Other entries were committed in their places. These have no effect, and will have none; the commands of the call that
    /// came before these have taken effect.
    #[error("other entries were committed in the places of {} commands, which have no effect", commands.len())]
    Overwritten {
        /// Those that have no effect: the last ones of the call, in their order.
        commands: Vec<C>,
    },
    /// They may have taken effect, or may still: an answer was lost, or time was up, or a snapshot has taken the place of the
    /// entries. To send them again is safe only for commands that take effect once however often they are executed.
    #[error("{} commands may or may not take effect", commands.len())]
    Unknown {
        /// All of them.
        commands: Vec<C>,
    },
}

impl<C> ForwardError<C> {
    /// The commands that are given back.
    #[must_use]
    pub fn commands(&self) -> &[C] {
        match self {
            Self::NotOffered | Self::NoCommands => &[],
            Self::Offline { commands } | Self::Overwritten { commands } | Self::Unknown { commands } => {
                commands
            }
        }
    }

    /// Whether those that are given back may have taken effect, or may still.
    #[must_use]
    pub fn may_take_effect(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The same of other commands, each made from one of these.
    #[must_use]
    pub fn map<D>(self, change: impl FnMut(C) -> D) -> ForwardError<D> {
        let changed = |commands: Vec<C>| commands.into_iter().map(change).collect();
        match self {
            Self::NotOffered => ForwardError::NotOffered,
            Self::NoCommands => ForwardError::NoCommands,
            Self::Offline { commands } => ForwardError::Offline { commands: changed(commands) },
            Self::Overwritten { commands } => ForwardError::Overwritten { commands: changed(commands) },
            Self::Unknown { commands } => ForwardError::Unknown { commands: changed(commands) },
        }
    }
}
