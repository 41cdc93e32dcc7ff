//! Why a run failed, as it stands in the page.

use std::time::Duration;

use lab_harness::run::Failure;
use labrpc::sim::Trace;

use super::Page;
use super::encode::shown;
use super::model::{Failed, Traced};
use crate::explain::{headline, shown_place};
use crate::hint;

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The failure of a run with this trace.
pub(super) fn failed(page: &Page<'_>, failure: &Failure, trace: &Trace, traced: &Traced) -> Failed {
    let violation = failure.violation.clone().unwrap_or_default();
    let end = trace.events.last().map_or(0, |event| event.time_ns);
    let threads = failure.threads.iter().map(|report| {
        let holds = report.holds.iter().map(|place| shown(place)).collect();
        (shown(&report.thread), shown(&report.activity), report.waits_for.as_deref().map(shown), holds)
    });
    Failed {
        headline: headline(failure),
        rule: violation.rule.map(shown),
        expected: shown(&violation.expected),
        seen: shown(&violation.seen),
        hint: hint::of(page.case, failure).map(|hint| shown(&hint)),
        place: shown_place(&violation).map(shown),
        servers: violation.servers,
        term: violation.term,
        entry: violation.entry,
        at: if violation.at.is_zero() { end } else { nanoseconds(violation.at) },
        proof: violation.proof.iter().map(|line| (shown(line), message_of(line, traced))).collect(),
        threads: threads.collect(),
        cycle: failure.cycle.iter().map(|thread| shown(thread)).collect(),
    }
}

/// The message that a line of a proof is about: `0.4 s  S0 -> S2 #17 AppendEntries ...`.
fn message_of(line: &str, traced: &Traced) -> Option<usize> {
    let (before, after) = line.split_once(" -> ")?;
    let from = before.split_whitespace().next_back()?;
    let call: u64 = after.split_once('#')?.1.split_whitespace().next()?.parse().ok()?;
    traced.messages.iter().position(|message| message.call == call && traced.strings[message.from] == from)
}
