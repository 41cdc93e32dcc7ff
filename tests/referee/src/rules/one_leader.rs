//! A term has at most one leader, and a leader that restarts leads no more (Fig. 3, Election Safety; §5.2).

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::{Life, What};
use crate::proof::{Content, proof};

pub(crate) static RULE: Rule = Rule {
    title: "at most one leader per term (Fig. 3, Election Safety; §5.2)",
    why: "Two leaders of one term would put different entries at one index, with nothing to tell which is right.",
    hint: "a message built with a term that is not the one in which the server was elected; or a role that survived \
           a restart or a higher term",
    on: &[On::Leading],
    check,
};

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { fact, record, .. } = *case;
    let What::Sent { request, life, .. } = fact.what else { return None };
    let (server, term) = (fact.envelope.caller, request.term());
    let leader = record?.leader.as_ref()?;
    let (callee, content) = (fact.envelope.callee, Content::from(request));
    let (headline, expected, servers) = if leader.server != server {
        (
            format!("two leaders in term {term}: S{} and S{server}", leader.server),
            format!(
                "nobody but S{} ever leads term {term}: it had claimed to by {}",
                leader.server, leader.line
            ),
            vec![leader.server, server],
        )
    } else if Life::differs(leader.life, life) {
        (
            format!("S{server} was restarted and still leads term {term}"),
            format!("nobody leads term {term} after S{server} as it was then"),
            vec![server],
        )
    } else {
        return None;
    };
    Some(Accusation {
        headline,
        expected,
        seen: format!(
            "S{server} claims to lead term {term} by S{server} -> S{callee} #{} {content}",
            fact.envelope.call
        ),
        servers,
        term,
        entry: None,
        proof: proof([Some(leader.line)]),
    })
}
