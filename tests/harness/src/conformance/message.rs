//! The paper's messages, and what stands in scripted entries and snapshots.

use std::fmt;

use raft_interface::{Command, Index, ServerId, Term};

/// An entry of a scripted log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its term.
    pub term: Term,
    /// Its command.
    pub command: Command,
}

/// A request, as the paper has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// RequestVote (Fig. 2).
    Vote {
        /// The candidate's term.
        term: Term,
        /// The index of the candidate's last log entry; 0 for an empty log.
        last_log_index: Index,
        /// The term of that entry; 0 for an empty log.
        last_log_term: Term,
        /// What is asked for.
        asking: Asking,
    },
    /// AppendEntries (Fig. 2).
    Append {
        /// The leader's term.
        term: Term,
        /// Index and term of the entry just before the new ones: prevLogIndex and prevLogTerm; (0, 0) at the start of the log.
        prev: (Index, Term),
        /// The new entries, the first at `prev.0 + 1`; none for a heartbeat.
        entries: Vec<Entry>,
        /// The leader's commit index.
        leader_commit: Index,
    },
    /// InstallSnapshot (Fig. 13): the whole snapshot in one message, or a piece of it.
    Install {
        /// The leader's term.
        term: Term,
        /// The index of the last entry that the snapshot covers.
        last_included_index: Index,
        /// The term of that entry.
        last_included_term: Term,
        /// Which piece it is.
        piece: Piece,
        /// The service's bytes, or these of them.
        data: Vec<u8>,
    },
    /// TimeoutNow (thesis §3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
}

/// What a candidate asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A vote in its term.
    Vote,
    /// The same, by order of the leader (thesis §4.2.3).
    VoteForTransfer,
    /// Whether it would have the vote, in a term in which it would stand (thesis §9.6).
    PreVote,
}

/// Which piece of a snapshot an InstallSnapshot brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Of which transfer; `None` if the message does not say.
    pub transfer: Option<TransferId>,
    /// Where it begins, in bytes (Fig. 13: offset).
    pub offset: u64,
    /// Whether it is the last one (Fig. 13: done).
    pub done: bool,
}

/// Names a transfer of a snapshot, where servers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferId {
    /// Who sends it.
    pub leader: ServerId,
    /// In which term.
    pub term: Term,
    /// The last index that the snapshot covers.
    pub index: Index,
    /// Tells it from others of that leader's term.
    pub number: u64,
}

/// What a receiver of pieces would take instead of one that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Of which transfer.
    pub transfer: TransferId,
    /// Where it begins at the latest, in bytes.
    pub offset: u64,
}

impl Piece {
    /// All of a snapshot.
    pub const WHOLE: Self = Self { transfer: None, offset: 0, done: true };

    /// Whether it is all of a snapshot.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.offset == 0 && self.done
    }
}

/// A reply, as the paper has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To RequestVote.
    Vote {
        /// The voter's current term.
        term: Term,
        /// Whether the candidate has the vote.
        vote_granted: bool,
    },
    /// To AppendEntries.
    Append {
        /// The follower's current term.
        term: Term,
        /// Whether the follower had the entry before the new ones, and now has these.
        success: bool,
        /// Where the leader may go on after a refusal; `None` on success, and from servers that do not say.
        hint: Option<Hint>,
    },
    /// To InstallSnapshot.
    Install {
        /// The follower's current term.
        term: Term,
        /// The piece did not fit: what would. `None` if it was taken, and from servers that do not say.
        expected: Option<Expected>,
    },
    /// To TimeoutNow.
    TimeoutNow {
        /// The receiver's current term.
        term: Term,
    },
}

/// What a refusal says for a fast backup (§5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The term of the entry that conflicts; `None` when the log is too short.
    pub term: Option<Term>,
    /// The first index of that term, or one past the last entry.
    pub index: Index,
    /// One past the last entry.
    pub len: Index,
}

impl Request {
    /// The sender's term.
    #[must_use]
    pub fn term(&self) -> Term {
        match self {
            Self::Vote { term, .. }
            | Self::Append { term, .. }
            | Self::Install { term, .. }
            | Self::TimeoutNow { term } => *term,
        }
    }

    /// Whether it is a RequestVote.
    #[must_use]
    pub fn is_vote(&self) -> bool {
        matches!(self, Self::Vote { .. })
    }

    /// Whether only a leader sends it.
    pub(super) fn is_of_a_leader(&self) -> bool {
        !self.is_vote()
    }

    /// Whether it is an AppendEntries, with or without entries.
    #[must_use]
    pub fn is_append(&self) -> bool {
        matches!(self, Self::Append { .. })
    }

    /// Whether it is an InstallSnapshot.
    #[must_use]
    pub fn is_install(&self) -> bool {
        matches!(self, Self::Install { .. })
    }

    /// Whether it is a TimeoutNow.
    #[must_use]
    pub fn is_timeout_now(&self) -> bool {
        matches!(self, Self::TimeoutNow { .. })
    }

    /// Whether it is an AppendEntries with entries.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        matches!(self, Self::Append { entries, .. } if !entries.is_empty())
    }

    /// The index of the last entry that an AppendEntries reaches, which is the one before its entries if it has none. 0 for others.
    #[must_use]
    pub fn last_index(&self) -> Index {
        match self {
            Self::Append { prev, entries, .. } => prev.0 + entries.len() as Index,
            _ => 0,
        }
    }

    /// Whether it is an AppendEntries with this command, at whatever index: where a leader begins its term with an entry of its own,
    /// `start` may count commands only.
    #[must_use]
    pub fn brings(&self, command: &Command) -> bool {
        matches!(self, Self::Append { entries, .. } if entries.iter().any(|entry| entry.command == *command))
    }
}

impl Reply {
    /// The sender's term.
    #[must_use]
    pub fn term(self) -> Term {
        match self {
            Self::Vote { term, .. }
            | Self::Append { term, .. }
            | Self::Install { term, .. }
            | Self::TimeoutNow { term } => term,
        }
    }

    /// Whether its term is the one that the sender is in. A yes in a pre-vote may bear the term that was asked about, which the
    /// sender does not take over.
    pub(super) fn tells_own_term(self, request: &Request) -> bool {
        let is_pre_vote = matches!(request, Request::Vote { asking: Asking::PreVote, .. });
        !(is_pre_vote && matches!(self, Self::Vote { vote_granted: true, .. }))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote { term, last_log_index, last_log_term, asking } => {
                let name = match asking {
                    Asking::Vote => "RequestVote",
                    Asking::VoteForTransfer => "RequestVote by order of the leader",
                    Asking::PreVote => "PreVote",
                };
                write!(f, "{name} of term {term}, last entry {last_log_index} of term {last_log_term}")
            }
            Self::TimeoutNow { term } => write!(f, "TimeoutNow of term {term}"),
            Self::Append { term, prev: (index, prev_term), entries, leader_commit } => {
                write!(f, "AppendEntries of term {term}, after entry {index} of term {prev_term}, ")?;
                match entries.as_slice() {
                    [] => write!(f, "empty")?,
                    entries => write!(
                        f,
                        "terms {:?}",
                        entries.iter().take(8).map(|entry| entry.term).collect::<Vec<_>>()
                    )?,
                }
                write!(f, ", leaderCommit {leader_commit}")
            }
            Self::Install { term, last_included_index, last_included_term, piece, data } => {
                write!(
                    f,
                    "InstallSnapshot of term {term}, up to entry {last_included_index} of term {last_included_term}"
                )?;
                if piece.is_whole() {
                    return Ok(());
                }
                let last = if piece.done { ", the last" } else { "" };
                write!(f, ", {} bytes from {}{last}", data.len(), piece.offset)
            }
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote { term, vote_granted: true } => write!(f, "granted, term {term}"),
            Self::Vote { term, .. } => write!(f, "refused, term {term}"),
            Self::Append { term, success: true, .. } => write!(f, "success, term {term}"),
            Self::Append { term, .. } => write!(f, "no success, term {term}"),
            Self::Install { term, expected: None } | Self::TimeoutNow { term } => write!(f, "term {term}"),
            Self::Install { term, expected: Some(Expected { transfer, offset }) } => {
                write!(f, "refused, term {term}: it expects byte {offset} of transfer {transfer}")
            }
        }
    }
}

/// `2 of S1 in term 5, up to entry 9`.
impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { leader, term, index, number } = self;
        write!(f, "{number} of S{leader} in term {term}, up to entry {index}")
    }
}

/// What the entry at an index and of a term holds, in scripts.
pub fn command(index: Index, term: Term) -> Command {
    format!("entry {index} of term {term}").into_bytes().into()
}

/// How the bytes begin that a scripted service hands over.
const SNAPSHOT: &str = "everything up to ";

/// The service's bytes in a scripted snapshot.
pub fn snapshot(index: Index) -> Vec<u8> {
    format!("{SNAPSHOT}{index}").into_bytes()
}

/// Whether these bytes of an InstallSnapshot hold the service's up to `index`, in one piece. There may be more: where indexes count
/// commands only (§8), a snapshot must say how many it covers, and Figure 13 has no other place for that.
#[must_use]
pub fn holds_snapshot(data: &[u8], index: Index) -> bool {
    let is_another = std::str::from_utf8(data)
        .ok()
        .and_then(|text| text.strip_prefix(SNAPSHOT)?.parse::<Index>().ok())
        .is_some_and(|other| other != index);
    let wanted = snapshot(index);
    // "... 12" has "... 1" in it, and is another one all the same.
    !is_another && data.windows(wanted.len()).any(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_may_have_more_around_it() {
        let with_header = [&7_u64.to_le_bytes()[..], &snapshot(12)].concat();
        let with_trailer = [&snapshot(12)[..], &7_u64.to_le_bytes()].concat();
        for data in [snapshot(12), with_header.clone(), with_trailer] {
            assert!(holds_snapshot(&data, 12), "{data:?}");
            assert!(!holds_snapshot(&data, 13), "{data:?}");
        }
        assert!(!holds_snapshot(&snapshot(12), 1), "it begins with the bytes of the first one");
        assert!(!holds_snapshot(&with_header[..20], 12), "it is cut");
        assert!(!holds_snapshot(&[], 12));
    }
}
