//! A server's term never goes back, also not in a restart (Fig. 2, State: currentTerm; §5.1).
//!
//! Its answers show its term, and so do its requests. An answer must not be below what the server showed before the
//! request was delivered; a request of a new incarnation not below what the one before has shown.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a server's term never goes back, also across restarts (Fig. 2, currentTerm; §5.1)",
    why: "Terms are Raft's clock. A server that returns to an older term votes and follows there a second time, \
          and two leaders of one term overwrite each other.",
    hint: "currentTerm set to any term that differs instead of a higher one, not adopted from a request, or not saved",
    on: &[On::Asking, On::Leading, On::Voted, On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let (server, term, floor, line) = match fact.what {
        What::Answered { delivery, reply, .. } => (
            fact.envelope.callee,
            reply.term(),
            delivery.floor,
            ledger.servers[fact.envelope.callee].floor.line.as_ref(),
        ),
        What::Sent { request, life, .. } => {
            // It may have been built before the term changed. But not before this incarnation began, with
            // what the one before had stored.
            let floor = ledger.servers[fact.envelope.caller].floor_of(life)?;
            (fact.envelope.caller, request.term(), floor.term, floor.line.as_ref())
        }
        _ => return None,
    };
    // A yes with term 0 is one whose reply the server has left empty otherwise.
    (0 < term && term < floor).then(|| Accusation {
        headline: format!("S{server} went back from term {floor} to term {term}"),
        expected: format!("term {floor} or above: S{server} was there already"),
        seen: format!("S{server} sends term {term}"),
        servers: vec![server],
        term: floor,
        entry: None,
        proof: proof([line.copied()]),
    })
}
