//! A broken rule, and the messages that prove it.

use std::fmt;
use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

use super::rules::Rule;
use crate::violation::Violation;

/// An index and the term of the entry there. 0 and 0 before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// The index.
    pub index: Index,
    /// The term of the entry at that index.
    pub term: Term,
}

impl Position {
    /// Orders the last positions of two logs by how up to date the logs are (§5.4.1): the later last term wins, and
    /// with equal terms the longer log.
    pub(super) fn up_to_date(self) -> (Term, Index) {
        (self.term, self.index)
    }
}

/// `7 of term 3`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of term {}", self.index, self.term)
    }
}

/// A message in a few numbers, small enough to keep many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    AskVote { term: Term, last: Position },
    Vote { term: Term, granted: bool },
    Append { term: Term, prev: Position, count: u64, commit: Index },
    Appended { term: Term, success: bool },
    Snapshot { term: Term, last: Position },
    Installed { term: Term },
    Applied { index: Index, term: Term },
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
            Self::Snapshot { term, last } => write!(f, "InstallSnapshot term {term}, up to {last}"),
            Self::Installed { term } => write!(f, "snapshot received, term {term}"),
            Self::Applied { index, term } => write!(f, "applied entry {index} of term {term}"),
        }
    }
}

/// A message that was sent, as a line of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was sent.
    pub at: Duration,
    /// Who sent it.
    pub from: ServerId,
    /// Who is to get it; the sender itself for what it told its service.
    pub to: ServerId,
    /// The number of the call, which a request and its reply share.
    pub call: u64,
    pub(super) content: Content,
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

/// What a rule found: the facts, without the rule's own texts.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) headline: String,
    pub(super) expected: String,
    pub(super) seen: String,
    pub(super) servers: Vec<ServerId>,
    pub(super) term: Term,
    /// The messages that prove it, oldest first; the one that broke the rule is added by the referee.
    pub(super) proof: Vec<Line>,
}

/// A rule of Figure 2 that an implementation broke, seen on the wire.
#[derive(Clone, Debug)]
pub struct Breach {
    /// The rule.
    pub rule: &'static Rule,
    /// What happened, in one line.
    pub headline: String,
    /// What the rule asks for in this case.
    pub expected: String,
    /// What was seen instead.
    pub seen: String,
    /// Whom it is about.
    pub servers: Vec<ServerId>,
    /// The term that it is about.
    pub term: Term,
    /// When.
    pub at: Duration,
    /// The messages that prove it, oldest first; the last one broke the rule.
    pub proof: Vec<Line>,
}

impl Breach {
    /// The violation that fails the test.
    pub fn violation(&self) -> Violation {
        let mut violation = Violation::new(&*self.headline, &*self.expected, &*self.seen)
            .rule(self.rule.title)
            .hint(self.rule.hint)
            .servers(self.servers.iter().copied())
            .term(self.term);
        violation.at = self.at;
        violation.proof =
            self.proof.iter().map(|line| format!("{:>10.6} s  {line}", line.at.as_secs_f64())).collect();
        violation
    }
}

/// The headline, and the messages below it.
impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.headline, self.rule.title)?;
        for line in &self.proof {
            writeln!(f, "  {:.6} s  {line}", line.at.as_secs_f64())?;
        }
        Ok(())
    }
}
