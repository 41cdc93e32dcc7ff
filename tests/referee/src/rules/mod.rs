//! The rules, one file each. A rule is a function of the ledger and the next fact, and remembers nothing itself.

mod acknowledged_entries;
mod answers;
mod applied_entries;
mod applying;
mod commit_growth;
mod commit_index;
mod election;
mod free_votes;
mod heartbeats;
mod leader_completeness;
mod log_matching;
mod matching_entry;
mod next_index;
mod older_terms;
mod one_leader;
mod one_vote;
mod random_timeouts;
mod snapshots;
mod stepped_down;
mod terms;
mod timer;
mod up_to_date;

use std::fmt;

use super::breach::Broken;
use super::fact::Fact;
use super::ledger::{Ledger, TermBook};

/// When a rule is asked: it looks at facts of these kinds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
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
    pub(super) const ALL: [Self; 6] =
        [Self::Asking, Self::Leading, Self::Delivered, Self::Voted, Self::Acknowledged, Self::Applied];
}

/// What a rule decides: whether the next fact agrees with the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) fact: &'a Fact<'a>,
    /// Of a request that is sent: what is known of its term.
    pub(super) book: Option<&'a TermBook>,
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
    pub(super) on: &'static [On],
    pub(super) check: fn(&Case<'_>) -> Option<Broken>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// All rules. The first that is broken names the breach, so causes stand before what they lead to.
pub static RULES: [&Rule; 22] = [
    &terms::RULE,
    &older_terms::RULE,
    &one_vote::RULE,
    &up_to_date::RULE,
    &one_leader::RULE,
    &election::RULE,
    &log_matching::RULE,
    &matching_entry::RULE,
    &acknowledged_entries::RULE,
    &leader_completeness::RULE,
    &commit_index::RULE,
    &commit_growth::RULE,
    &snapshots::RULE,
    &applied_entries::RULE,
    &stepped_down::RULE,
    &timer::RULE,
    &next_index::RULE,
    &heartbeats::RULE,
    &free_votes::RULE,
    &random_timeouts::RULE,
    &answers::RULE,
    &applying::RULE,
];
