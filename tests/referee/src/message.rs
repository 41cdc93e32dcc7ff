//! The paper's messages, in the numbers of Figure 2 and Figure 13.
//!
//! Whatever an implementation adds to a message was left behind when it was read. All other files see only these.

use std::fmt;

use raft_interface::{Index, Term};

/// An index and the term of the entry there. 0 and 0 before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    /// The index.
    pub(crate) index: Index,
    /// The term of the entry at that index.
    pub(crate) term: Term,
}

impl Position {
    /// Orders the last positions of two logs by how up to date the logs are (§5.4.1): the later last term wins, and
    /// with equal terms the longer log.
    pub(crate) fn up_to_date(self) -> (Term, Index) {
        (self.term, self.index)
    }
}

/// `7 of term 3`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of term {}", self.index, self.term)
    }
}

/// Which of the paper's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Vote,
    Append,
    Snapshot,
}

/// One entry of an AppendEntries: its term, and a hash of its command; 0 if it has no field of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) term: Term,
    pub(crate) digest: u64,
}

/// A request, in the numbers of Figure 2 and Figure 13.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Vote {
        term: Term,
        last: Position,
    },
    Append {
        term: Term,
        prev: Position,
        entries: Vec<Entry>,
        commit: Index,
    },
    /// With `piece`, not the whole snapshot.
    Snapshot {
        term: Term,
        last: Position,
        piece: Option<Piece>,
    },
}

/// A piece of a snapshot (Fig. 13: offset, done).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// A hash of the name of the transfer, if it has one.
    pub(crate) id: u64,
    /// Where it begins and ends, in bytes.
    pub(crate) offset: u64,
    pub(crate) end: u64,
    /// Whether the snapshot ends there.
    pub(crate) is_last: bool,
}

impl Request {
    pub(crate) fn term(&self) -> Term {
        match *self {
            Self::Vote { term, .. } | Self::Append { term, .. } | Self::Snapshot { term, .. } => term,
        }
    }

    /// Whether only a leader sends it.
    pub(crate) fn is_of_a_leader(&self) -> bool {
        !matches!(self, Self::Vote { .. })
    }

    /// The last position that a follower stores which says yes; that of the candidate's log for a vote.
    pub(crate) fn last(&self) -> Position {
        match self {
            Self::Vote { last, .. } | Self::Snapshot { last, .. } => *last,
            Self::Append { prev, entries, .. } => entries.last().map_or(*prev, |entry| Position {
                index: prev.index + entries.len() as Index,
                term: entry.term,
            }),
        }
    }
}

/// A reply, in the numbers of Figure 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Vote {
        term: Term,
        granted: bool,
    },
    Append {
        term: Term,
        success: bool,
        conflict: Option<Index>,
        /// In a success: up to which entry the log is sure to match, if that is told.
        matched: Option<Index>,
    },
    /// `has_taken`: whether the follower says that it took the piece; `None` if there is no field for it.
    Snapshot {
        term: Term,
        has_taken: Option<bool>,
    },
}

impl Reply {
    pub(crate) fn term(self) -> Term {
        match self {
            Self::Vote { term, .. } | Self::Append { term, .. } | Self::Snapshot { term, .. } => term,
        }
    }

    /// Whether it grants a vote, or takes entries.
    pub(crate) fn is_yes(self) -> bool {
        matches!(self, Self::Vote { granted: true, .. } | Self::Append { success: true, .. })
    }

    /// Whether it answers a request that only a leader sends.
    pub(crate) fn is_to_a_leader(self) -> bool {
        !matches!(self, Self::Vote { .. })
    }
}
