//! A server that has its vote grants it to the first who asks with a log that is good enough (Fig. 2, RequestVote,
//! receiver 2; §5.2).
//!
//! In a term that is new to it, a server has its vote, unless it stands itself. A candidate whose log ends with or after
//! everything that the server was ever given is good enough. A server may have stood itself before anybody hears of it; so
//! a row of refusals is needed, and that it has asked for votes meanwhile, in another term: its candidacies do show.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Reply;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a free vote goes to the first candidate whose log is good enough (Fig. 2, RequestVote, receiver 2)",
    why: "If votes are refused without a reason, nobody gets a majority, and the cluster has no leader.",
    hint: "votedFor not reset in a new term, or a log that is equally long taken for one that is behind; \
           nobody becomes leader",
    on: &[On::Voted],
    check,
};

/// As many refusals in a row may have a reason that does not show.
const REFUSALS_MAX: usize = 4;

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { reply: Reply::Vote { term, granted: false }, .. } = fact.what else { return None };
    let (voter, duties) = (fact.envelope.callee, &ledger.servers[fact.envelope.callee].duties);
    let refusals = &duties.refusals;
    let (&(first, line), &(last, _)) = (refusals.first()?, refusals.last()?);
    let is_certain = ledger.is_told_calls() && duties.has_stood_since(line.at);
    (is_certain && refusals.len() > REFUSALS_MAX && term > last).then(|| Accusation {
        headline: format!("S{voter} refuses its vote to everybody"),
        expected: "a vote for the first candidate of a term that has all that the voter can have".to_owned(),
        seen: format!(
            "S{voter} has refused {} such candidates in a row, from term {first} on",
            refusals.len()
        ),
        servers: vec![voter],
        term,
        entry: None,
        proof: proof(refusals.iter().take(3).map(|&(_, line)| Some(line))),
    })
}
