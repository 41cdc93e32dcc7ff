//! A leader sends to every server again and again, and not more often than is of use (§5.2; Fig. 2, Leaders 1).

use std::time::Duration;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::ledger::WINDOW;

pub(crate) static RULE: Rule = Rule {
    title: "heartbeats to every server, neither missing nor a storm (§5.2; Fig. 2, Leaders 1)",
    why: "A server that hears nothing stands for election; one that hears the same hundreds of times a second has no \
          time for anything else.",
    hint: "the next message waits for the call before, which may hang for seconds; or a loop that does not sleep",
    on: &[On::Leading],
    check,
};

/// MIT allows about ten heartbeats a second.
const HEARTBEATS_MAX: u32 = 100;
/// How long a leader may send nothing to a server while it sends to others.
const NEGLECT_MAX: Duration = Duration::from_secs(3);

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { ledger, fact, record } = *case;
    let What::Sent { request, .. } = fact.what else { return None };
    let (server, to, term) = (fact.envelope.caller, fact.envelope.callee, request.term());
    let pace = &record.filter(|record| record.leader_id() == Some(server))?.pace;
    let accusation = |headline: String, expected: &str, seen: String| {
        let (servers, proof) = (vec![server, to], Vec::new());
        Some(Accusation { headline, expected: expected.to_owned(), seen, servers, term, entry: None, proof })
    };
    let (count, time) = pace.heartbeats(fact.envelope.at, to, request);
    // A leader that serves reads asks a majority for each (§8), in messages that look like heartbeats.
    if !ledger.has_reads && count > HEARTBEATS_MAX && time <= WINDOW {
        return accusation(
            format!("S{server} sends S{to} a storm of heartbeats"),
            "about ten a second",
            format!("{count} equal ones within {time:?}"),
        );
    }
    let is_member = |server| ledger.quorum.is_always_member(server);
    let (neglected, time) = pace.neglected(server, fact.envelope.at, NEGLECT_MAX, is_member)?;
    // With this message the neglect of `to` is over.
    if neglected != to {
        return accusation(
            format!(
                "S{server} leads term {term} and has sent S{neglected} nothing for {:.1} s",
                time.as_secs_f64()
            ),
            "a message per heartbeat interval to every server, also while an earlier call hangs",
            format!("messages to S{to} all the time, and none to S{neglected}"),
        );
    }
    None
}
