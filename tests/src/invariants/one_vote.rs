//! A server votes for at most one candidate per term (§5.2; Fig. 2, RequestVote, receiver 2), and remembers that
//! across crashes (Fig. 2, State: `votedFor` is persistent).

use std::collections::BTreeMap;

use raft_interface::{ServerId, Term};

use super::Invariant;
use crate::finding::Finding;
use crate::history::History;
use crate::observation::Observation;

/// Remembers who got whose vote.
#[derive(Debug, Default)]
pub(super) struct OneVote {
    votes: BTreeMap<(ServerId, Term), ServerId>,
}

impl Invariant for OneVote {
    fn observe(&mut self, server: ServerId, fact: &Observation<'_>, _: &History) -> Result<(), Finding> {
        let Observation::Voted { candidate, term } = *fact else { return Ok(()) };
        let first = *self.votes.entry((server, term)).or_insert(candidate);
        if first == candidate {
            return Ok(());
        }
        Err(Finding::new(
            format!("S{server} voted twice in term {term}: for S{first} and for S{candidate}"),
            format!("S{server} gave its vote of term {term} to S{first} and grants no other"),
            format!("S{candidate} got a granted vote of S{server} in term {term}"),
        )
        .rule("one vote per server and term (§5.2; Fig. 2, RequestVote, receiver 2)")
        .hint("votedFor not checked, cleared within a term, or not saved before the reply")
        .servers([server, first, candidate])
        .term(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;

    #[test]
    fn a_second_candidate_in_one_term_is_found_and_a_repeat_is_not() {
        let vote = |candidate, term| Observation::Voted { candidate, term };
        let facts = [(2, vote(0, 1)), (2, vote(0, 1)), (2, vote(1, 2)), (1, vote(0, 2)), (2, vote(0, 2))];
        let finding = breaks_at_the_last(OneVote::default(), &History::default(), &facts);
        assert_eq!(finding.servers, [2, 1, 0]);
    }
}
