//! A server answers soon, whatever its own calls and its service are doing (§5.5; Fig. 2, "Invoked by").
//!
//! In a simulation a handler that waits for seconds, on a server that is not stopped, waits for something that it should
//! not wait for.

use std::time::Duration;

use super::{On, Rule};
use crate::referee::breach::Broken;
use crate::referee::fact::{Fact, What};
use crate::referee::ledger::{Handled, Ledger, proof};

pub(super) static RULE: Rule = Rule {
    title: "a server answers soon, whatever else it is doing (§5.5)",
    why: "A server that is busy with a call of its own, or with its service, is as good as crashed for the others: \
          they get no votes and no acknowledgements.",
    hint: "a lock that is held during a call, or while a message is put into the apply channel",
    on: &[On::Delivered, On::Answered],
    check,
};

/// Far longer than any disk of the lab takes, and shorter than a call that hangs.
const ANSWER_MAX: Duration = Duration::from_secs(4);

fn check(ledger: &Ledger, fact: &Fact) -> Option<Broken> {
    let (server, handled): (_, &Handled) = match &fact.what {
        What::Answered { handled, .. } => (fact.asked, handled),
        What::Delivered { incarnation, .. } => {
            let oldest = ledger.oldest_open(fact.asked)?;
            (fact.asked, Some(oldest).filter(|handled| handled.incarnation == *incarnation)?)
        }
        _ => return None,
    };
    let time = fact.at.saturating_sub(handled.line.at);
    (ledger.has_exact_time && !handled.was_stopped && time > ANSWER_MAX).then(|| Broken {
        headline: format!(
            "S{server} lets S{} wait for an answer for {:.1} s",
            handled.line.from,
            time.as_secs_f64()
        ),
        expected: "an answer as soon as the state is changed and saved".to_owned(),
        seen: format!("request #{} came at {:.3} s", handled.line.call, handled.line.at.as_secs_f64()),
        servers: vec![server],
        term: fact.what.term(),
        proof: proof([Some(handled.line)]),
    })
}
