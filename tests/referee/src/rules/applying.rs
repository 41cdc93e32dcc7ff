//! A server applies what it knows to be committed (Fig. 2, All servers 1; §5.3).
//!
//! A leader knows what it announces. A follower knows the smaller of leaderCommit and the last index of a message that
//! it has accepted.

use std::time::Duration;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a server applies what it knows to be committed (Fig. 2, All servers 1; §5.3)",
    why: "Clients wait until their command is applied. A commit index that nobody acts on helps nobody.",
    hint: "the thread that applies is not woken when commitIndex moves, or waits for something else",
    on: &[On::Asking, On::Leading, On::Voted, On::Acknowledged],
    check,
};

/// How long a server may take from knowing to applying, in a simulation and with a service that takes everything.
const APPLY_MAX: Duration = Duration::from_secs(3);

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let server = match fact.what {
        What::Answered { .. } => fact.envelope.callee,
        What::Sent { .. } => fact.envelope.caller,
        _ => return None,
    };
    let due = ledger.servers[server]
        .duties
        .apply
        .as_ref()
        // A service that takes its time holds up its server, and a real machine anybody.
        .filter(|_| ledger.has_services && !ledger.has_own_indexes && ledger.has_exact_time)?;
    let time = fact.envelope.at.saturating_sub(due.since);
    (time > APPLY_MAX).then(|| Accusation {
        headline: format!("S{server} knows that entry {} is committed and does not apply it", due.index),
        expected: format!("entry {} on the apply channel, right after those before it", due.index),
        seen: format!("nothing for {:.1} s, while S{server} sends and answers", time.as_secs_f64()),
        servers: vec![server],
        term: fact.term(),
        entry: None,
        proof: proof([Some(due.line)]),
    })
}
