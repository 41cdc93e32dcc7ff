//! nextIndex moves: back after a rejection, on after a success (Fig. 2, Leaders 3; Fig. 13).
//!
//! Messages that were built before an answer came may be sent after it; so some repetition is harmless. Many messages in
//! a row, over half a second, are not.

use std::time::Duration;

use super::rule::{Accusation, Case, On, Rule};
use crate::fact::What;
use crate::message::Request;

pub(crate) static RULE: Rule = Rule {
    title: "nextIndex moves: back after a rejection, on after a success (Fig. 2, Leaders 3; Fig. 13)",
    why: "A leader that asks the same again never finds where the logs agree; one that sends again what has arrived \
          wastes the network, and with a snapshot never gets to the entries after it.",
    hint: "nextIndex not decremented after a rejection, or not advanced after a success; \
           nextIndex or matchIndex set back by a reply that came late; the same bytes again and again; matchIndex set to more \
           than the request covered, or kept from an earlier term, which holds nextIndex up; a follower that rejects what lies \
           below its snapshot and does not say where to go on",
    on: &[On::Leading],
    check,
};

/// As many messages may bring again what was confirmed.
const REPEATS_MAX: u32 = 8;
/// The least time over which repetitions must last.
const SPREAD_MIN: Duration = Duration::from_millis(500);
/// How often a server may be asked and reject at one position, and for how long.
const STUCK_MAX: (u32, Duration) = (10, Duration::from_secs(1));

fn check(case: &Case<'_>) -> Option<Accusation> {
    let Case { fact, record, .. } = *case;
    let What::Sent { request, sending, .. } = fact.what else { return None };
    if sending.may_repeat {
        return None;
    }
    let (server, to, term) = (fact.envelope.caller, fact.envelope.callee, request.term());
    let pace = &record.filter(|record| record.leader_id() == Some(server))?.pace;
    let accusation = |headline: String, expected: String, seen: String| {
        let (servers, proof) = (vec![server, to], Vec::new());
        Some(Accusation { headline, expected, seen, servers, term, entry: None, proof })
    };
    // Counted from when the confirmation arrived. What was sent before it did is not held against the leader.
    let (count, time) = pace.repeats(fact.envelope.at, to, request);
    // Over some time: a burst may have been built as a whole before the confirmation was read.
    if count > REPEATS_MAX && time >= SPREAD_MIN {
        let confirmed = pace.confirmed(to);
        let what = if matches!(request, Request::Append { .. }) { "entries" } else { "snapshots" };
        return accusation(
            format!("S{server} sends S{to} {what} again and again that S{to} has confirmed"),
            format!(
                "entries after {confirmed}: S{server} has heard that S{to} stores everything up to there"
            ),
            format!("{count} messages in a row within {time:?} that bring something before that"),
        );
    }
    // A decrement of one at a time is slow and right. Only to ask at the same place again is not.
    let (count, time) = pace.stuck(fact.envelope.at, to, request);
    if count <= STUCK_MAX.0 || time <= STUCK_MAX.1 {
        return None;
    }
    let seen = format!("{count} rejections in a row at that place within {time:?}");
    match request {
        Request::Append { prev, .. } => accusation(
            format!("S{server} sends S{to} entries after {prev} again and again, which S{to} rejects"),
            format!(
                "entries from further back, or a snapshot: S{to} has confirmed nothing after {}",
                pace.confirmed(to)
            ),
            seen,
        ),
        &Request::Snapshot { last, piece: Some(piece), .. } => accusation(
            format!(
                "S{server} sends S{to} the piece from byte {} of its snapshot up to {last} again and again, which S{to} rejects",
                piece.offset
            ),
            format!("another piece: S{to} says which it expects"),
            seen,
        ),
        _ => None,
    }
}
