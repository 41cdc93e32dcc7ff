//! A server's term never goes back (§5.1), not even in a crash (Fig. 2, State: `currentTerm` is persistent).

use raft_interface::ServerId;

use super::invariant::Invariant;
use crate::committed::CommittedLog;
use crate::observation::Observation;
use lab_referee::Violation;

/// Compares an answer with what the server had shown before it was asked.
#[derive(Debug, Default)]
pub(super) struct MonotonicTerms;

impl Invariant for MonotonicTerms {
    fn observe(
        &mut self,
        server: ServerId,
        fact: &Observation<'_>,
        _: &CommittedLog,
    ) -> Result<(), Violation> {
        let (term, before) = match *fact {
            Observation::State { term, before, .. } | Observation::Accepted { term, before, .. } => {
                (term, before)
            }
            _ => return Ok(()),
        };
        if term >= before.term {
            return Ok(());
        }
        let since = if before.restarted { " before it was started again" } else { "" };
        Err(Violation::new(
            format!("the term of S{server} went back from {} to {term}", before.term),
            format!("at least term {}, in which S{server} was{since}", before.term),
            format!("term {term}"),
        )
        .rule("a term never goes back (§5.1; Fig. 2, State: currentTerm is persistent)")
        .hint(
            "currentTerm set from a message without comparing, not saved, or saved after it was shown; or get_state tells of a copy that \
             was made before",
        )
        .servers([server])
        .term(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::testing::breaks_at_the_last;
    use crate::observation::Before;

    #[test]
    fn term_that_a_crash_forgot_is_found() {
        let at = |term, known| {
            let before = Before { term: known, restarted: true, ..Before::default() };
            (0, Observation::State { term, is_leader: false, before })
        };
        let violation =
            breaks_at_the_last(MonotonicTerms, &CommittedLog::default(), &[at(3, 0), at(3, 3), at(2, 3)]);
        assert!(violation.expected.contains("started again"), "{}", violation.expected);
    }
}
