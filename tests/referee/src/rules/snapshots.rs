//! A snapshot holds committed entries only (§7; Fig. 13).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;

pub(crate) static RULE: Rule = Rule {
    title: "a snapshot holds committed entries (§7; Fig. 13)",
    why: "A snapshot replaces entries for good, so nothing in it may be taken back.",
    hint: "the index of the snapshot is not the one that the service asked for, or lies behind commitIndex",
    on: &[On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Snapshot { term, last, .. } = request else { return None };
    let server = fact.envelope.caller;
    // Committed by any leader so far. Nobody tells the referee which of them this server has heard.
    (last.index > ledger.committable && ledger.sees_all_contents()).then(|| Accusation {
        headline: format!("S{server} sends a snapshot up to {last}, which nobody can have committed"),
        expected: format!("an index up to {}", ledger.committable),
        seen: format!("a snapshot up to {last}"),
        servers: vec![server],
        term,
        entry: Some(last.index),
        proof: Vec::new(),
    })
}
