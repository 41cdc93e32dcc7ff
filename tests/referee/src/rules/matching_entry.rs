//! A follower accepts entries only after one that it has (Fig. 2, AppendEntries, receiver 2; §5.3).
//!
//! It can have only entries that were sent to it or that it made itself. And where it has acknowledged another entry
//! since, it does not have this one. That it took such entries shows in its answer, or before that in what it applies.

use raft_interface::ServerId;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::Delivery;
use crate::fact::What;
use crate::ledger::Ledger;
use crate::message::Position;
use crate::message::{Reply, Request};
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "success only if the log has the entry at prevLogIndex (Fig. 2, AppendEntries, receiver 2; §5.3, Log Matching)",
    why: "The leader counts a success as \"stores everything up to here\". If the logs differ before, an entry \
          counts as stored that is not, and may be committed and lost.",
    hint: "the check is missing for heartbeats, compares the index and not the term, or is passed by a log that is \
           too short",
    on: &[On::Acknowledged, On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let callee = fact.envelope.callee;
    let (request, why, seen) = match fact.what {
        What::Answered { request, delivery, reply: Reply::Append { success: true, .. } } => {
            let prev = prev(request)?;
            let why = never_sent(ledger, callee, prev).or_else(|| differs(ledger, callee, prev, delivery))?;
            (request, why, "success".to_owned())
        }
        What::Applied { index, term } => {
            let applied = Position { index, term };
            let (request, why) = accepted_meanwhile(ledger, callee, applied)?;
            (request, why, format!("it applies its own entry {applied}, and has not answered yet"))
        }
        _ => return None,
    };
    let (term, prev) = (request.term(), prev(request)?);
    Some(Accusation {
        headline: format!("S{callee} accepts entries after entry {prev}, which it does not have"),
        expected: format!("a rejection: {why}"),
        seen,
        servers: vec![callee],
        term,
        entry: Some(prev.index),
        proof: proof([ledger.servers[callee].stored.map(|stored| stored.line)]),
    })
}

fn prev(request: &Request) -> Option<Position> {
    match *request {
        Request::Append { prev, .. } => Some(prev),
        _ => None,
    }
}

/// The request that makes a server apply an entry other than the committed one, and what is wrong with it: it is being
/// handled, and nobody else has told the server that the entry there is committed.
fn accepted_meanwhile(ledger: &Ledger, server: ServerId, applied: Position) -> Option<(&Request, String)> {
    ledger.committed.get(applied.index).filter(|&(of, _)| of != applied.term && ledger.has_told_calls)?;
    ledger.open_calls(server).find_map(|call| {
        let &Request::Append { prev, commit, .. } = &call.request else { return None };
        // The entry became applicable by this request and by nothing before it: so the handler has accepted
        // it, although it has not returned.
        let is_cause = applied.index > call.delivery()?.commit_max && applied.index <= prev.index.min(commit);
        let why = never_sent(ledger, server, prev).filter(|_| is_cause)?;
        Some((&call.request, why))
    })
}

fn never_sent(ledger: &Ledger, server: ServerId, prev: Position) -> Option<String> {
    let can_have = ledger.can_have(server, prev) || !ledger.sees_all_contents();
    (!can_have).then(|| format!("nobody ever sent the entry {prev} to S{server}"))
}

/// The server has acknowledged another entry there.
fn differs(ledger: &Ledger, callee: ServerId, prev: Position, delivery: &Delivery) -> Option<String> {
    let server = &ledger.servers[callee];
    let own = delivery
        .stored
        .filter(|_| server.cuts == delivery.cuts && !delivery.is_mixed)
        // Up to a snapshot, or what may be committed, logs do not differ, and a follower may say yes without
        // a look.
        .filter(|stored| prev.index > server.snapshot.max(server.commit_max) && prev.index <= stored.index)
        .and_then(|stored| ledger.entries.term_before(stored, prev.index))?;
    (own != prev.term).then(|| format!("S{callee} has an entry of term {own} there"))
}
