//! A follower accepts entries only after one that it has (Fig. 2, AppendEntries, receiver 2; §5.3).
//!
//! It can have only entries that were sent to it or that it made itself. And where it has acknowledged another entry
//! since, it does not have this one.

use super::{Case, On, Rule};
use crate::referee::breach::Broken;
use crate::referee::fact::What;
use crate::referee::ledger::proof;
use crate::referee::reading::{Reply, Request};

pub(super) static RULE: Rule = Rule {
    title: "success only if the log has the entry at prevLogIndex (Fig. 2, AppendEntries, receiver 2; §5.3, Log Matching)",
    why: "The leader counts a success as \"stores everything up to here\". If the logs differ before, an entry \
          counts as stored that is not, and may be committed and lost.",
    hint: "the check is missing for heartbeats, compares the index and not the term, or is passed by a log that is \
           too short",
    on: &[On::Acknowledged],
    check,
};

fn check(case: &Case<'_>) -> Option<Broken> {
    let Case { ledger, fact, .. } = *case;
    let What::Answered { request, handled, reply: Reply::Append { success: true, .. } } = fact.what else {
        return None;
    };
    let &Request::Append { term, prev, .. } = request else { return None };
    let server = &ledger.servers[fact.post.asked];
    let asked = fact.post.asked;
    let own = handled
        .stored
        .filter(|_| server.cuts == handled.cuts && !handled.is_mixed)
        .filter(|stored| prev.index > server.snapshot.max(server.bound) && prev.index <= stored.index)
        .and_then(|stored| ledger.entries.term_before(stored, prev.index));
    let seen = if !ledger.can_have(asked, prev) {
        format!("nobody ever sent the entry {prev} to S{asked}")
    } else if let Some(own) = own.filter(|&own| own != prev.term) {
        format!("S{asked} has an entry of term {own} there")
    } else {
        return None;
    };
    Some(Broken {
        headline: format!("S{asked} accepts entries after entry {prev}, which it does not have"),
        expected: format!("a rejection: {seen}"),
        seen: "success".to_owned(),
        servers: vec![asked],
        term,
        proof: proof([server.stored.map(|stored| stored.line)]),
    })
}
