//! The terms of the entries that were applied last: what tells whether an entry that was forwarded is the one that was applied.
//!
//! A waiter of this server's own entry stands there before the entry is applied ([`waiters`](super::waiters)). Where an entry was
//! appended by another server, this one may apply it before it has heard where it stands. So the question comes afterwards:
//! which term has the entry at this index? Terms never fall along a log, so a few numbers answer it for very many entries.

use std::collections::VecDeque;

use kvraft_interface::Accepted;
use raft_interface::{Index, Term};

/// How many terms are remembered. A call waits for a few elections at most.
const TERMS_MAX: usize = 64;

/// What became of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All of them were applied.
    Applied,
    /// So many of the first were applied. The rest never will be: other entries stand in their places, or a later term has begun
    /// before them.
    Overwritten(Index),
    /// Nothing here tells any more.
    Forgotten,
    /// They may still come.
    Open,
}

/// The terms along the end of the log that was applied.
///
/// Invariants: indexes and terms grow along `runs`; the first run begins above `unknown_to`, and the others where the one before
/// ends.
#[derive(Debug, Default)]
pub(super) struct AppliedTerms {
    /// Where a run of entries of one term begins, and the term.
    runs: VecDeque<(Index, Term)>,
    /// Of entries up to here nothing is known.
    unknown_to: Index,
    /// The last entry applied. At least `unknown_to`.
    applied: Index,
}

impl AppliedTerms {
    /// The entry after the last one has been applied.
    pub(super) fn push(&mut self, term: Term) {
        self.applied += 1;
        if self.runs.back().is_none_or(|&(_, last)| last < term) {
            self.runs.push_back((self.applied, term));
        }
        if self.runs.len() > TERMS_MAX {
            self.runs.pop_front();
            self.unknown_to = self.runs[0].0 - 1;
        }
    }

    /// A snapshot has taken the place of the entries up to `index`.
    pub(super) fn restart(&mut self, index: Index) {
        *self = Self { runs: VecDeque::new(), unknown_to: index, applied: index };
    }

    /// What became of entries that a leader had appended.
    pub(super) fn fate(&self, entries: &Accepted) -> Fate {
        let Accepted { term, first, .. } = *entries;
        if first <= self.unknown_to {
            return Fate::Forgotten;
        }
        let mine = self.runs.iter().position(|&(begin, run)| run == term && begin <= first);
        let end =
            mine.map_or(0, |place| self.runs.get(place + 1).map_or(self.applied, |&(next, _)| next - 1));
        let applied = (end + 1).saturating_sub(first).min(entries.count());
        let last_term = self.runs.back().map_or(0, |&(_, term)| term);
        if applied == entries.count() {
            Fate::Applied
        } else if last_term > term || (applied == 0 && self.applied >= first) {
            // No entry of their term follows one of a later term; and the first place is taken by another entry. What is there
            // of these is all.
            Fate::Overwritten(applied)
        } else {
            Fate::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(unknown_to: Index, applied: &[Term]) -> AppliedTerms {
        let mut terms = AppliedTerms::default();
        terms.restart(unknown_to);
        applied.iter().for_each(|&term| terms.push(term));
        terms
    }

    fn entries(term: Term, first: Index, last: Index) -> Accepted {
        Accepted { term, first, last }
    }

    #[test]
    fn fate_of_entries_follows_from_the_terms_that_were_applied() {
        let rows: [(&str, Index, &[Term], Accepted, Fate); 13] = [
            ("nothing yet", 0, &[], entries(1, 1, 3), Fate::Open),
            ("before them", 0, &[1, 1], entries(1, 3, 4), Fate::Open),
            ("some of them", 0, &[1, 1, 1], entries(1, 3, 4), Fate::Open),
            ("all of them", 0, &[1, 1, 1, 1], entries(1, 3, 4), Fate::Applied),
            ("all, and more", 0, &[1, 1, 1, 2], entries(1, 2, 3), Fate::Applied),
            ("others in their places", 0, &[1, 1, 2, 2], entries(1, 3, 4), Fate::Overwritten(0)),
            ("others in some of their places", 0, &[1, 1, 1, 2], entries(1, 3, 4), Fate::Overwritten(1)),
            ("a later term before them", 0, &[1, 2], entries(1, 3, 4), Fate::Overwritten(0)),
            ("a later term behind some of them", 0, &[2, 2, 3], entries(2, 2, 9), Fate::Overwritten(1)),
            ("a snapshot over the first of them", 3, &[1, 1], entries(1, 3, 4), Fate::Forgotten),
            ("a snapshot just before them", 2, &[1, 1], entries(1, 3, 4), Fate::Applied),
            ("an older term in their places", 0, &[1, 1, 1], entries(2, 2, 3), Fate::Overwritten(0)),
            ("an older term in the first place", 0, &[1, 1], entries(2, 2, 3), Fate::Overwritten(0)),
        ];
        for (name, unknown_to, applied, entries, fate) in rows {
            assert_eq!(terms(unknown_to, applied).fate(&entries), fate, "{name}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut many = terms(0, &[]);
        (1..=1000).for_each(|term| many.push(term));
        assert_eq!(many.runs.len(), TERMS_MAX);
        assert_eq!(many.fate(&entries(1000, 1000, 1000)), Fate::Applied);
        assert_eq!(many.fate(&entries(900, 900, 900)), Fate::Forgotten);
    }
}
