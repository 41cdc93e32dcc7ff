//! A server answers soon, whatever its own calls and its service are doing (§5.5; Fig. 2, "Invoked by").
//!
//! In a simulation a handler that waits for seconds, on a server that is not stopped, waits for something that it should
//! not wait for.

use std::time::Duration;

use super::rule::{Broken, Case, On, Rule};
use crate::fact::Handled;
use crate::fact::{Post, What};
use crate::proof::proof;

pub(crate) static RULE: Rule = Rule {
    title: "a server answers soon, whatever else it is doing (§5.5)",
    why: "A server that is busy with a call of its own, or with its service, is as good as crashed for the others: \
          they get no votes and no acknowledgements.",
    hint: "a lock that is held during a call, or while a message is put into the apply channel",
    on: &[On::Delivered, On::Voted, On::Acknowledged],
    check,
};

/// Far longer than any disk of the lab takes, and shorter than a call that hangs.
const ANSWER_MAX: Duration = Duration::from_secs(4);

fn check(case: &Case<'_>) -> Option<Broken> {
    let Case { ledger, fact, .. } = *case;
    let server = fact.post.asked;
    let (call, request, handled) = match fact.what {
        What::Answered { request, handled, .. } => (fact.post.call, request, handled),
        What::Delivered { incarnation, .. } => {
            let (number, oldest) = ledger.oldest_open(server)?;
            let handled = oldest.handled().filter(|handled| handled.incarnation == incarnation)?;
            (number, &oldest.request, handled)
        }
        _ => return None,
    };
    let &Handled { at, asker, was_stopped, .. } = handled;
    let time = fact.post.at.saturating_sub(at);
    (ledger.has_exact_time && !was_stopped && time > ANSWER_MAX).then(|| Broken {
        headline: format!("S{server} lets S{asker} wait for an answer for {:.1} s", time.as_secs_f64()),
        expected: "an answer as soon as the state is changed and saved".to_owned(),
        seen: format!("request #{call} came at {:.3} s", at.as_secs_f64()),
        servers: vec![server],
        term: fact.term(),
        proof: proof([Some(Post { at, call, asker, asked: server }.request(request))]),
    })
}
