//! A vote goes only to a candidate whose log is at least as up to date as the voter's (§5.4.1; Fig. 2, RequestVote,
//! receiver 2).
//!
//! What the voter has acknowledged, or sent as a leader, and nothing can have removed since is in its log. The log ends there or later.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::{Reply, Request};
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a vote only for a log that is at least as up to date (§5.4.1; Fig. 2, RequestVote, receiver 2)",
    why: "A committed entry is on a majority. Because each of them refuses candidates that lack it, every later \
          leader has it.",
    hint: "the last term must be compared first, and the last index only if the terms are equal; or entries were lost",
    on: &[On::Voted],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, delivery, reply: Reply::Vote { granted: true, .. } } = fact.what else {
        return None;
    };
    let &Request::Vote { term, last } = request else { return None };
    let voter = &ledger.servers[fact.envelope.callee];
    // The same vote once more gives nothing away: the request was repeated, and meanwhile the candidate, which alone leads this
    // term, may have sent what the voter has now.
    let has_voted = ledger.terms.get(term).and_then(|record| record.votes[fact.envelope.callee].as_ref());
    if has_voted.is_some_and(|&(candidate, _)| candidate == fact.envelope.caller) {
        return None;
    }
    let own = delivery.stored?;
    // If anything may have cut the log between delivery and answer, it may have ended earlier when the vote
    // was decided.
    if voter.cuts != delivery.cuts || last.up_to_date() >= own.up_to_date() {
        return None;
    }
    let (callee, caller) = (fact.envelope.callee, fact.envelope.caller);
    Some(Accusation {
        headline: format!("S{callee} votes in term {term} for S{caller}, whose log is behind its own"),
        expected: format!("a refusal: S{callee} has entry {own}"),
        seen: format!("S{caller}'s log ends with {last}, and S{callee} votes for it"),
        servers: vec![callee, caller],
        term,
        entry: Some(own.index),
        proof: proof([voter.last_certain().map(|stored| stored.line)]),
    })
}
