//! A server answers soon, whatever its own calls and its service are doing (§5.5; Fig. 2, "Invoked by").
//!
//! In a simulation a server that is not stopped and answers nobody for seconds, although it was asked, waits for something
//! that it should not wait for. One handler that waits among others that answer may do so
//! for longer, and even then not for ever.

use std::time::Duration;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::Delivery;
use crate::fact::{Envelope, What};
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
/// One request may wait for so long among others that are answered, behind many that save on a slow disk. A call that
/// hangs ends before.
const HANDLER_MAX: Duration = Duration::from_secs(10);

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, .. } = *case;
    let server = fact.envelope.callee;
    let (call, request, delivery) = match fact.what {
        What::Answered { request, delivery, .. } => (fact.envelope.call, request, delivery),
        What::Delivered { incarnation, .. } => {
            // The oldest is enough: no other has been waiting for longer.
            let (number, oldest) = ledger.oldest_open(server)?;
            let delivery = oldest.delivery().filter(|delivery| delivery.incarnation == incarnation)?;
            (number, &oldest.request, delivery)
        }
        _ => return None,
    };
    let &Delivery { at, caller, was_stopped, .. } = delivery;
    let time = fact.envelope.at.saturating_sub(at);
    let idle = time.min(fact.envelope.at.saturating_sub(ledger.servers[server].answered_at));
    let is_late = idle > ANSWER_MAX || time > HANDLER_MAX;
    // A server that was stopped answers late without a fault.
    (ledger.has_exact_time && !was_stopped && is_late).then(|| Accusation {
        headline: if idle > ANSWER_MAX {
            format!("S{server} answers nobody for {:.1} s, and lets S{caller} wait", idle.as_secs_f64())
        } else {
            format!("S{server} lets S{caller} wait for an answer for {:.1} s", time.as_secs_f64())
        },
        expected: "an answer as soon as the state is changed and saved".to_owned(),
        seen: format!("request #{call} came at {:.3} s", at.as_secs_f64()),
        servers: vec![server],
        term: fact.term(),
        entry: None,
        proof: proof([Some(Envelope { at, call, caller, callee: server }.request(request))]),
    })
}
