//! How sure it is what messages tell of a term.

use std::time::Duration;

use raft_interface::Term;

use crate::proof::Line;

/// One odd message proves nothing where it may have been built before the server knew better. Many of them, over a
/// time in which the server was at work, do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// What it is about: evidence of other terms is other evidence.
    pub(crate) term: Term,
    /// The first odd message.
    pub(crate) first: Line,
    count: u32,
}

impl Evidence {
    /// How many odd messages prove something, if they are spread over that time at least.
    const COUNT_MIN: u32 = 6;
    const SPREAD_MIN: Duration = Duration::from_millis(500);

    /// One more odd message.
    pub(super) fn add(evidence: &mut Option<Self>, term: Term, line: Line) {
        match evidence {
            Some(known) if known.term == term => known.count += 1,
            _ => *evidence = Some(Self { term, first: line, count: 1 }),
        }
    }

    /// Whether one more at `at` is proof.
    pub(crate) fn is_proof(&self, at: Duration) -> bool {
        self.count + 1 >= Self::COUNT_MIN && at.saturating_sub(self.first.at) >= Self::SPREAD_MIN
    }
}

/// What a term is at least, and the message that shows it; 0 and none if nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Floor {
    pub(crate) term: Term,
    pub(crate) line: Option<Line>,
}

impl Floor {
    /// Something shows a higher one.
    pub(super) fn raise(&mut self, term: Term, line: impl FnOnce() -> Line) {
        if term > self.term {
            *self = Self { term, line: Some(line()) };
        }
    }
}
