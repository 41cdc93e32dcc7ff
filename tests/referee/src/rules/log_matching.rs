//! An index and a term name one entry and one past, and a leader never changes its own log (Fig. 3, Log Matching and
//! Leader Append-Only; §5.3).

use raft_interface::{Index, Term};

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::{Ledger, TermRecord};
use crate::message::Position;
use crate::message::{Entry, Request};
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "an index and a term name one entry and one past (Fig. 3, Log Matching and Leader Append-Only; §5.3)",
    why: "Followers compare only an index and a term. That says something about the whole log only because no two \
          entries ever share both.",
    hint: "the previous term read from the wrong place (an offset after a snapshot), entries changed in memory that a \
           message under way shares, or an index given twice",
    on: &[On::Leading],
    check,
};

/// No log of the lab is longer: this is 0 from which something was subtracted.
const INDEX_MAX: Index = 1 << 40;

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, record } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let (prev, entries) = match request {
        Request::Append { prev, entries, .. } => (*prev, &entries[..]),
        Request::Snapshot { last, .. } => (*last, &[][..]),
        Request::Vote { .. } => return None,
    };
    let (server, term) = (fact.envelope.caller, request.term());
    let (expected, seen) = impossible(prev.index)
        .or_else(|| changed(record, term, prev, entries))
        .or_else(|| other(ledger, prev, entries))?;
    let line = record.and_then(|record| record.leader).map(|leader| leader.line);
    Some(Accusation {
        headline: format!("S{server} contradicts what was sent before: {seen}"),
        expected,
        seen: format!("S{server} sends {seen}"),
        servers: vec![server],
        term,
        entry: None,
        proof: proof([line]),
    })
}

fn impossible(index: Index) -> Option<(String, String)> {
    (index > INDEX_MAX).then(|| {
        (
            "the index of an entry, or 0 before the first".to_owned(),
            format!("index {index} as one of an entry"),
        )
    })
}

/// Positions of a message: the one before the entries, and theirs.
fn positions(prev: Position, entries: &[Entry]) -> impl Iterator<Item = Position> {
    let of_entries = (prev.index + 1..).zip(entries);
    let prev = (prev.index > 0).then_some(prev);
    prev.into_iter().chain(of_entries.map(|(index, entry)| Position { index, term: entry.term }))
}

/// The leader's own log is another one than before, or has an entry of a later term.
fn changed(
    record: Option<&TermRecord>,
    term: Term,
    prev: Position,
    entries: &[Entry],
) -> Option<(String, String)> {
    let mut before = 0;
    for position in positions(prev, entries) {
        // No leader has an entry of a term after its own, and terms never fall along a log.
        if position.term > term || position.term < before {
            let bounds = format!("between {before} and {term}: terms in a log grow");
            return Some((format!("a term {bounds}"), format!("entry {position}")));
        }
        before = position.term;
        let sent = record.and_then(|record| record.term_at(position.index));
        if let Some(sent) = sent.filter(|&sent| sent != position.term) {
            let sent = Position { term: sent, ..position };
            return Some((
                format!("entry {sent}, as sent before in term {term}"),
                format!("entry {position}"),
            ));
        }
    }
    None
}

/// An entry differs from the one of the same index and term, or has another past.
fn other(ledger: &Ledger, prev: Position, entries: &[Entry]) -> Option<(String, String)> {
    let mut before = prev.term;
    for (index, entry) in (prev.index + 1..).zip(entries) {
        let here = Position { index: index as Index, term: entry.term };
        if let Some(known) = ledger.entries.get(here) {
            // The digest is of the command alone. What an implementation adds to an entry may change.
            if known.digest != entry.digest {
                return Some((
                    format!("the command that entry {here} had before"),
                    format!("entry {here} with another command"),
                ));
            }
            if known.before != before {
                let expected = format!("an entry of term {} before the entry {here}", known.before);
                return Some((expected, format!("entry {here} after one of term {before}")));
            }
        }
        before = entry.term;
    }
    None
}
