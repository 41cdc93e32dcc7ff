//! What clients asked for and were told.

use std::collections::BTreeMap;

use kvraft_interface::Layer;
use lab_harness::run::Outcome;
use labrpc::sim::{Event, Trace};
use labrpc::wire::Value;

use super::encode::shown;
use super::model::Operation;

/// How many operations of clients a page has at most: the last ones, and the illegal one.
const OPERATIONS_MAX: usize = 10_000;

/// All that the page shows: the operations of clerks, or else those of callers.
pub(super) fn operations(run: &Outcome, trace: &Trace) -> Vec<Operation> {
    let all = of_clients(run);
    // Where nobody calls, the events need not be looked through once more.
    let is_called = run.layer == Some(Layer::Counter);
    if all.is_empty() && is_called { of_callers(trace) } else { all }
}

fn of_clients(run: &Outcome) -> Vec<Operation> {
    let all = run.operations.as_ref().map(|operations| operations.shown()).unwrap_or_default();
    let left_out = all.len().saturating_sub(OPERATIONS_MAX);
    all.into_iter()
        .enumerate()
        .filter(|(place, operation)| *place >= left_out || operation.is_illegal)
        .map(|(_, operation)| operation)
        .map(|operation| {
            (
                operation.client,
                shown(&operation.call),
                operation.answer.as_deref().map(shown),
                operation.asked,
                operation.ended,
                operation.has_failed,
                operation.is_illegal,
                operation.place,
            )
        })
        .collect()
}

/// The calls of threads that ask the service of a server in the same process. Callers have no numbers: each call has the first lane
/// that is free when it begins.
fn of_callers(trace: &Trace) -> Vec<Operation> {
    let mut all: Vec<Operation> = Vec::new();
    // By thread: the place of its call, and the lane.
    let mut open: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    let mut lanes: Vec<bool> = Vec::new();
    for event in &trace.events {
        let Some(mark) = event.mark().filter(|mark| matches!(&*mark.what, "asked" | "told")) else {
            continue;
        };
        let text = text_of(event).unwrap_or_default();
        if mark.what == "asked" {
            let lane = lanes.iter().position(|is_busy| !is_busy).unwrap_or(lanes.len());
            if lane == lanes.len() {
                lanes.push(false);
            }
            lanes[lane] = true;
            open.insert(event.thread_number, (all.len(), lane));
            all.push((lane as u64 + 1, shown(&text), None, event.time_ns, None, false, false, None));
        } else if let Some((place, lane)) = open.remove(&event.thread_number) {
            lanes[lane] = false;
            (all[place].2, all[place].4) = (Some(shown(&text)), Some(event.time_ns));
        }
    }
    let left_out = all.len().saturating_sub(OPERATIONS_MAX);
    all.split_off(left_out)
}

/// `S2: add(1)`, or the answer.
fn text_of(event: &Event) -> Option<String> {
    let mark = event.mark()?;
    let fields = mark.fields.tree()?;
    let Value::Text(text) = fields.field("text")? else { return None };
    let server = fields.field("server").and_then(Value::as_int)?;
    Some(if mark.what == "asked" { format!("S{server}: {text}") } else { text.clone() })
}
