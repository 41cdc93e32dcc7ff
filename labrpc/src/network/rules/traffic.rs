//! Which messages a rule is about.

use std::collections::BTreeSet;
use std::fmt;

use super::{Chance, Rule, Verdict};
use crate::network::{Address, Direction, Message};

/// Some of the messages: all conditions that were given must hold.
///
/// `from` and `to` are those of the message, so the replies to server 0's calls of server 2 are
/// `Traffic::replies().from(2).to(0)`.
#[derive(Default)]
pub struct Traffic {
    direction: Option<Direction>,
    from: Option<BTreeSet<Address>>,
    to: Option<BTreeSet<Address>>,
    method: Option<String>,
    condition: Option<Box<Condition>>,
}

type Condition = dyn Fn(&Message<'_>) -> bool + Send + Sync;

impl Traffic {
    /// All messages.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// All requests.
    #[must_use]
    pub fn requests() -> Self {
        Self { direction: Some(Direction::Request), ..Self::default() }
    }

    /// All replies.
    #[must_use]
    pub fn replies() -> Self {
        Self { direction: Some(Direction::Reply), ..Self::default() }
    }

    /// Only those that this party sends; given again, also those of that one.
    #[must_use]
    pub fn from(mut self, sender: impl Into<Address>) -> Self {
        self.from.get_or_insert_default().insert(sender.into());
        self
    }

    /// Only those that this party is to get; given again, also those to that one.
    #[must_use]
    pub fn to(mut self, receiver: impl Into<Address>) -> Self {
        self.to.get_or_insert_default().insert(receiver.into());
        self
    }

    /// Only those of calls of this method, named in full: `Raft.AppendEntries`.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only those for which the condition holds. It is asked last.
    #[must_use]
    pub fn matching(mut self, condition: impl Fn(&Message<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// Whether this message is one of them.
    #[must_use]
    pub fn contains(&self, message: &Message<'_>) -> bool {
        self.direction.is_none_or(|direction| direction == message.direction)
            && self.from.as_ref().is_none_or(|from| from.contains(&message.from))
            && self.to.as_ref().is_none_or(|to| to.contains(&message.to))
            && self.method.as_ref().is_none_or(|method| method == message.method)
            && self.condition.as_ref().is_none_or(|condition| condition(message))
    }
}

/// What it is about in words: `requests from S0 to S2 of Raft.AppendEntries`.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.direction {
            None => "messages",
            Some(Direction::Request) => "requests",
            Some(Direction::Reply) => "replies",
        })?;
        for (word, parties) in [("from", &self.from), ("to", &self.to)] {
            let Some(parties) = parties else { continue };
            let parties: Vec<String> = parties.iter().map(ToString::to_string).collect();
            write!(f, " {word} {}", parties.join(", "))?;
        }
        if let Some(method) = &self.method {
            write!(f, " of {method}")?;
        }
        if self.condition.is_some() {
            f.write_str(" with a condition")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traffic({self})")
    }
}

/// A rule for some messages only; see [`Rule::on`].
#[derive(Debug)]
pub struct Scoped<R> {
    rule: R,
    traffic: Traffic,
}

impl<R> Scoped<R> {
    pub(super) fn new(rule: R, traffic: Traffic) -> Self {
        Self { rule, traffic }
    }
}

impl<R: Rule> Rule for Scoped<R> {
    fn judge(&self, message: &Message<'_>, chance: &mut Chance<'_>) -> Verdict {
        if self.traffic.contains(message) { self.rule.judge(message, chance) } else { Verdict::Pass }
    }

    fn name(&self) -> String {
        format!("{} on {}", self.rule.name(), self.traffic)
    }
}
