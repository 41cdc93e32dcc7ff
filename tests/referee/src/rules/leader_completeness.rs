//! What is committed is in the log of every later leader (Fig. 3, Leader Completeness; §5.4).

use raft_interface::{ServerId, Term};

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::{Ledger, TermRecord};
use crate::message::Position;
use crate::message::Request;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a leader's log holds all that was committed before (Fig. 3, Leader Completeness; §5.4)",
    why: "Committed entries were applied, and clients have seen the results. A leader without them would put other \
          commands in their place.",
    hint: "the up-to-date check of RequestVote; an entry committed that a majority did not store; a term lost with a \
           snapshot; a message of a deposed leader that is filled in when it leaves, as with a leaderCommit of its successor's",
    on: &[On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, record } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let (committed, seen) = match request {
        Request::Vote { .. } => return None,
        Request::Snapshot { term, last, .. } => contradiction(ledger, *term, *last)?,
        Request::Append { term, prev, entries, .. } => {
            let entries = (prev.index + 1..).zip(entries);
            let entries = entries.map(|(index, entry)| Position { index, term: entry.term });
            std::iter::once(*prev)
                .chain(entries)
                .find_map(|position| contradiction(ledger, *term, position))
                .or_else(|| missing(ledger, record, fact.envelope.caller, *term))?
        }
    };
    let (server, term) = (fact.envelope.caller, request.term());
    let candidacy = record.and_then(|record| record.candidates[server]).map(|(_, line)| line);
    Some(Accusation {
        headline: format!("S{server} leads term {term} without the committed entry {committed}"),
        expected: format!("entry {committed}: it was committed before term {term}"),
        seen: format!("S{server} {seen}"),
        servers: vec![server],
        term,
        entry: Some(committed.index),
        proof: proof([candidacy]),
    })
}

/// A committed entry in whose place a leader of this term, or an earlier one, sends another.
fn contradiction(ledger: &Ledger, term: Term, position: Position) -> Option<(Position, String)> {
    let (of, by) = ledger.committed.get(position.index)?;
    // A leader deposed before it was committed may well have another entry there.
    (term >= by && of != position.term)
        .then(|| (Position { term: of, ..position }, format!("has entry {position} there")))
}

/// A committed entry behind the end of the log with which a server won its election.
fn missing(
    ledger: &Ledger,
    record: Option<&TermRecord>,
    server: ServerId,
    term: Term,
) -> Option<(Position, String)> {
    // Only at its first message: with that its log begins to grow.
    let record = record.filter(|record| record.leader.is_none())?;
    let (last, _) = record.candidates[server]?;
    let committed = ledger.committed.last_before(term)?;
    (last.index < committed.index)
        .then(|| (committed, format!("was elected with a log that ends with entry {last}")))
}
