//! The Trace Event format of Chrome, for Perfetto and `chrome://tracing`.
//!
//! Each node is a process and each thread a thread; a server that was started again is the same process. A slice is a
//! call on its caller, a handler on its server, or a wait. A message is an arrow (a flow event) from the slice that sends
//! it to the slice that gets it. Log lines are instants. Times are virtual, in microseconds.
//!
//! Slices of one thread nest: each begins on a stack and ends when it is on top, at the latest with the thread or the run.

use std::collections::{BTreeMap, BTreeSet};

use labrpc::sim::{Content, Event, Kind, Trace, TracedMessage};
use serde_json::{Value, json};

/// Writes the trace as a JSON object.
pub(super) fn write(trace: &Trace) -> String {
    let mut writer = Writer::default();
    for event in &trace.events {
        writer.event(event);
    }
    writer.end(trace.events.last().map_or(0, |event| event.time_ns));
    json!({ "displayTimeUnit": "ms", "traceEvents": writer.out }).to_string() + "\n"
}

/// What a slice stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slice {
    Wait,
    /// A call of this number, on its caller.
    Call(u64),
    /// A request of this number, on its server.
    Handler(u64),
}

/// A process and a thread in it.
type Place = (usize, u64);

#[derive(Default)]
struct Writer {
    out: Vec<Value>,
    /// The processes, by name of the node.
    processes: BTreeMap<String, usize>,
    threads: BTreeSet<Place>,
    /// The slices that are open, by thread.
    open: BTreeMap<Place, Vec<Slice>>,
    /// How many arrows of a message have begun and ended; copies share a number.
    arrows: BTreeSet<String>,
}

fn microseconds(ns: u64) -> f64 {
    ns as f64 / 1e3
}

impl Writer {
    fn event(&mut self, event: &Event) {
        let place = self.place(event);
        let at = event.time_ns;
        if !event.kind.is_annotation() {
            self.wakes(place, at);
        }
        if let Some(message) = event.message() {
            return self.message(place, at, message);
        }
        match event.kind {
            Kind::Block => self.begin(place, at, Slice::Wait, format!("waits {}", event.words)),
            Kind::Exit => self.close(place, at),
            kind if kind.is_for_people() => {
                self.put(place, at, "i", &event.words.to_string(), json!({ "s": "t" }));
            }
            _ => {}
        }
    }

    /// A thread does something, so it does not wait any more.
    fn wakes(&mut self, place: Place, at: u64) {
        if self.open.get(&place).and_then(|slices| slices.last()) == Some(&Slice::Wait) {
            self.pop(place, at);
        }
    }

    fn message(&mut self, place: Place, at: u64, message: &TracedMessage) {
        let TracedMessage { call, is_reply, from, to, method, what, content, .. } = message;
        let arrow = format!("{call}{}", if *is_reply { " reply" } else { "" });
        match (&**what, is_reply) {
            ("sent", false) => {
                self.begin(place, at, Slice::Call(*call), format!("{method} to {to}"));
                self.arrow(place, at, "s", &arrow, content);
            }
            ("delivered", false) => {
                self.begin(place, at, Slice::Handler(*call), format!("{method} of {from}"));
                self.arrow(place, at, "f", &arrow, content);
            }
            ("sent", true) => {
                self.arrow(place, at, "s", &arrow, content);
                self.end_of(place, at, Slice::Handler(*call));
            }
            ("delivered", true) => {
                self.arrow(place, at, "f", &arrow, content);
                self.end_of(place, at, Slice::Call(*call));
            }
            (other, _) => {
                let text = format!("{from} -> {to} {method} #{arrow} {other}");
                self.put(place, at, "i", &text, json!({ "s": "p" }));
            }
        }
    }

    /// The place of an event. A process or a thread that is new is named.
    fn place(&mut self, event: &Event) -> Place {
        let count = self.processes.len();
        let (process, is_new) = match self.processes.get(&*event.node) {
            Some(&process) => (process, false),
            None => (count, true),
        };
        if is_new {
            self.processes.insert(event.node.to_string(), process);
            self.name((process, 0), "process_name", &event.node);
        }
        let place = (process, event.thread_number);
        if self.threads.insert(place) {
            self.name(place, "thread_name", &event.thread);
        }
        place
    }

    fn name(&mut self, (process, thread): Place, what: &str, name: &str) {
        self.out.push(json!({
            "ph": "M", "name": what, "pid": process, "tid": thread, "args": { "name": name },
        }));
    }

    fn put(&mut self, (process, thread): Place, at: u64, phase: &str, name: &str, more: Value) {
        let mut event = json!({
            "ph": phase, "name": name, "cat": "lab", "pid": process, "tid": thread, "ts": microseconds(at),
        });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        self.out.push(event);
    }

    /// The beginning (`s`) or the end (`f`) of an arrow. Only the first copy of a message has one.
    fn arrow(&mut self, place: Place, at: u64, phase: &str, id: &str, content: &Content) {
        let is_first = self.arrows.insert(format!("{phase} {id}"));
        let has_begun = self.arrows.contains(&format!("s {id}"));
        if is_first && has_begun {
            self.put(
                place,
                at,
                phase,
                "message",
                json!({ "id": id, "bp": "e", "args": { "content": content } }),
            );
        }
    }

    fn begin(&mut self, place: Place, at: u64, slice: Slice, name: String) {
        self.put(place, at, "B", &name, Value::Null);
        self.open.entry(place).or_default().push(slice);
    }

    /// Ends a slice, and all that began after it; nothing if it is not open.
    fn end_of(&mut self, place: Place, at: u64, slice: Slice) {
        // What was begun within it and has not ended ends with it: slices of a thread have to nest.
        while self.open.get(&place).is_some_and(|slices| slices.contains(&slice)) {
            self.pop(place, at);
        }
    }

    fn pop(&mut self, place: Place, at: u64) {
        if self.open.get_mut(&place).and_then(Vec::pop).is_some() {
            self.put(place, at, "E", "", Value::Null);
        }
    }

    /// A thread has ended.
    fn close(&mut self, place: Place, at: u64) {
        while self.open.get(&place).is_some_and(|slices| !slices.is_empty()) {
            self.pop(place, at);
        }
    }

    /// The run has ended.
    fn end(&mut self, at: u64) {
        let places: Vec<Place> = self.open.keys().copied().collect();
        places.into_iter().for_each(|place| self.close(place, at));
    }
}
