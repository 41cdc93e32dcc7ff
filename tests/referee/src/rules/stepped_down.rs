//! Who hears of a higher term steps down, and sends nothing more in its old term (Fig. 2, All servers 2; §5.1).
//!
//! A message may have been built before; so one proves nothing. A row of them, over half a second, does, unless each may
//! be one that was sent before and is sent again because nobody has answered (§5.5).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::Floor;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "who hears of a higher term leaves its own (Fig. 2, All servers 2; §5.1)",
    why: "A leader or candidate that stays in a term that is over is of no use to anybody, and with an unlucky \
          network it stays there for ever.",
    hint: "the term of a reply is not looked at: AppendEntries, RequestVote and InstallSnapshot all carry one back",
    on: &[On::Asking, On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, life, sending } = fact.what else { return None };
    if sending.may_repeat {
        return None;
    }
    let (server, term) = (fact.envelope.caller, request.term());
    // Not one message but a row of them: a paused server sends what it had built, all in one moment, and then
    // steps down.
    let stale = ledger.servers[server].stale.as_ref().filter(|stale| stale.term == term)?;
    let &Floor { term: known, line } = ledger.servers[server].known_term(life)?;
    (term < known && stale.is_proof(fact.envelope.at)).then(|| Accusation {
        headline: format!("S{server} knows of term {known} and goes on in term {term}"),
        expected: format!("S{server} follows in term {known}, or stands for election in a later one"),
        seen: format!("S{server} sends requests of term {term} since {:.3} s", stale.first.at.as_secs_f64()),
        servers: vec![server],
        term,
        entry: None,
        proof: proof([line, Some(stale.first)]),
    })
}
