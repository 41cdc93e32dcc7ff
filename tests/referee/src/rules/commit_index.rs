//! A leader commits what a majority stores, and counts only entries of its own term (Fig. 2, Leaders 4; §5.3, §5.4.2).
//!
//! All acknowledgements cross the wire. An index above everything that any leader so far can have found to be
//! committed is one that nobody may announce, and no leader may apply.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::Ledger;
use crate::message::Request;
use crate::proof::Line;
use crate::proof::proof;

/// How a headline ends that accuses a leader of committing what a majority stores and is of an earlier term. Hints go by it.
pub const BY_COUNTING: &str = "by counting copies";

pub(crate) static RULE: Rule = Rule {
    title: "an entry is committed when a majority stores it; those of earlier terms are not committed by counting (Fig. 2, \
            Leaders 4; §5.4.2)",
    why: "An entry of an earlier term can be on a majority and still be overwritten (Fig. 8). And what only a minority \
          stores is lost with it.",
    hint: "the condition log[N].term == currentTerm is missing, matchIndex is set to more than the request covered, \
           or half is counted as a majority",
    on: &[On::Leading, On::Applied],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let server = fact.envelope.caller;
    let (term, commit, does) = match fact.what {
        What::Sent { request, .. } => {
            let &Request::Append { term, commit, .. } = request else { return None };
            // Of any leader so far, not only of this one: a server that becomes leader brings along what it
            // was told as a follower, and what it knew as a leader and never told.
            (commit > ledger.committable).then_some((term, commit, "announces the commit index"))?
        }
        // This is for leaders. What a follower may apply is the matter of `applied_entries`.
        What::Applied { index, .. } if index > ledger.servers[server].commit_max => {
            let term = ledger.servers[server].floor.term;
            let leads = ledger.terms.get(term)?.leader_id() == Some(server);
            leads.then_some((term, index, "applies entry"))?
        }
        _ => return None,
    };
    // Acknowledgements in a forgotten term were not counted, and those of other names were not read.
    if !ledger.terms.is_kept(term) || !ledger.sees_all_contents() {
        return None;
    }
    let record = ledger.terms.get(term);
    let stored = || record.into_iter().flat_map(|record| record.stored_on(commit));
    let of = record.and_then(|record| ledger.term_in_log(record, commit));
    // Whatever a majority stores and is of the leader's term could have been committed: so this is of an earlier one.
    let (headline, expected) = if ledger.quorum.agree(stored()) && of != Some(term) {
        let of = of.map_or_else(String::new, |of| format!(" of term {of}"));
        (
            format!("S{server} commits entry {commit}{of} in term {term} {BY_COUNTING}"),
            format!("an entry of term {term} at {commit} or above that a majority stores"),
        )
    } else {
        (
            format!(
                "S{server} commits entry {commit}, which {} of {} servers store",
                stored().count().max(1),
                ledger.servers.len()
            ),
            format!("{} that have acknowledged entry {commit}, or are its leader", ledger.quorum.describe()),
        )
    };
    Some(Accusation {
        headline,
        expected,
        seen: format!("S{server} {does} {commit} in term {term}"),
        servers: vec![server],
        term,
        entry: Some(commit),
        proof: proof([leader_line(ledger, term)]),
    })
}

fn leader_line(ledger: &Ledger, term: u64) -> Option<Line> {
    ledger.terms.get(term)?.leader.map(|leader| leader.line)
}
