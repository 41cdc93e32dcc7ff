//! What a server has to do, and since when: answer, apply, vote, and wait for a time that chance decides.
//!
//! Time is only certain in a simulation, where a server that is not stopped gets on.

use std::time::Duration;

use raft_interface::{Index, Term};

use crate::message::Position;
use crate::proof::Line;

/// Something that a server has not done yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) since: Duration,
    /// The entry that it should apply.
    pub(crate) index: Index,
    /// The message that shows that it knows.
    pub(crate) line: Line,
}

/// The duties of one server, in one life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duties {
    /// The last index that it has delivered to its service.
    applied: Index,
    /// It has delivered nothing yet, and nobody knows where its service has begun.
    began_somewhere: bool,
    /// It certainly knows of more that is committed.
    pub(crate) apply: Option<Due>,
    /// The votes that it has refused, one after the other, in terms that were new to it, to candidates who have every
    /// entry that it can have.
    pub(crate) refusals: Vec<(Term, Line)>,
    /// When it last stood for election, in which term, how long after the time before, and how many times in a row
    /// that was the same.
    stood: Option<(Duration, Term)>,
    waited: Duration,
    same_waits: u32,
}

/// Two times are the same if they differ by less than one in so many.
const SAME_PART: u32 = 100;
/// Refusals that are kept.
const REFUSALS_KEPT: usize = 8;

impl Duties {
    /// Those of a server whose service begins with a snapshot at `base`; `None`: nobody knows how far that goes.
    pub(crate) fn new(base: Option<Index>) -> Self {
        Self { applied: base.unwrap_or(0), began_somewhere: base.is_none(), ..Self::default() }
    }

    /// It certainly knows that `index` is committed.
    pub(super) fn knows_commit(&mut self, at: Duration, index: Index, line: Line) {
        // The clock runs for the first entry that it could apply. More of them must not set it back.
        if !self.began_somewhere && index > self.applied && self.apply.is_none() {
            self.apply = Some(Due { since: at, index, line });
        }
    }

    /// It has applied everything up to `index`.
    pub(crate) fn applies(&mut self, at: Duration, index: Index) {
        (self.applied, self.began_somewhere) = (self.applied.max(index), false);
        match &mut self.apply {
            // It gets on, if slowly.
            Some(due) if due.index > index => due.since = at,
            other => *other = None,
        }
    }

    /// It was stopped, and goes on.
    pub(super) fn was_stopped(&mut self) {
        // From its own point of view no time has passed.
        self.apply = None;
    }

    pub(super) fn refuses(&mut self, term: Term, line: Line) {
        if self.refusals.last().is_none_or(|&(last, _)| term > last) && self.refusals.len() < REFUSALS_KEPT {
            self.refusals.push((term, line));
        }
    }

    /// Whether it has asked for votes since that time: then a candidacy of its own would have shown.
    pub(crate) fn has_stood_since(&self, at: Duration) -> bool {
        self.stood.is_some_and(|(stood_at, _)| stood_at > at)
    }

    pub(super) fn grants(&mut self) {
        self.refusals.clear();
    }

    /// It is told to stand for election: chance has no part in that.
    pub(super) fn is_told_to_stand(&mut self) {
        (self.stood, self.same_waits) = (None, 0);
    }

    /// It stands for election.
    pub(super) fn stands(&mut self, at: Duration, term: Term) {
        // It may have voted for itself before it was asked in this term. That is a reason.
        self.refusals.retain(|&(refused, _)| refused != term);
        if let Some((waited, same_waits)) = self.wait(at, term) {
            (self.waited, self.same_waits) = (waited, same_waits);
        } else if self.stood.is_some() {
            return; // the candidacy is known
        }
        self.stood = Some((at, term));
    }

    /// How long it has waited before a candidacy, if that is a new one, and how many times in a row that was the same, with
    /// this one.
    pub(crate) fn wait(&self, at: Duration, term: Term) -> Option<(Duration, u32)> {
        let (last_at, _) = self.stood.filter(|&(_, last)| term > last)?;
        let waited = at.saturating_sub(last_at);
        Some((waited, if is_same(waited, self.waited) { self.same_waits + 1 } else { 0 }))
    }
}

/// Threads take turns and steps take time, so even a fixed timeout is not to the nanosecond the same.
fn is_same(waited: Duration, before: Duration) -> bool {
    waited.abs_diff(before) * SAME_PART < waited
}

/// The most that a log can hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach(Position);

impl Reach {
    /// It may hold this entry.
    pub(crate) fn extend(&mut self, position: Position) {
        if position.up_to_date() > self.0.up_to_date() {
            self.0 = position;
        }
    }

    /// It may have been elected in this term, and then it may have begun it with an entry of its own (§8), of which nobody knows
    /// before it is sent.
    pub(super) fn may_lead(&mut self, term: Term) {
        if term > self.0.term {
            self.0 = Position { index: self.0.index + 1, term };
        }
    }

    /// Whether a log that ends there is at least as up to date, whatever is in this one.
    pub(super) fn is_covered_by(self, last: Position) -> bool {
        last.up_to_date() >= self.0.up_to_date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::Content;

    fn line() -> Line {
        let content = Content::Applied { index: 1, term: 1 };
        Line { at: Duration::ZERO, from: 0, to: 0, call: 0, content }
    }

    #[test]
    fn who_began_nobody_knows_where_owes_nothing_before_its_first_delivery() {
        let second = Duration::from_secs(1);
        let mut duties = Duties::new(None);
        duties.knows_commit(second, 300, line());
        assert!(duties.apply.is_none(), "its snapshot may cover that");
        duties.applies(2 * second, 7);
        duties.knows_commit(3 * second, 300, line());
        assert!(duties.apply.is_some());
        let mut duties = Duties::new(Some(0));
        duties.knows_commit(second, 300, line());
        assert!(duties.apply.is_some());
    }
}
