//! A server stands for election after an election timeout without a word from a leader and without a vote that it has
//! granted (Fig. 2, Followers 2; §5.2).
//!
//! How long the timeout is does not show. But no cluster works with one that is a fraction of a heartbeat interval.
//! A timer may run out at the moment at which the message comes, and the thread that waits for it may not see both; so
//! once proves nothing, and twice does.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::{Sending, What};
use crate::message::Request;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "no election within an election timeout of a leader's message or a granted vote (Fig. 2, Followers 2; §5.2)",
    why: "Who stands too early takes the cluster from a leader that works, or the election from a candidate that was \
          about to win.",
    hint: "the election timer is not reset, when AppendEntries is accepted or when a vote is granted",
    on: &[On::Asking],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let What::Sent { request, life, sending: Sending { counts: true, .. } } = fact.what else { return None };
    let &Request::Vote { term, .. } = request else { return None };
    let (who, server) = (fact.envelope.caller, &ledger.servers[fact.envelope.caller]);
    let line = server.is_early(fact.envelope.at, term)?;
    // Only if it was early before, in another term: once may be a timer that ran out while the message was
    // handled.
    let (_, first) = server.early.filter(|&(early, _)| early != term)?;
    // Servers that also talk in other ways may be told to stand.
    if ledger.has_other_methods || ledger.has_orders_to_stand || life.is_none() {
        return None;
    }
    let (waited, before) = (fact.envelope.at.saturating_sub(line.at), term - 1);
    Some(Accusation {
        headline: format!(
            "S{who} stands for election {waited:?} after it had a reason to wait, not for the first time"
        ),
        expected: "an election timeout without a leader's message and without a granted vote".to_owned(),
        seen: format!("S{who} answered in term {before}, and asks for votes in term {term}"),
        servers: vec![who],
        term,
        entry: None,
        proof: proof([Some(first), Some(line)]),
    })
}
