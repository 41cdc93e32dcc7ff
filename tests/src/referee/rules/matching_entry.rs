//! A follower accepts entries only after one that it has (Fig. 2, AppendEntries, receiver 2; §5.3).
//!
//! It can have only entries that were sent to it or that it made itself. And where it has acknowledged another entry
//! since, it does not have this one.

use raft_interface::ServerId;

use super::{Case, On, Rule};
use crate::referee::breach::{Broken, Position};
use crate::referee::fact::What;
use crate::referee::ledger::{Handled, Ledger, proof};
use crate::referee::reading::{Reply, Request};

pub(super) static RULE: Rule = Rule {
    title: "success only if the log has the entry at prevLogIndex (Fig. 2, AppendEntries, receiver 2; §5.3, Log Matching)",
    why: "The leader counts a success as \"stores everything up to here\". If the logs differ before, an entry \
          counts as stored that is not, and may be committed and lost.",
    hint: "the check is missing for heartbeats, compares the index and not the term, or is passed by a log that is \
           too short",
    on: &[On::Acknowledged, On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Broken> {
    let Case { ledger, fact, .. } = *case;
    let asked = fact.post.asked;
    let (request, handled, applied) = match fact.what {
        What::Answered { request, handled, reply: Reply::Append { success: true, .. } } => {
            (request, Some(handled), None)
        }
        What::Applied { index, term } => {
            let applied = Position { index, term };
            (accepted_meanwhile(ledger, asked, applied)?, None, Some(applied))
        }
        _ => return None,
    };
    let &Request::Append { term, prev, .. } = request else { return None };
    let why = missing(ledger, asked, prev, handled)?;
    let seen = match applied {
        None => "success".to_owned(),
        Some(applied) => format!("it applies its own entry {applied}, and has not answered yet"),
    };
    Some(Broken {
        headline: format!("S{asked} accepts entries after entry {prev}, which it does not have"),
        expected: format!("a rejection: {why}"),
        seen,
        servers: vec![asked],
        term,
        proof: proof([ledger.servers[asked].stored.map(|stored| stored.line)]),
    })
}

/// The request that makes a server apply an entry other than the committed one: it is being handled, and has told the
/// server that the entry there is committed.
fn accepted_meanwhile(ledger: &Ledger, server: ServerId, applied: Position) -> Option<&Request> {
    let is_cause = |request: &&Request| match **request {
        Request::Append { prev, commit, .. } => {
            applied.index <= prev.index.min(commit) && !ledger.can_have(server, prev)
        }
        _ => false,
    };
    let request = ledger.open_requests(server).find(is_cause)?;
    ledger.committed.get(applied.index).filter(|&(of, _)| of != applied.term)?;
    Some(request)
}

/// How it is known that a server does not have an entry, if it is.
fn missing(ledger: &Ledger, asked: ServerId, prev: Position, handled: Option<&Handled>) -> Option<String> {
    if !ledger.can_have(asked, prev) {
        return Some(format!("nobody ever sent the entry {prev} to S{asked}"));
    }
    let (server, handled) = (&ledger.servers[asked], handled?);
    let own = handled
        .stored
        .filter(|_| server.cuts == handled.cuts && !handled.is_mixed)
        .filter(|stored| prev.index > server.snapshot.max(server.bound) && prev.index <= stored.index)
        .and_then(|stored| ledger.entries.term_before(stored, prev.index))?;
    (own != prev.term).then(|| format!("S{asked} has an entry of term {own} there"))
}
