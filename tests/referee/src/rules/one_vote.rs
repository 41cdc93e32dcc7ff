//! A server votes for at most one candidate per term, also across restarts (§5.2; Fig. 2, votedFor).
//!
//! A candidate votes for itself, so one that asks for votes, or leads, has given its own.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::{Sending, What};
use crate::message::Reply;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "one vote per server and term, also across restarts (§5.2; Fig. 2, votedFor)",
    why: "Two majorities of one term have a server in common. Only because that server votes once can a term have \
          no two leaders.",
    hint: "votedFor not checked, reset although the term is the same, not saved before the answer, or a RequestVote that bears \
           the term in which it leaves and not that of its candidacy",
    on: &[On::Asking, On::Voted],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let (voter, candidate, term) = match fact.what {
        What::Answered { request, reply: Reply::Vote { granted: true, .. }, .. } => {
            (fact.envelope.callee, fact.envelope.caller, request.term())
        }
        What::Sent { request, sending: Sending { counts: true, .. }, .. } if !request.is_of_a_leader() => {
            (fact.envelope.caller, fact.envelope.caller, request.term())
        }
        _ => return None,
    };
    let &(first, line) = ledger.terms.get(term)?.votes[voter].as_ref()?;
    // The same vote twice is right: a reply may be lost, or a request repeated.
    (first != candidate).then(|| Accusation {
        headline: format!("S{voter} votes twice in term {term}: for S{first} and for S{candidate}"),
        expected: format!("S{voter} has voted for S{first} in term {term}, and refuses everybody else"),
        seen: format!("S{voter} votes for S{candidate}, too"),
        servers: vec![voter],
        term,
        entry: None,
        proof: proof([Some(line)]),
    })
}
