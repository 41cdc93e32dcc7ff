//! A request of an older term is refused (Fig. 2, RequestVote, receiver 1; AppendEntries, receiver 1).

use super::rule::{Broken, Case, On, Rule};
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

fn check(case: &Case<'_>) -> Option<Broken> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, handled, reply } = fact.what else { return None };
    let what = match reply {
        Reply::Vote { granted: true, .. } => "votes for",
        Reply::Append { success: true, .. } => "accepts entries of",
        _ => return None,
    };
    let (asked, asker, term) = (fact.post.asked, fact.post.asker, request.term());
    let known = handled.floor;
    (term < known).then(|| Broken {
        headline: format!("S{asked} is in term {known} and {what} S{asker} in term {term}"),
        expected: format!("a refusal with term {known}, so that S{asker} steps down"),
        seen: format!("S{asked} says yes to a request of term {term}"),
        servers: vec![asked, asker],
        term,
        proof: proof([ledger.servers[asked].floor.line]),
    })
}
