//! How the operations of locks, sets and queues are written.

use serde_json::Value;

use super::event::{Answer, Event, EventType, Textual, short};
use super::models::{optional_key, unexpected};
use crate::model::{
    Datum, Items, Mutex, MutexInput, MutexOp, MutexOutput, Queue, QueueInput, QueueOp, QueueOutput, Set,
    SetInput, SetOp, SetOutput,
};

/// Writes the name of an operation, the key if there is one, and a value.
fn write(event: &mut Event, f: &str, key: &str, value: Value) {
    event.f = f.to_string();
    event.key = (!key.is_empty()).then(|| Value::from(key));
    event.value = value;
}

impl Textual for Mutex {
    fn read_input(&self, event: &Event) -> Result<MutexInput, String> {
        let op = match event.f.as_str() {
            "acquire" | "lock" => MutexOp::Acquire,
            "release" | "unlock" => MutexOp::Release,
            other => return Err(unexpected("acquire or release", other)),
        };
        Ok(MutexInput { key: optional_key(event).0, op })
    }

    fn read_answer(&self, _input: &MutexInput, event: &Event) -> Result<Answer<MutexOutput>, String> {
        event.answer(|| Ok(MutexOutput::Done))
    }

    fn write_input(&self, input: &MutexInput, event: &mut Event) {
        let f = match input.op {
            MutexOp::Acquire => "acquire",
            MutexOp::Release => "release",
        };
        write(event, f, &input.key, Value::Null);
    }

    fn write_output(&self, _output: &MutexOutput, _event: &mut Event) {}
}

impl Textual for Set {
    fn read_input(&self, event: &Event) -> Result<SetInput, String> {
        let (key, value) = optional_key(event);
        let op = match event.f.as_str() {
            "read" => SetOp::Read,
            "add" => SetOp::Add(Datum::from_json(value)),
            "remove" => SetOp::Remove(Datum::from_json(value)),
            other => return Err(unexpected("add, remove or read", other)),
        };
        Ok(SetInput { key, op })
    }

    fn read_answer(&self, input: &SetInput, event: &Event) -> Result<Answer<SetOutput>, String> {
        event.answer(|| match (&input.op, optional_key(event).1) {
            (SetOp::Add(_) | SetOp::Remove(_), _) => Ok(SetOutput::Done),
            (SetOp::Read, Value::Null) => Ok(SetOutput::Elements(Items::default())),
            (SetOp::Read, Value::Array(elements)) => {
                Ok(SetOutput::Elements(Items::sorted(elements.iter().map(Datum::from_json))))
            }
            (SetOp::Read, other) => {
                Err(format!("expected the value of a read to be a list or a set, found {}", short(other)))
            }
        })
    }

    fn write_input(&self, input: &SetInput, event: &mut Event) {
        let (f, value) = match &input.op {
            SetOp::Read => ("read", Value::Null),
            SetOp::Add(element) => ("add", element.to_json()),
            SetOp::Remove(element) => ("remove", element.to_json()),
        };
        write(event, f, &input.key, value);
    }

    fn write_output(&self, output: &SetOutput, event: &mut Event) {
        if let SetOutput::Elements(elements) = output {
            event.value = elements.iter().map(Datum::to_json).collect();
        }
    }
}

impl Textual for Queue {
    fn read_input(&self, event: &Event) -> Result<QueueInput, String> {
        let (key, value) = optional_key(event);
        let op = match event.f.as_str() {
            "enqueue" => QueueOp::Enqueue(Datum::from_json(value)),
            "dequeue" => QueueOp::Dequeue,
            other => return Err(unexpected("enqueue or dequeue", other)),
        };
        Ok(QueueInput { key, op })
    }

    fn read_answer(&self, input: &QueueInput, event: &Event) -> Result<Answer<QueueOutput>, String> {
        let is_dequeue = input.op == QueueOp::Dequeue;
        if is_dequeue && event.event_type == EventType::Fail && event.is_error("empty") {
            return Ok(Answer::Output(QueueOutput::Empty));
        }
        event.answer(|| {
            let item = Datum::from_json(optional_key(event).1);
            Ok(match (is_dequeue, item.is_nil()) {
                (false, _) => QueueOutput::Done,
                (true, true) => QueueOutput::Empty,
                (true, false) => QueueOutput::Item(item),
            })
        })
    }

    fn write_input(&self, input: &QueueInput, event: &mut Event) {
        let (f, value) = match &input.op {
            QueueOp::Enqueue(item) => ("enqueue", item.to_json()),
            QueueOp::Dequeue => ("dequeue", Value::Null),
        };
        write(event, f, &input.key, value);
    }

    fn write_output(&self, output: &QueueOutput, event: &mut Event) {
        match output {
            QueueOutput::Done => {}
            QueueOutput::Item(item) => event.value = item.to_json(),
            QueueOutput::Empty => event.value = Value::Null,
        }
    }
}
