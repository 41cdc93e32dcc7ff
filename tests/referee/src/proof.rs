//! The messages that prove a violation, each in a line.

use std::fmt;
use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use crate::message::{Piece, Position, Reply, Request};

/// A message in a few numbers, small enough to keep many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    AskVote { term: Term, last: Position },
    Vote { term: Term, granted: bool },
    Append { term: Term, prev: Position, count: u64, commit: Index },
    Appended { term: Term, success: bool },
    Snapshot { term: Term, last: Position, piece: Option<Piece> },
    Installed { term: Term, has_taken: Option<bool> },
    Applied { index: Index, term: Term },
}

impl Content {
    /// Whether somebody answers with it.
    pub(crate) fn is_reply(&self) -> bool {
        matches!(self, Self::Vote { .. } | Self::Appended { .. } | Self::Installed { .. })
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AskVote { term, last } => {
                write!(f, "RequestVote term {term}, last entry {last}")
            }
            Self::Vote { term, granted: true } => write!(f, "vote granted, term {term}"),
            Self::Vote { term, granted: false } => write!(f, "vote refused, term {term}"),
            Self::Append { term, prev, count, commit } => {
                write!(f, "AppendEntries term {term}, after {prev}: {count} entries, commit {commit}")
            }
            Self::Appended { term, success: true } => write!(f, "success, term {term}"),
            Self::Appended { term, success: false } => write!(f, "rejected, term {term}"),
            Self::Snapshot { term, last, piece: None } => {
                write!(f, "InstallSnapshot term {term}, up to {last}")
            }
            Self::Snapshot { term, last, piece: Some(Piece { offset, end, is_last, .. }) } => {
                let and_last = if is_last { ", the last" } else { "" };
                write!(f, "InstallSnapshot term {term}, up to {last}: bytes {offset} to {end}{and_last}")
            }
            Self::Installed { term, has_taken: Some(false) } => write!(f, "piece refused, term {term}"),
            Self::Installed { term, .. } => write!(f, "snapshot received, term {term}"),
            Self::Applied { index, term } => write!(f, "applied entry {index} of term {term}"),
        }
    }
}

impl From<&Request> for Content {
    fn from(request: &Request) -> Self {
        match request {
            &Request::Vote { term, last } => Self::AskVote { term, last },
            &Request::Snapshot { term, last, piece } => Self::Snapshot { term, last, piece },
            Request::Append { term, prev, entries, commit } => {
                Self::Append { term: *term, prev: *prev, count: entries.len() as u64, commit: *commit }
            }
        }
    }
}

impl From<Reply> for Content {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Vote { term, granted } => Self::Vote { term, granted },
            Reply::Append { term, success, .. } => Self::Appended { term, success },
            Reply::Snapshot { term, has_taken } => Self::Installed { term, has_taken },
        }
    }
}

/// A message that was sent, as a line of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// When it was sent.
    pub(crate) at: Duration,
    /// Who sent it.
    pub(crate) from: ServerId,
    /// Who is to get it; the sender itself for what it told its service.
    pub(crate) to: ServerId,
    /// The number of the call, which a request and its reply share.
    pub(crate) call: u64,
    pub(crate) content: Content,
}

/// `S0 -> S2 #17 AppendEntries term 3, after 4 of term 2: 1 entries, commit 4`, without the time.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, call, content, .. } = self;
        if from == to {
            return write!(f, "S{from} {content}");
        }
        write!(f, "S{from} -> S{to} #{call} {content}")
    }
}

/// Lines in the order of time, without repeats.
pub(crate) fn proof(lines: impl IntoIterator<Item = Option<Line>>) -> Vec<Line> {
    let mut lines: Vec<Line> = lines.into_iter().flatten().collect();
    // Several messages may be of one instant; then the older call comes first.
    lines.sort_by_key(|line| (line.at, line.call));
    // What a rule names may be among the last messages as well.
    lines.dedup();
    lines
}
