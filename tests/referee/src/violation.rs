//! What went wrong, in the parts that a report is made of.
//!
//! One type for all that can go wrong in a run: the referee makes it of a message that breaks a rule, the harness of an
//! invariant that does not hold or of a scenario whose expectation fails. What the terminal and the page show of it is for
//! the report to decide.

use std::time::Duration;

use raft_interface::{Index, ServerId, Term};

/// A broken rule or a failed expectation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violation {
    /// The whole in one line.
    pub headline: String,
    /// The rule that was broken, with its source in the paper; `None` when a scenario expected something.
    pub rule: Option<&'static str>,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub seen: String,
    /// The mistakes that most often lead here, if that is known.
    pub hint: Option<&'static str>,
    /// The servers that it is about.
    pub servers: Vec<ServerId>,
    /// The term that it is about.
    pub term: Option<Term>,
    /// The entry that it is about.
    pub entry: Option<Index>,
    /// When: virtual time, or real time since the start of the test.
    pub at: Duration,
    /// The messages that prove it, oldest first, each with its time; empty if the rule is not about messages.
    pub proof: Vec<String>,
    /// The line of the scenario, as `file:line`, if it was the scenario that expected something; of a panic its place.
    pub place: Option<String>,
    /// It is a panic that has ended a thread of the real world. In a simulation that is a cause of its own.
    pub is_panic: bool,
}

impl Violation {
    /// A violation with a headline, what was expected and what was seen.
    #[must_use]
    pub fn new(headline: impl Into<String>, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { headline: headline.into(), expected: expected.into(), seen: seen.into(), ..Self::default() }
    }

    /// The rule that was broken, with its source in the paper.
    #[must_use]
    pub fn rule(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }

    /// The mistakes that most often lead here.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The servers that it is about.
    #[must_use]
    pub fn servers(mut self, servers: impl IntoIterator<Item = ServerId>) -> Self {
        self.servers = servers.into_iter().collect();
        self
    }

    /// The term that it is about.
    #[must_use]
    pub fn term(mut self, term: Term) -> Self {
        self.term = Some(term);
        self
    }

    /// The entry that it is about.
    #[must_use]
    pub fn entry(mut self, index: Index) -> Self {
        self.entry = Some(index);
        self
    }
}
