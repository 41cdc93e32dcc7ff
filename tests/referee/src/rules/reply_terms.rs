//! A refusal bears the server's current term, not that of the request (Fig. 2, results: currentTerm, for the sender to update
//! itself).
//!
//! Whoever is refused for an old term learns the current one by the reply alone. One that repeats the sender's own term looks as if
//! the server had gone back to it; but it has only said the wrong thing. Where it also gives what was asked for, it takes part in
//! that term, and that is for the next rule.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Reply;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a server's term never goes back, and its replies bear it (Fig. 2, results: currentTerm; §5.1)",
    why: "A candidate or leader of an old term learns of the current one by the reply. If that repeats its own term, it goes on.",
    hint: "the reply is filled with the term of the request in place of currentTerm; or currentTerm is set to any term that differs",
    on: &[On::Voted, On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, delivery, reply } = fact.what else { return None };
    let is_refusal =
        matches!(reply, Reply::Vote { granted: false, .. } | Reply::Append { success: false, .. });
    let (server, term, floor) = (fact.envelope.callee, reply.term(), delivery.floor);
    let is_echo = is_refusal && 0 < term && term < floor && term == request.term();
    is_echo.then(|| Accusation {
        headline: format!("S{server} refuses with term {term}, and was in term {floor} already"),
        expected: format!("term {floor} or above in the reply, for S{} to update itself", delivery.caller),
        seen: format!("the reply carries the term of the request, {term}, not the current term of S{server}"),
        servers: vec![server],
        term: floor,
        entry: None,
        proof: proof([ledger.servers[server].floor.line]),
    })
}
