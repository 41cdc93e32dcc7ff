//! A leader raises its commit index to an entry of its own term that a majority stores (Fig. 2, Leaders 4; §5.4.2).
//!
//! Seen from the messages: the commit index in the first AppendEntries of a term is what the leader already knew. When
//! a later one has a higher one, the leader must have sent an entry of its own term at or below it, and a majority,
//! the leader among them, must have acknowledged it.

use std::collections::BTreeMap;

use raft_interface::{Index, ServerId, Term};

use super::Invariant;
use crate::finding::Finding;
use crate::history::History;
use crate::observation::Observation;

/// What the leader of one term has said and heard.
#[derive(Debug)]
struct Leadership {
    commit: Index,
    /// The lowest index of an entry of its own term that it sent.
    first_own: Option<Index>,
    /// The highest index that each server acknowledged to it, by id.
    acknowledged: Vec<Index>,
}

/// The leaderships of all terms.
#[derive(Debug)]
pub(super) struct CommitRule {
    servers: usize,
    terms: BTreeMap<Term, Leadership>,
}

impl CommitRule {
    pub(super) fn new(servers: usize) -> Self {
        Self { servers, terms: BTreeMap::new() }
    }

    fn appending(
        &mut self,
        leader: ServerId,
        term: Term,
        prev: Index,
        entries: &[Term],
        commit: Index,
    ) -> Result<(), Finding> {
        let servers = self.servers;
        let led = self.terms.entry(term).or_insert_with(|| Leadership {
            commit,
            first_own: None,
            acknowledged: vec![0; servers],
        });
        if let Some(own) = entries.iter().position(|&entry| entry == term) {
            let index = prev + 1 + own as Index;
            led.first_own = Some(led.first_own.map_or(index, |first| first.min(index)));
        }
        if commit <= led.commit {
            return Ok(());
        }
        led.commit = commit;
        if led.first_own.is_none_or(|first| first > commit) {
            return Err(Finding::new(
                format!("S{leader} committed entry {commit} of an earlier term by counting copies"),
                format!("the leader of term {term} commits only with an entry of term {term}"),
                format!("S{leader} announced commit index {commit} without one at or below it"),
            )
            .rule("only entries of the leader's own term are committed by counting (§5.4.2, Fig. 8)")
            .hint("the condition log[N].term == currentTerm is missing")
            .servers([leader])
            .term(term));
        }
        let others = led.acknowledged.iter().enumerate();
        let stored = 1 + others.filter(|&(server, &index)| server != leader && index >= commit).count();
        if stored * 2 > servers {
            return Ok(());
        }
        Err(Finding::new(
            format!(
                "S{leader} committed entry {commit} that only {stored} of {servers} servers have acknowledged"
            ),
            format!("{} servers that store it", servers / 2 + 1),
            format!(
                "S{leader} announced commit index {commit} in term {term} with {stored}, itself among them"
            ),
        )
        .rule("an entry is committed when a majority stores it (§5.3; Fig. 2, Leaders 4)")
        .hint("matchIndex set to more than the request covered, or a majority counted wrong")
        .servers([leader])
        .term(term))
    }
}

impl Invariant for CommitRule {
    fn observe(&mut self, server: ServerId, fact: &Observation<'_>, _: &History) -> Result<(), Finding> {
        match *fact {
            Observation::Appending { term, prev, entries, commit } => {
                self.appending(server, term, prev.0, entries, commit)
            }
            Observation::Acknowledged { follower, term, index } => {
                if let Some(led) = self.terms.get_mut(&term)
                    && let Some(known) = led.acknowledged.get_mut(follower)
                {
                    *known = (*known).max(index);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;

    fn send(prev: Index, entries: &[Term], commit: Index) -> (ServerId, Observation<'_>) {
        (0, Observation::Appending { term: 4, prev: (prev, 2), entries, commit })
    }

    fn hear(follower: ServerId, index: Index) -> (ServerId, Observation<'static>) {
        (0, Observation::Acknowledged { follower, term: 4, index })
    }

    #[test]
    fn an_entry_of_an_earlier_term_is_not_committed_by_counting() {
        let facts = [send(2, &[], 1), hear(1, 2), hear(2, 2), send(2, &[4], 1), send(3, &[], 2)];
        let finding = breaks_at_the_last(CommitRule::new(3), &History::default(), &facts);
        assert!(finding.headline.contains("earlier term"), "{}", finding.headline);
    }

    #[test]
    fn half_of_the_servers_is_no_majority() {
        let facts = [send(2, &[4], 1), hear(1, 3), hear(3, 3), send(3, &[4], 3), hear(1, 4), send(4, &[], 4)];
        let finding = breaks_at_the_last(CommitRule::new(4), &History::default(), &facts);
        assert!(finding.headline.contains("2 of 4"), "{}", finding.headline);
    }
}
