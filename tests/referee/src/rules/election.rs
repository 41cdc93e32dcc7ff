//! A leader was elected by a majority of distinct servers in its term (§5.2; Fig. 2, Candidates 2).
//!
//! All votes but the leader's own cross the wire, so they can be counted when it first sends as a leader.

use raft_interface::ServerId;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::proof::Line;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a leader has the votes of a majority (§5.2; Fig. 2, Candidates 2)",
    why: "Any two majorities share a server, which votes once. With fewer votes two leaders can be elected.",
    hint: "half counted as a majority, replies counted instead of voters, votes of an older term counted, or a role \
           kept although the term has changed",
    on: &[On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, record } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let (server, term) = (fact.envelope.caller, request.term());
    // Once, at the first message that it sends as leader: whoever votes later did not elect it. Also where another one leads the
    // term already: which of two was not elected is more than that they are two. What is not known of a forgotten term may
    // be a majority.
    let is_known = ledger.terms.is_kept(term) && !ledger.has_lost_votes;
    if record.is_some_and(|record| record.leader_id() == Some(server)) || !is_known {
        return None;
    }
    // A vote counts from when it is given, even if it has not arrived yet. That is never too strict.
    let votes: Vec<(ServerId, Line)> =
        record.into_iter().flat_map(|record| record.votes_for(server)).collect();
    let (all, count) = (ledger.servers.len(), votes.len() + 1);
    let voters = votes.iter().map(|&(voter, _)| voter).chain([server]);
    let has_asked = record.is_some_and(|record| record.candidates[server].is_some());
    // Votes may also be gathered in messages of other names.
    let is_certain = ledger.sees_all_contents() && (has_asked || !ledger.has_other_methods);
    (is_certain && !ledger.quorum.agree(voters)).then(|| Accusation {
        headline: format!("S{server} leads term {term} with {count} of {all} votes"),
        expected: format!("votes of {}, its own among them", ledger.quorum.describe()),
        seen: if has_asked {
            format!("{} servers have granted theirs, and S{server} sends as leader", count - 1)
        } else {
            format!(
                "S{server} has asked nobody who could hear it for a vote in term {term}, and sends as leader"
            )
        },
        servers: vec![server],
        term,
        entry: None,
        proof: proof(votes.into_iter().map(|(_, line)| Some(line))),
    })
}
