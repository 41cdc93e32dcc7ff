//! From the events of a file to a history, and back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::TextError;
use super::event::{Answer, Client, Event, EventType, Textual};
use super::source::Source;
use crate::history::{History, Moment, Operation, OperationId, Outcome};

/// The operation that a process is waiting for.
struct Open {
    id: OperationId,
    line: usize,
    f: String,
}

/// What is read from a file.
pub(super) struct Recorded<P: Textual> {
    pub(super) history: History<P::Input, P::Output>,
    /// A sentence for what was skipped, if anything was.
    pub(super) skipped: Option<String>,
}

/// Puts the events of a file together.
pub(super) fn read<P: Textual>(specification: &P, source: Source) -> Result<Recorded<P>, TextError> {
    let Source { mut events, lines_skipped, last_line } = source;
    let at = |line: usize| move |message: String| TextError { line, message };
    let others = others(&events)?;
    let is_other = |event: &Event| event.client().is_ok_and(|client| others.contains_key(&client));
    let is_keyed = is_keyed(events.iter().map(|(_, event)| event).filter(|event| !is_other(event)));
    let clients = Numbers::new(&events);
    let mut recorder =
        Recorder { specification, history: History::new(), open: BTreeMap::new(), last_index: None };
    for (line, event) in &mut events {
        let client = event.client().map_err(at(*line))?;
        if !others.contains_key(&client) {
            event.is_keyed = is_keyed;
            let number = clients.number(&client);
            recorder.event(number, &client, *line, event).map_err(at(*line))?;
        }
    }
    let mut history = recorder.history;
    specification.complete(&mut history);
    let skipped = skipped(&others, lines_skipped);
    if history.operations().iter().all(|operation| operation.replied_at().is_none()) {
        let operations = history.operations().len();
        let count = if operations == 0 { "none".to_string() } else { format!("{operations} without one") };
        let skipped = skipped.map(|skipped| format!("; {skipped}")).unwrap_or_default();
        let message = format!(
            "expected operations with a reply up to here, found {count}{skipped}: there is nothing to judge"
        );
        return Err(TextError { line: last_line, message });
    }
    Ok(Recorded { history, skipped })
}

/// The names all of whose events are `info`, and how many these are: they are no clients. A client asks and is answered.
fn others(events: &[(usize, Event)]) -> Result<BTreeMap<Client, usize>, TextError> {
    let mut others: BTreeMap<Client, Option<usize>> = BTreeMap::new();
    for (line, event) in events {
        let client = event.client().map_err(|message| TextError { line: *line, message })?;
        if matches!(client, Client::Name(_)) {
            let count = others.entry(client).or_insert(Some(0));
            *count = count.filter(|_| event.event_type == EventType::Info).map(|count| count + 1);
        }
    }
    Ok(others.into_iter().filter_map(|(client, count)| Some((client, count?))).collect())
}

fn skipped(others: &BTreeMap<Client, usize>, lines: usize) -> Option<String> {
    let name = |client: &Client| match client {
        Client::Name(name) => name.clone(),
        Client::Number(number) => number.to_string(),
    };
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut parts: Vec<String> = others
        .iter()
        .map(|(client, count)| format!("{} of {}", plural(*count, "event"), name(client)))
        .collect();
    if lines > 0 {
        parts.push(format!("{} without an event", plural(lines, "line")));
    }
    (!parts.is_empty()).then(|| format!("skipped: {}", parts.join(", ")))
}

/// Whether the values of a history are `[key, value]`: if all that is asked for is written so.
fn is_keyed<'a>(events: impl Iterator<Item = &'a Event>) -> bool {
    let mut calls = events.filter(|event| event.event_type == EventType::Invoke).peekable();
    calls.peek().is_some() && calls.all(Event::may_be_keyed)
}

/// Numbers for clients with names: those above all numbers that are in use.
struct Numbers {
    first: u64,
    names: Vec<String>,
}

impl Numbers {
    fn new(events: &[(usize, Event)]) -> Self {
        let (mut first, mut names) = (0, BTreeSet::new());
        for (_, event) in events {
            match event.client() {
                Ok(Client::Number(number)) => first = first.max(number.saturating_add(1)),
                Ok(Client::Name(name)) => drop(names.insert(name)),
                Err(_) => {}
            }
        }
        Numbers { first, names: names.into_iter().collect() }
    }

    fn number(&self, client: &Client) -> u64 {
        match client {
            Client::Number(number) => *number,
            Client::Name(name) => {
                let place = self.names.binary_search(name).unwrap_or_else(|place| place);
                self.first.wrapping_add(place as u64)
            }
        }
    }
}

/// A history that is being read.
struct Recorder<'a, P: Textual> {
    specification: &'a P,
    history: History<P::Input, P::Output>,
    open: BTreeMap<u64, Open>,
    last_index: Option<u64>,
}

impl<P: Textual> Recorder<'_, P> {
    fn event(&mut self, number: u64, client: &Client, line: usize, event: &Event) -> Result<(), String> {
        if let Client::Name(name) = client {
            self.history.name_client(number, name.clone());
        }
        let process = self.history.client_name(number).into_owned();
        if event.event_type == EventType::Invoke {
            if let Some(Open { line, f, .. }) = self.open.get(&number) {
                return Err(format!(
                    "process {process} calls again while it waits for the {f} of line {line}: a client has one \
                     operation at a time"
                ));
            }
            let input = self.specification.read_input(event)?;
            let id = self.history.invoke(number, event.time, input);
            self.open.insert(number, Open { id, line, f: event.f.clone() });
        } else {
            self.reply(number, &process, event)?;
        }
        self.check_order(event)
    }

    fn reply(&mut self, number: u64, process: &str, event: &Event) -> Result<(), String> {
        // Removed even if the answer turns out to be wrong: the first mistake ends the reading.
        let Some(Open { id, line, f }) = self.open.remove(&number) else {
            return Err(format!("expected an invoke of process {process} before this reply"));
        };
        if f != event.f && !event.f.is_empty() {
            return Err(format!("expected a reply to the {f} of line {line}, found one to {}", event.f));
        }
        match self.specification.read_answer(&self.history.operations()[id].input, event)? {
            Answer::Output(output) => self.history.complete(id, event.time, output),
            Answer::Failed => self.history.fail(id, event.time),
            Answer::Unknown => self.history.give_up(id, event.time),
        }
        Ok(())
    }

    /// Events must stand in the order in which they happened.
    fn check_order(&mut self, event: &Event) -> Result<(), String> {
        // The order of the lines is what counts; an index only confirms it. A file that was sorted by something else
        // would be another history, and could get another verdict. Times confirm nothing: they are taken by several
        // threads, and go back by some nanoseconds.
        if let (Some(last), Some(index)) = (self.last_index, event.index)
            && index <= last
        {
            return Err(format!(
                "expected an index above {last}, found {index}: events must be in order. Sort them by their index, or \
                 leave it out if the order of the file is right"
            ));
        }
        self.last_index = event.index.or(self.last_index);
        Ok(())
    }
}

/// Takes a history apart into its events, in their order.
pub(super) fn write<P: Textual>(specification: &P, history: &History<P::Input, P::Output>) -> Vec<Event> {
    let mut events: Vec<Event> = history
        .operations()
        .iter()
        .flat_map(|operation| write_operation(specification, history, operation))
        .collect();
    // Every event has an index here, its position in the history.
    events.sort_by_key(|event| event.index);
    events
}

fn write_operation<P: Textual>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    operation: &Operation<P::Input, P::Output>,
) -> Vec<Event> {
    let name = history.client_name(operation.client);
    let mut call = Event {
        index: Some(operation.call.position),
        time: operation.call.time_ns,
        process: name.parse::<u64>().map_or_else(|_| Value::from(&*name), Value::from),
        event_type: EventType::Invoke,
        f: String::new(),
        key: None,
        value: Value::Null,
        version: None,
        error: None,
        is_keyed: false,
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
