//! From the events of a file to a history, and back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::TextError;
use super::event::{Answer, Event, EventType, Textual};
use crate::history::{History, Moment, Operation, OperationId, Outcome};

/// The operation that a process is waiting for.
struct Open {
    id: OperationId,
    line: usize,
    f: String,
}

/// Puts events with their line numbers together.
pub(super) fn read<P: Textual>(
    specification: &P,
    events: Vec<(usize, Event)>,
) -> Result<History<P::Input, P::Output>, TextError> {
    let mut history = History::new();
    let mut open: BTreeMap<u64, Open> = BTreeMap::new();
    let mut last = (None, None);
    for (line, event) in events {
        let read = read_event(specification, &mut history, &mut open, line, &event);
        read.and_then(|()| check_order(&mut last, &event)).map_err(|message| TextError { line, message })?;
    }
    Ok(history)
}

fn read_event<P: Textual>(
    specification: &P,
    history: &mut History<P::Input, P::Output>,
    open: &mut BTreeMap<u64, Open>,
    line: usize,
    event: &Event,
) -> Result<(), String> {
    let process = match &event.process {
        Value::String(_) => return Ok(()), // The nemesis, or the like.
        process => {
            process.as_u64().ok_or_else(|| format!("expected process to be a number, found {process}"))?
        }
    };
    if event.event_type == EventType::Invoke {
        if let Some(Open { line, f, .. }) = open.get(&process) {
            return Err(format!("process {process} calls again while it waits for the {f} of line {line}"));
        }
        let input = specification.read_input(event)?;
        let id = history.invoke(process, event.time, input);
        open.insert(process, Open { id, line, f: event.f.clone() });
        return Ok(());
    }
    // Removed even if the answer turns out to be wrong: the first mistake ends the reading.
    let Some(Open { id, line, f }) = open.remove(&process) else {
        return Err(format!("expected an invoke of process {process} before this reply"));
    };
    if f != event.f {
        return Err(format!("expected a reply to the {f} of line {line}, found one to {}", event.f));
    }
    match specification.read_answer(&history.operations()[id].input, event)? {
        Answer::Output(output) => history.complete(id, event.time, output),
        Answer::Failed => history.fail(id, event.time),
        Answer::Unknown => history.give_up(id, event.time),
    }
    Ok(())
}

/// Events must stand in the order in which they happened.
fn check_order(last: &mut (Option<u64>, Option<u64>), event: &Event) -> Result<(), String> {
    // The order of the lines is what counts; these only confirm it. A file that was sorted by something else
    // would be another history, and could get another verdict.
    let (last_index, last_time) = *last;
    if let (Some(last), Some(index)) = (last_index, event.index)
        && index <= last
    {
        return Err(format!("expected an index above {last}, found {index}: events must be in order"));
    }
    if let (Some(last), Some(time)) = (last_time, event.time)
        && time < last
    {
        return Err(format!("expected a time of {last} ns or later, found {time}: events must be in order"));
    }
    *last = (event.index.or(last_index), event.time.or(last_time));
    Ok(())
}

/// Takes a history apart into its events, in their order.
pub(super) fn write<P: Textual>(specification: &P, history: &History<P::Input, P::Output>) -> Vec<Event> {
    let mut events: Vec<Event> =
        history.operations().iter().flat_map(|operation| write_operation(specification, operation)).collect();
    // Every event has an index here, its position in the history.
    events.sort_by_key(|event| event.index);
    events
}

fn write_operation<P: Textual>(specification: &P, operation: &Operation<P::Input, P::Output>) -> Vec<Event> {
    let mut call = Event {
        index: Some(operation.call.position),
        time: operation.call.time_ns,
        process: Value::from(operation.client),
        event_type: EventType::Invoke,
        f: String::new(),
        key: None,
        value: Value::Null,
        version: None,
        error: None,
    };
    specification.write_input(&operation.input, &mut call);
    let reply = |at: Moment, event_type| Event {
        index: Some(at.position),
        time: at.time_ns,
        event_type,
        ..call.clone()
    };
    let end = match &operation.outcome {
        Outcome::Pending(None) => None,
        Outcome::Pending(Some(at)) => Some(reply(*at, EventType::Info)),
        Outcome::Failed(at) => Some(reply(*at, EventType::Fail)),
        Outcome::Replied(output, at) => {
            let mut event = reply(*at, EventType::Ok);
            specification.write_output(output, &mut event);
            Some(event)
        }
    };
    [Some(call), end].into_iter().flatten().collect()
}
