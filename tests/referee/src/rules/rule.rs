//! What a rule is: when it is asked, what it is shown, and what it may answer.

use std::fmt;

use raft_interface::{Index, ServerId, Term};

use crate::fact::Fact;
use crate::ledger::{Ledger, TermRecord};
use crate::proof::Line;

/// When a rule is asked: it looks at facts of these kinds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// A candidate sends.
    Asking,
    /// A leader sends.
    Leading,
    /// A request is about to be handled.
    Delivered,
    /// A vote was given or refused.
    Voted,
    /// A leader was answered.
    Acknowledged,
    /// An entry was delivered to a service that is not what the server can know to be committed there.
    Applied,
}

impl On {
    pub(crate) const ALL: [Self; 6] =
        [Self::Asking, Self::Leading, Self::Delivered, Self::Voted, Self::Acknowledged, Self::Applied];
}

/// What a rule decides: whether the next fact agrees with the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) fact: &'a Fact<'a>,
    /// Of a request that is sent: what is known of its term.
    pub(crate) record: Option<&'a TermRecord>,
}

/// A rule of the paper, as far as it shows on the wire.
pub struct Rule {
    /// The rule in one line, with its source in the paper.
    pub title: &'static str,
    /// Why the rule exists: what goes wrong without it.
    pub why: &'static str,
    /// The mistakes that most often break it.
    pub hint: &'static str,
    /// When it is asked.
    pub(crate) on: &'static [On],
    pub(crate) check: fn(&Case<'_>) -> Option<Accusation>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// What a rule found: the facts, without the rule's own texts.
#[derive(Debug)]
pub(crate) struct Accusation {
    pub(crate) headline: String,
    pub(crate) expected: String,
    pub(crate) seen: String,
    pub(crate) servers: Vec<ServerId>,
    pub(crate) term: Term,
    /// The entry that it is about, if it is about one.
    pub(crate) entry: Option<Index>,
    /// The messages that prove it, oldest first; the one that broke the rule is added by the referee.
    pub(crate) proof: Vec<Line>,
}
