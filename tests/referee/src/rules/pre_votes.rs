//! A pre-vote moves no term (thesis §9.6): it asks in a term that is nobody's yet.
//!
//! Terms come into the world by candidates. So a server that is in a term which nobody has told, after it was asked in that term
//! for a vote that does not count, was moved by the question; or it stands itself, and has not asked anybody yet. The latter
//! shows soon, so a row of such terms is needed in which it never asks for votes. A start ends the row: it may have lost its
//! power between the save and the first request.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a pre-vote moves neither the term nor the vote of who answers it (thesis §9.6)",
    why: "The question is asked so that nobody's term moves for a candidate that cannot win. If the voters' terms move, each \
          question deposes the leader.",
    hint: "the term of every request is adopted before anybody looks at what it asks for",
    on: &[On::Voted, On::Acknowledged],
    check,
};

/// So many such terms may be candidacies that came to an end before anybody was asked.
const TERMS_MAX: usize = 2;

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { delivery, reply, .. } = fact.what else { return None };
    // Whatever else they send each other may tell terms as well.
    if ledger.has_unknown_contents {
        return None;
    }
    let (callee, server) = (fact.envelope.callee, &ledger.servers[fact.envelope.callee]);
    let term = server.is_moved(delivery.at, reply.term(), ledger.highest_term)?;
    (server.moved.len() >= TERMS_MAX).then(|| Accusation {
        headline: format!("S{callee} moves to term {term} because it was asked whether it would vote in it"),
        expected: format!("an older term: nobody stands in term {term}"),
        seen: format!(
            "S{callee} answers in term {term}, and has done so in {} terms before",
            server.moved.len()
        ),
        servers: vec![callee],
        term,
        entry: None,
        proof: proof(server.moved.iter().map(|&(_, line)| Some(line))),
    })
}
