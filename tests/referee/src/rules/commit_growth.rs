//! A leader's commit index never goes back (Fig. 2, State: commitIndex "increases monotonically").
//!
//! A message may have been built before a later one and be sent after it; so one proves nothing. A row of messages, over
//! half a second, with none between them that has the higher index, does.

use super::rule::{Broken, Case, On, Rule};
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

fn check(case: &Case<'_>) -> Option<Broken> {
    let Case { fact, book, .. } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let &Request::Append { term, commit, .. } = request else { return None };
    let server = fact.post.asker;
    let book = book.filter(|book| book.leader_id() == Some(server))?;
    let back = book.commit_back.as_ref().filter(|back| back.is_proof(fact.post.at))?;
    (commit < book.commit).then(|| Broken {
        headline: format!("S{server} went back from commit index {} to {commit}", book.commit),
        expected: format!("commit index {} or more in term {term}", book.commit),
        seen: format!("lower ones in all messages since {:.3} s", back.first.at.as_secs_f64()),
        servers: vec![server],
        term,
        proof: proof([book.commit_line, Some(back.first)]),
    })
}
