//! What a leader has compared is like its log: entries that conflict are gone (Fig. 2, AppendEntries, receiver 3; §5.3).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "an entry that conflicts with a leader's is deleted (Fig. 2, AppendEntries, receiver 3) before what that leader calls \
            committed is applied (receiver 5)",
    why: "A server may hold entries of a leader that lost. If it keeps one of them where the next leader has another, it \
          applies what was never committed: State Machine Safety is gone.",
    hint: "an entry that is there already counts as a copy without a look at its term, only what lies behind the end of the own \
           log is appended, or a message that is refused brings a commit index all the same",
    on: &[On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Applied { index, term } = fact.what else { return None };
    let server = fact.envelope.caller;
    let (of, _) = ledger.committed.get(index)?;
    // Where nobody tells what was given to the leaders, their indexes may not be those on the wire. What lies behind the last entry
    // that was compared is the matter of `applied_entries`.
    let is_known = index <= ledger.servers[server].commit_max;
    (of != term && ledger.has_told_calls && is_known).then(|| Accusation {
        headline: format!(
            "S{server} applies entry {index} of term {term}; the committed one is of term {of}"
        ),
        expected: format!("the entry of term {of}"),
        seen: format!("S{server} delivers entry {index} of term {term} to its service"),
        servers: vec![server],
        term,
        entry: Some(index),
        proof: proof([ledger.servers[server].floor.line]),
    })
}
