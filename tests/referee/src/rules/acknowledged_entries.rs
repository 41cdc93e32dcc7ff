//! What a follower has acknowledged stays in its log until a later leader replaces it, also across restarts (Fig. 2,
//! State: log[], "updated on stable storage before responding to RPCs"; §5.3).
//!
//! A loss shows when the server rejects entries that follow those that it acknowledged, or stands for election with
//! a shorter log.

use raft_interface::Index;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::{Sending, What};
use crate::ledger::{Ledger, Server};
use crate::message::{Reply, Request};
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "acknowledged entries stay, also across restarts (Fig. 2, log[] on stable storage; §5.3)",
    why: "The leader has counted the acknowledgement. If the entry goes, it may be committed on fewer servers than a \
          majority, and the next leader overwrites it.",
    hint: "log not stored before the answer, the log cut without a conflict (a late, shorter AppendEntries), the whole log \
           dropped for a snapshot that ends within it, or a RequestVote that names another entry than the last of the log",
    on: &[On::Asking, On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let (who, expected, seen) = match fact.what {
        What::Answered { request, delivery, reply: Reply::Append { term, success: false, conflict, .. } } => {
            let &Request::Append { term: asked_in, prev, .. } = request else { return None };
            let server = &ledger.servers[fact.envelope.callee];
            let stored = delivery.stored?;
            // A rejection has other reasons, too: a later term, entries that another message has replaced
            // since, a message of another term that is handled at the same time, a snapshot in which the
            // entry lies.
            let is_certain = term == asked_in
                && server.cuts == delivery.cuts
                && !delivery.is_mixed
                && is_about_the_log(ledger, server, prev.index, conflict);
            if !is_certain || ledger.entries.term_before(stored, prev.index) != Some(prev.term) {
                return None;
            }
            (
                fact.envelope.callee,
                format!(
                    "success: it has acknowledged entry {stored}, and with it the one at prevLogIndex, {prev}"
                ),
                format!("it rejects entries that follow entry {prev}"),
            )
        }
        What::Sent { request, sending: Sending { counts: true, .. }, .. } => {
            let &Request::Vote { term, last } = request else { return None };
            // What it acknowledged in an earlier term was in its log when it became a candidate. In the same
            // term or a later one it may have been acknowledged after the request was built.
            let stored = ledger.servers[fact.envelope.caller]
                .stored
                .as_ref()
                .filter(|stored| stored.leader_term < term)?;
            if last.up_to_date() >= stored.position.up_to_date() {
                return None;
            }
            (
                fact.envelope.caller,
                format!("a log that ends with entry {} or later", stored.position),
                format!("it stands for election with a log that ends with entry {last}"),
            )
        }
        _ => return None,
    };
    let stored = ledger.servers[who].stored;
    Some(Accusation {
        headline: format!("S{who} says that it lacks entries which it has acknowledged: {seen}"),
        expected,
        seen: format!("S{who}: {seen}"),
        servers: vec![who],
        term: fact.term(),
        entry: stored.map(|stored| stored.position.index),
        proof: proof([stored.map(|stored| stored.line)]),
    })
}

/// Whether a rejection means that the entry is missing. A follower that has it in a snapshot may reject, too; and one
/// that knows better where the leader should go on may say so.
fn is_about_the_log(ledger: &Ledger, server: &Server, index: Index, conflict: Option<Index>) -> bool {
    let trimmed = server.trimmed(ledger.is_told_calls());
    match conflict {
        // It wants to go on from there or below, so it does not have the entry. Who wants to go on from above
        // has it, and more.
        Some(conflict) => conflict <= index && index > trimmed,
        // A bare rejection of what may be committed may mean that it is compacted.
        None => index > trimmed.max(server.commit_max),
    }
}
