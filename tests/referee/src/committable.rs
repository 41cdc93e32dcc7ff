//! What can be committed, for those who judge what only others can see.

use raft_interface::{Index, Term};

use crate::ledger::Ledger;

/// What leaders can have found to be committed, at most: all acknowledgements cross the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committable {
    /// No entry above this index, in whatever term.
    pub index: Index,
    /// Whether it can be an entry of the term that was asked for, counted by its leader (Fig. 2, Leaders 4).
    pub of_term: bool,
}

impl Committable {
    /// `None` if nobody knows: the messages cannot be read, some are forgotten, or somebody decides alone.
    pub(crate) fn of(ledger: &Ledger, term: Term) -> Option<Self> {
        let is_known = ledger.sees_all_contents()
            && !ledger.has_own_indexes
            && ledger.committable < Index::MAX
            && ledger.terms.is_kept(term);
        let of_term = || {
            // A leader of whom nobody has heard has acknowledgements of nobody.
            ledger.terms.get(term).is_some_and(|record| record.committable(&ledger.quorum) > 0)
        };
        is_known.then(|| Self { index: ledger.committable, of_term: of_term() })
    }
}
