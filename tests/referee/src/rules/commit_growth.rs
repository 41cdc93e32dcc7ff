//! A leader's commit index never goes back (Fig. 2, State: commitIndex "increases monotonically").
//!
//! A message may have been built before a later one and be sent after it; so one proves nothing. A row of messages, over
//! half a second, with none between them that has the higher index, does.

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a leader's commit index never goes back (Fig. 2, State: commitIndex)",
    why: "What is committed stays committed: services have applied it, and clients know. An index that goes back shows \
          a leader that has forgotten that.",
    hint: "commitIndex set from a message or computed anew without taking the maximum",
    on: &[On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { fact, record, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Append { term, commit, .. } = request else { return None };
    let server = fact.envelope.caller;
    // Of two leaders of one term another rule speaks.
    let record = record.filter(|record| record.leader_id() == Some(server))?;
    let back = record.commit_back.as_ref().filter(|back| back.is_proof(fact.envelope.at))?;
    (commit < record.commit).then(|| Accusation {
        headline: format!("S{server} went back from commit index {} to {commit}", record.commit),
        expected: format!("commit index {} or more in term {term}", record.commit),
        seen: format!("lower ones in all messages since {:.3} s", back.first.at.as_secs_f64()),
        servers: vec![server],
        term,
        proof: proof([record.commit_line, Some(back.first)]),
    })
}
