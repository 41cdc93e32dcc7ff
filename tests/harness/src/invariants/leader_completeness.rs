//! Leader Completeness: what is committed is in the log of every leader of a later term (Fig. 3; §5.4).
//!
//! The index that `start` answers tells the length of the leader's log. It must be above everything that was
//! committed before the leader's term. In which term an entry was committed does not show, but not later than in the
//! term that a server shows after it applied the entry. What was committed is remembered across all crashes.

use std::collections::BTreeMap;

use raft_interface::{Index, ServerId, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// What was committed by when.
#[derive(Debug, Default)]
pub(super) struct LeaderCompleteness {
    /// The highest index known to be committed in this term or before, and who had applied it. Indexes grow with the terms.
    committed: BTreeMap<Term, (Index, ServerId)>,
}

impl LeaderCompleteness {
    /// `server` shows this term after it applied `index`, which was committed by then.
    fn note_committed(&mut self, server: ServerId, term: Term, index: Index) {
        // Only the steps are kept: an index counts for all later terms, so a later term matters only if it
        // knows of a higher one. Otherwise each look would go through all terms.
        let known = self.committed.range(..=term).next_back().map_or(0, |(_, &(index, _))| index);
        if index > known {
            self.committed.insert(term, (index, server));
            let covered: Vec<Term> = self
                .committed
                .range(term + 1..)
                .take_while(|(_, known)| known.0 <= index)
                .map(|(&t, _)| t)
                .collect();
            for term in covered {
                self.committed.remove(&term);
            }
        }
    }
}

impl Invariant for LeaderCompleteness {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        match *fact {
            Observation::State { term, before, .. } => self.note_committed(server, term, before.applied),
            Observation::Accepted { index, term, .. } => {
                let (&earlier, &(committed, first)) = match self.committed.range(..term).next_back() {
                    // The new command stands at the end of the leader's log. If that is no higher than what an
                    // earlier term has committed, the leader lacks at least that entry. Of its own term nothing
                    // follows: it may have committed since.
                    Some(known) if known.1.0 >= index => known,
                    _ => return Ok(()),
                };
                return Err(Violation::new(
                    format!("S{server} leads term {term} without the committed entry {index}"),
                    format!(
                        "an index above {committed}: S{first} applied that entry by term {earlier}, so it is in \
                         the log of every later leader"
                    ),
                    format!("start on S{server} put a new command at index {index}"),
                )
                .rule("Leader Completeness: a leader has what was committed before its term (Fig. 3, §5.4)")
                .hint(
                    "the up-to-date check of RequestVote, an entry counted that a server does not have, a log not saved \
                     before it was acknowledged, or a start that looks at its role and at its term at two moments",
                )
                .servers([server, first])
                .term(term)
                .entry(index));
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;
    use crate::observation::Before;
    use raft_interface::Command;

    #[test]
    fn later_leader_with_a_short_log_is_found_and_a_deposed_one_is_not() {
        let command: Command = b"x".as_slice().into();
        let before = |applied| Before { applied, ..Before::default() };
        let accept = |server, index, term| {
            (server, Observation::Accepted { index, term, command: &command, before: before(0) })
        };
        let state = |server, term, applied| {
            (server, Observation::State { term, is_leader: false, before: before(applied) })
        };
        let facts = [
            state(0, 3, 4),
            accept(1, 2, 2), // deposed and does not know it
            accept(1, 5, 4),
            state(0, 4, 5),
            accept(1, 6, 4),
            accept(2, 5, 5), // 5 was committed by term 4
        ];
        let violation = breaks_at_the_last(LeaderCompleteness::default(), &CommittedLog::default(), &facts);
        assert_eq!((violation.servers, violation.term), (vec![2, 0], Some(5)));
    }
}
