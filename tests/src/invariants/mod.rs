//! What must hold at every moment of every run, whatever the scenario: one file per property.
//!
//! An invariant is handed every [`Observation`] in the order in which things happened, and keeps what it needs to
//! remember. It never asks anybody anything. A broken one ends the test at once. These look at what servers tell and
//! apply; what they send each other is judged by the [referee](crate::referee).
//!
//! | file | property | source |
//! |---|---|---|
//! | `election_safety` | at most one leader per term | Fig. 3; §5.2 |
//! | `log_matching` | an index and a term name one entry and one past | Fig. 3; §5.3 |
//! | `leader_completeness` | a leader's log holds what was committed before its term, across crashes | Fig. 3; §5.4 |
//! | `state_machine_safety` | applied entries agree, for ever | Fig. 3; §5.4.3 |
//! | `applied_in_order` | indexes are applied in order and once | Fig. 2, Rules for all servers 1 |
//! | `monotonic_terms` | a server's term never goes back, across crashes | Fig. 2, State; §5.1 |

mod applied_in_order;
mod election_safety;
mod leader_completeness;
mod log_matching;
mod monotonic_terms;
mod state_machine_safety;

use std::fmt;

use raft_interface::ServerId;

use crate::finding::Finding;
use crate::history::History;
use crate::observation::Observation;

/// A property that every run must have.
pub trait Invariant: Send + fmt::Debug {
    /// Takes note of a fact about `server`, and says whether the property still holds. `history` is what was
    /// committed before.
    ///
    /// # Errors
    ///
    /// The finding, if it does not hold.
    fn observe(&mut self, server: ServerId, fact: &Observation<'_>, history: &History)
    -> Result<(), Finding>;
}

/// All of them, fresh, for a cluster of `servers` servers.
#[must_use]
pub fn all(servers: usize) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(monotonic_terms::MonotonicTerms),
        Box::new(election_safety::ElectionSafety::default()),
        Box::new(log_matching::LogMatching::default()),
        Box::new(state_machine_safety::StateMachineSafety),
        Box::new(applied_in_order::AppliedInOrder::new(servers)),
        Box::new(leader_completeness::LeaderCompleteness::default()),
    ]
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Feeds facts to one invariant; the last must break it, all before must not.
    pub(crate) fn breaks_at_the_last(
        mut invariant: impl Invariant,
        history: &History,
        facts: &[(ServerId, Observation<'_>)],
    ) -> Finding {
        let (last, before) = facts.split_last().expect("facts");
        for (place, (server, fact)) in before.iter().enumerate() {
            if let Err(finding) = invariant.observe(*server, fact, history) {
                panic!("fact {place} of server {server} already breaks it: {finding:?}");
            }
        }
        invariant.observe(last.0, &last.1, history).expect_err("the last fact breaks it")
    }
}
