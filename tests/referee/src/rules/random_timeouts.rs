//! Election timeouts are drawn at random, each time anew (§5.2).
//!
//! A server that stands for election again and again, always after the same time, does not do that.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;

pub(crate) static RULE: Rule = Rule {
    title: "election timeouts are drawn at random, each time anew (§5.2)",
    why: "Servers that time out together split the vote. Chance sees to it that they do not do so for ever.",
    hint: "a fixed timeout, one that is drawn once and kept, or a timer that standing for election does not start anew, so that \
           the server stands again at the next look at the clock",
    on: &[On::Asking],
    check,
};

/// As many times in a row a server may happen to wait for the same time, within one per cent. Some look at the clock only
/// every 50 ms, so that their timeouts have three values: the same twenty times is then one in three billions.
const SAME_MAX: u32 = 20;

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Vote { term, .. } = request else { return None };
    let (server, duties) = (fact.envelope.caller, &ledger.servers[fact.envelope.caller].duties);
    // The same term once more is the same election, with a request to another server.
    let (wait, same_waits) = duties.wait(fact.envelope.at, term)?;
    (ledger.has_exact_time && same_waits > SAME_MAX).then(|| Accusation {
        headline: format!("S{server} stands for election every {wait:.0?}"),
        expected: "another time between two elections, each time".to_owned(),
        seen: format!("the same time, {} times in a row", same_waits + 1),
        servers: vec![server],
        term,
        entry: None,
        proof: Vec::new(),
    })
}
