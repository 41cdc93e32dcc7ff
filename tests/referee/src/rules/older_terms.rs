//! A request of an older term is refused (Fig. 2, RequestVote, receiver 1; AppendEntries, receiver 1).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Reply;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a request of an older term is refused (Fig. 2, receiver 1 of RequestVote and AppendEntries)",
    why: "A deposed leader may still send. If its entries were taken, they could replace entries that the new leader \
          has committed.",
    hint: "the comparison of the request's term with currentTerm is missing, or comes after the work",
    on: &[On::Voted, On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, delivery, reply } = fact.what else { return None };
    let what = match reply {
        Reply::Vote { granted: true, .. } => "votes for",
        Reply::Append { success: true, .. } => "accepts entries of",
        _ => return None,
    };
    let (callee, caller, term) = (fact.envelope.callee, fact.envelope.caller, request.term());
    // As of the delivery. A term that it learned while it was at work may have come after its answer was
    // decided.
    let known = delivery.floor;
    (term < known).then(|| Accusation {
        headline: format!("S{callee} is in term {known} and {what} S{caller} in term {term}"),
        expected: format!("a refusal with term {known}, so that S{caller} steps down"),
        seen: format!("S{callee} says yes to a request of term {term}"),
        servers: vec![callee, caller],
        term,
        entry: None,
        proof: proof([ledger.servers[callee].floor.line]),
    })
}
