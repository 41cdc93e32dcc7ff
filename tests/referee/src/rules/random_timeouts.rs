//! Election timeouts are drawn at random, each time anew (§5.2).
//!
//! A server that stands for election again and again, always after the same time, does not do that.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;

pub(crate) static RULE: Rule = Rule {
    title: "election timeouts are drawn at random, each time anew (§5.2)",
    why: "Servers that time out together split the vote. Chance sees to it that they do not do so for ever.",
    hint: "a fixed timeout, or one that is drawn once and kept; the vote splits, and there is no leader",
    on: &[On::Asking],
    check,
};

/// As many times in a row a server may happen to wait for the same time, within one per cent.
const SAME_MAX: u32 = 8;

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Vote { term, .. } = request else { return None };
    let (server, duties) = (fact.envelope.caller, &ledger.servers[fact.envelope.caller].duties);
    // The same term once more is the same election, with a request to another server.
    let wait = duties.wait(term)?;
    (ledger.has_exact_time && duties.same_waits >= SAME_MAX).then(|| Accusation {
        headline: format!("S{server} stands for election every {wait:.0?}"),
        expected: "another time between two elections, each time".to_owned(),
        seen: format!("the same time, {} times in a row", duties.same_waits + 1),
        servers: vec![server],
        term,
        proof: Vec::new(),
    })
}
