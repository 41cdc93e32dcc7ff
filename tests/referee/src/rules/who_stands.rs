//! Who has no vote does not stand for election (§6; thesis §4.2.1).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;

pub(crate) static RULE: Rule = Rule {
    title: "who has no vote does not stand for election (§6; thesis §4.2.1, non-voting members)",
    why: "It drives up the term, which takes the cluster from a leader that works, and can win nothing.",
    hint: "the election timer runs for learners too, or for servers that are in no configuration",
    on: &[On::Asking],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Vote { term, .. } = request else { return None };
    let server = fact.envelope.caller;
    ledger.quorum.never_votes(server).then(|| Accusation {
        headline: format!("S{server} stands for election in term {term}, and has no vote"),
        expected: format!("silence: those that count are {}", ledger.quorum.describe()),
        seen: format!("S{server} asks for votes"),
        servers: vec![server],
        term,
        entry: None,
        proof: Vec::new(),
    })
}
