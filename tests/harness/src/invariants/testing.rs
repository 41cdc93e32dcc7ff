//! How the tests of the invariants put facts before them.

use raft_interface::ServerId;

use super::Invariants;
use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

const SERVERS: usize = 9;

/// Feeds facts to one invariant; the last must break it, all before must not. All together find it as well.
pub(crate) fn breaks_at_the_last(
    mut invariant: impl Invariant,
    committed: &CommittedLog,
    facts: &[(ServerId, Observation<'_>)],
) -> Violation {
    let mut all = Invariants::new(SERVERS, None);
    let ((last, last_fact), before) = facts.split_last().expect("facts");
    for (place, (server, fact)) in before.iter().enumerate() {
        if let Err(violation) = invariant.observe(*server, fact, committed) {
            panic!("fact {place} of server {server} already breaks it: {violation:?}");
        }
        // Another of them may know better.
        let _ = all.observe(*server, fact, committed);
    }
    all.observe(*last, last_fact, committed).expect_err("the last fact breaks one of all");
    invariant.observe(*last, last_fact, committed).expect_err("the last fact breaks it")
}
