//! The rules, one file each: what Figure 2 and Figure 13 demand, as far as it shows on the wire.
//!
//! A rule is a function of the next fact and of the ledger, which holds what was certain before it. It answers `None`, or
//! an accusation. It remembers nothing itself and knows no other rule: so each file can be read alone, and a rule that
//! was asked once too often or in another order gives the same answer.
//!
//! # To add a rule
//!
//! 1. Write a file here with a `RULE` and its `check`; `older_terms` is a short one to copy. `on` says about which facts
//!    it is asked: the referee sees every message, and a rule that is not asked costs nothing.
//! 2. Name it below twice: `mod`, and a line in [`RULES`], before the rules that a violation of it also breaks. (The
//!    compiler warns of a rule that is in no list.)
//! 3. If it needs something that nobody remembers yet, that is a field of the ledger, entered in `ledger/enter.rs`.
//! 4. Show in `src/tests` a few messages that break it, and some that look alike and are legal; then add it to the table
//!    on the first page.

mod acknowledged_entries;
mod answers;
mod applied_entries;
mod applying;
mod commit_growth;
mod commit_index;
mod conflicting_entries;
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
mod pre_votes;
mod random_timeouts;
mod reply_terms;
mod rule;
mod snapshots;
mod stepped_down;
mod terms;
mod timer;
mod up_to_date;
mod who_stands;
mod whole_snapshots;

pub use commit_index::BY_COUNTING;
pub use rule::Rule;

pub(crate) use rule::{Accusation, Case, On};

/// All rules. The first that is broken names the violation, so causes stand before what they lead to.
pub static RULES: &[&Rule] = &[
    &reply_terms::RULE,
    &terms::RULE,
    &older_terms::RULE,
    &who_stands::RULE,
    &one_vote::RULE,
    &pre_votes::RULE,
    &up_to_date::RULE,
    &election::RULE,
    &one_leader::RULE,
    &log_matching::RULE,
    &matching_entry::RULE,
    &acknowledged_entries::RULE,
    &leader_completeness::RULE,
    &commit_index::RULE,
    &commit_growth::RULE,
    &snapshots::RULE,
    &whole_snapshots::RULE,
    &conflicting_entries::RULE,
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
