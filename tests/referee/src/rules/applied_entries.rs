//! A follower applies only what it has in common with a leader, up to that leader's commit index (Fig. 2,
//! AppendEntries, receiver 5; §5.3).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a follower commits min(leaderCommit, index of the last new entry) (Fig. 2, AppendEntries, receiver 5)",
    why: "Behind the last entry that was compared, a follower's log may differ from the leader's. What it applies from \
          there is not what was committed.",
    hint: "the minimum is missing or is taken with the end of the own log; what is applied from there may be what was never \
           committed",
    on: &[On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Applied { index, term } = fact.what else { return None };
    let server = fact.envelope.caller;
    let commit_max = ledger.servers[server].commit_max;
    if index <= commit_max {
        return None;
    }
    // That it is another one says more than that it came too early, which may turn out to be right.
    let (headline, expected) = match ledger.committed.get(index) {
        // Where nobody tells what was given to the leaders, their indexes may not be those on the wire.
        Some((of, _)) if of != term && ledger.has_told_calls => (
            format!("S{server} applies entry {index} of term {term}; the committed one is of term {of}"),
            format!("the entry of term {of}"),
        ),
        _ => (
            format!(
                "S{server} applies entry {index}, but can know only of {commit_max} that it is committed"
            ),
            format!(
                "entries up to {commit_max}: further no leader has compared this log and called it committed"
            ),
        ),
    };
    Some(Accusation {
        headline,
        expected,
        seen: format!("S{server} delivers entry {index} of term {term} to its service"),
        servers: vec![server],
        term,
        entry: Some(index),
        proof: proof([ledger.servers[server].floor.line]),
    })
}
