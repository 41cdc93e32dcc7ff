//! A leader's commit index never goes back (Fig. 2, State: commitIndex "increases monotonically").
//!
//! A message may have been built before a later one and be sent after it; so one proves nothing. A row of messages, over
//! half a second, with none between them that has the higher index, does. A leader may tell a server less than it knows: no more
//! than the server has confirmed, or than the message reaches. Only what is less than these shows that it has forgotten.

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
    let What::Sent { request, sending, .. } = fact.what else { return None };
    let &Request::Append { term, commit, .. } = request else { return None };
    let (server, to) = (fact.envelope.caller, fact.envelope.callee);
    // Of two leaders of one term another rule speaks.
    let record = record.filter(|record| record.leader_id() == Some(server))?;
    let (told, line, back) = record.pace.commit_back(to, request)?;
    let is_proof = !sending.may_repeat && back.is_proof(fact.envelope.at);
    is_proof.then(|| Accusation {
        headline: format!("S{server} went back from commit index {told} to {commit}"),
        expected: format!("commit index {told} or more in term {term}: it has told S{to} so"),
        seen: format!("lower ones in all messages to S{to} since {:.3} s", back.first.at.as_secs_f64()),
        servers: vec![server],
        term,
        entry: Some(told),
        proof: proof([Some(line), Some(back.first)]),
    })
}
