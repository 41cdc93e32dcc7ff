//! Election Safety: at most one leader can be elected in a given term (Fig. 3; §5.2).
//!
//! Who leads is seen in two ways: `get_state`, and an accepted `start`. A third is AppendEntries on the network, which
//! the referee looks at.

use std::collections::BTreeMap;

use raft_interface::{ServerId, Term};

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// How a start shows that who takes it leads.
const ACCEPTED: &str = "an accepted start";

/// Remembers the leader of every term.
#[derive(Debug, Default)]
pub(super) struct ElectionSafety {
    leaders: BTreeMap<Term, Claim>,
}

/// A server was seen leading.
#[derive(Clone, Copy, Debug)]
struct Claim {
    server: ServerId,
    /// The call that showed it.
    call: &'static str,
}

impl Invariant for ElectionSafety {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        let (term, call) = match *fact {
            Observation::State { term, is_leader: true, .. } => (term, "get_state"),
            Observation::Accepted { term, .. } => (term, ACCEPTED),
            _ => return Ok(()),
        };
        let Claim { server: first, call: first_call } =
            *self.leaders.entry(term).or_insert(Claim { server, call });
        if first == server {
            return Ok(());
        }
        // A server that looks whether it leads, lets its lock go and appends then has been elected by nobody: the term is another's.
        let hint = match (first_call, call) {
            (ACCEPTED, _) | (_, ACCEPTED) => {
                "start that looks whether it leads in one hold of the lock and appends in another; \
                 votes counted wrong, a vote given twice in a term, or term and vote lost in a crash"
            }
            _ => {
                "votes counted wrong, a vote given twice in a term, term and vote lost in a crash, or get_state that reads term and \
                 role at two moments"
            }
        };
        Err(Violation::new(
            format!("two leaders in term {term}: S{first} and S{server}"),
            format!("nobody but S{first} ever leads term {term}: it had claimed to by {first_call}"),
            format!("S{server} claims to lead term {term} by {call}"),
        )
        .rule("Election Safety: at most one leader per term (Fig. 3, §5.2)")
        .hint(hint)
        .servers([first, server])
        .term(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;
    use crate::observation::Before;

    #[test]
    fn second_leader_of_a_term_is_found_however_it_shows() {
        let before = Before::default();
        let leads = |term| Observation::State { term, is_leader: true, before };
        let follows = Observation::State { term: 3, is_leader: false, before };
        let command = b"x".as_slice().into();
        let accepts = Observation::Accepted { index: 1, term: 3, command: &command, before };
        let facts = [(0, leads(2)), (1, leads(3)), (0, follows), (1, accepts), (2, accepts)];
        let violation = breaks_at_the_last(ElectionSafety::default(), &CommittedLog::default(), &facts);
        assert_eq!((violation.servers, violation.term), (vec![1, 2], Some(3)));
        assert!(violation.expected.ends_with("by get_state"), "{}", violation.expected);
        assert!(violation.seen.ends_with("by an accepted start"), "{}", violation.seen);
    }
}
