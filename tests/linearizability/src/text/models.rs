//! How the operations of each model are written.

use serde_json::Value;

use super::event::{Answer, Event, EventType, Textual, plain, short};
use crate::model::{
    Datum, Kv, KvInput, KvOp, KvOutput, Register, RegisterInput, RegisterOp, RegisterOutput, VersionedInput,
    VersionedKv, VersionedOp, VersionedOutput,
};

/// A string, or whatever else as its text; nil reads as the empty one.
fn string(value: &Value) -> String {
    if value.is_null() { String::new() } else { plain(value) }
}

/// Key and value of an operation that must have a key.
fn required_key(event: &Event) -> Result<(String, &Value), String> {
    match event.key_and_value() {
        (Some(key), value) => Ok((key, value)),
        (None, Value::Array(pair)) if pair.len() == 2 => Ok((plain(&pair[0]), &pair[1])),
        _ => Err("expected a key, in the field key or as the first of two values; without keys, try --model register"
            .to_string()),
    }
}

/// Which models know an operation by its name.
const KNOWN: [(&[&str], &str); 8] = [
    (&["get", "put", "append", "delete"], "kv"),
    (&["read", "write"], "register, cas-register or kv"),
    (&["cas"], "cas-register"),
    (&["acquire", "release", "lock", "unlock"], "mutex"),
    (&["add", "remove"], "set"),
    (&["enqueue", "dequeue"], "queue or unordered-queue"),
    (&["txn"], "multi-register"),
    (&["drain"], "none: write it as one dequeue for each value"),
];

/// That `f` is none of the operations of a model, and of which it is one.
pub(super) fn unexpected(expected: &str, f: &str) -> String {
    let known = KNOWN.iter().find(|(names, _)| names.contains(&f));
    let hint = known.map(|(_, models)| format!("; models that know it: {models}")).unwrap_or_default();
    format!("expected f to be {expected}, found {f:?}{hint}")
}

impl Textual for Kv {
    fn read_input(&self, event: &Event) -> Result<KvInput, String> {
        if !["get", "read", "put", "write", "append", "delete"].contains(&event.f.as_str()) {
            return Err(unexpected("get, put, append or delete", &event.f));
        }
        let (key, value) = required_key(event)?;
        let op = match event.f.as_str() {
            "put" | "write" => KvOp::Put(string(value)),
            "append" => KvOp::Append(string(value)),
            "delete" => KvOp::Delete,
            _ => KvOp::Get,
        };
        Ok(KvInput { key, op })
    }

    fn read_answer(&self, input: &KvInput, event: &Event) -> Result<Answer<KvOutput>, String> {
        event.answer(|| match input.op {
            KvOp::Get => required_key(event).map(|(_, value)| KvOutput::Value(string(value))),
            KvOp::Put(_) | KvOp::Append(_) | KvOp::Delete => Ok(KvOutput::Done),
        })
    }

    fn write_input(&self, input: &KvInput, event: &mut Event) {
        let (f, value) = match &input.op {
            KvOp::Get => ("get", Value::Null),
            KvOp::Put(value) => ("put", Value::from(value.as_str())),
            KvOp::Append(tail) => ("append", Value::from(tail.as_str())),
            KvOp::Delete => ("delete", Value::Null),
        };
        event.f = f.to_string();
        event.key = Some(Value::from(input.key.as_str()));
        event.value = value;
    }

    fn write_output(&self, output: &KvOutput, event: &mut Event) {
        if let KvOutput::Value(value) = output {
            event.value = Value::from(value.as_str());
        }
    }
}

fn pair(value: &Value) -> Result<(Datum, Datum), String> {
    match value {
        Value::Array(pair) if pair.len() == 2 => Ok((Datum::from_json(&pair[0]), Datum::from_json(&pair[1]))),
        other => Err(format!("expected the value of a cas to be [expected, new], found {}", short(other))),
    }
}

impl Textual for Register {
    fn read_input(&self, event: &Event) -> Result<RegisterInput, String> {
        let (key, value) = optional_key(event);
        let op = match event.f.as_str() {
            "read" => RegisterOp::Read,
            "write" => RegisterOp::Write(Datum::from_json(value)),
            "cas" if self.has_cas => {
                let (expected, new) = pair(value)?;
                RegisterOp::Cas { expected, new }
            }
            "cas" => {
                return Err(
                    "expected f to be read or write, found cas: use the model cas-register".to_string()
                );
            }
            other => return Err(unexpected("read, write or cas", other)),
        };
        Ok(RegisterInput { key, op })
    }

    fn read_answer(&self, input: &RegisterInput, event: &Event) -> Result<Answer<RegisterOutput>, String> {
        if matches!(input.op, RegisterOp::Cas { .. })
            && event.event_type == EventType::Fail
            && event.is_error("mismatch")
        {
            return Ok(Answer::Output(RegisterOutput::Mismatch));
        }
        event.answer(|| match input.op {
            RegisterOp::Read => Ok(RegisterOutput::Value(Datum::from_json(optional_key(event).1))),
            RegisterOp::Write(_) | RegisterOp::Cas { .. } => Ok(RegisterOutput::Done),
        })
    }

    fn write_input(&self, input: &RegisterInput, event: &mut Event) {
        let (f, value) = match &input.op {
            RegisterOp::Read => ("read", Value::Null),
            RegisterOp::Write(value) => ("write", value.to_json()),
            RegisterOp::Cas { expected, new } => {
                ("cas", Value::from(vec![expected.to_json(), new.to_json()]))
            }
        };
        event.f = f.to_string();
        event.key = (!input.key.is_empty()).then(|| Value::from(input.key.as_str()));
        event.value = value;
    }

    fn write_output(&self, output: &RegisterOutput, event: &mut Event) {
        match output {
            RegisterOutput::Value(value) => event.value = value.to_json(),
            RegisterOutput::Done => {}
            RegisterOutput::Mismatch => event.set_error(EventType::Fail, "mismatch"),
        }
    }
}

/// The key, empty if there is none, and the value without it.
pub(super) fn optional_key(event: &Event) -> (String, &Value) {
    let (key, value) = event.key_and_value();
    (key.unwrap_or_default(), value)
}

impl Textual for VersionedKv {
    fn read_input(&self, event: &Event) -> Result<VersionedInput, String> {
        if !["get", "put"].contains(&event.f.as_str()) {
            return Err(unexpected("get or put", &event.f));
        }
        let (key, value) = required_key(event)?;
        let op = match event.f.as_str() {
            "put" => VersionedOp::Put {
                value: string(value),
                version: event.version.ok_or("expected the field version, which a put needs")?,
            },
            _ => VersionedOp::Get,
        };
        Ok(VersionedInput { key, op })
    }

    fn read_answer(&self, input: &VersionedInput, event: &Event) -> Result<Answer<VersionedOutput>, String> {
        let is_put = input.op != VersionedOp::Get;
        let output = match event.event_type {
            // A `fail` with a reason is an answer: it tells something of the object, which the checker can
            // hold against others. A bare one only says that nothing happened, and is dropped.
            EventType::Fail if event.is_error("ErrNoKey") => VersionedOutput::ErrNoKey,
            EventType::Fail if is_put && event.is_error("ErrVersion") => VersionedOutput::ErrVersion,
            EventType::Info if is_put && event.is_error("ErrMaybe") => VersionedOutput::Maybe,
            _ if is_put => return event.answer(|| Ok(VersionedOutput::Done)),
            _ => {
                return event.answer(|| {
                    let version = event.version.ok_or("expected the field version, which a get returns")?;
                    Ok(VersionedOutput::Value { value: string(required_key(event)?.1), version })
                });
            }
        };
        Ok(Answer::Output(output))
    }

    fn write_input(&self, input: &VersionedInput, event: &mut Event) {
        event.key = Some(Value::from(input.key.as_str()));
        match &input.op {
            VersionedOp::Get => event.f = "get".to_string(),
            VersionedOp::Put { value, version } => {
                event.f = "put".to_string();
                event.value = Value::from(value.as_str());
                event.version = Some(*version);
            }
        }
    }

    fn write_output(&self, output: &VersionedOutput, event: &mut Event) {
        match output {
            VersionedOutput::Value { value, version } => {
                event.value = Value::from(value.as_str());
                event.version = Some(*version);
            }
            VersionedOutput::Done => {}
            VersionedOutput::ErrVersion => event.set_error(EventType::Fail, "ErrVersion"),
            VersionedOutput::ErrNoKey => event.set_error(EventType::Fail, "ErrNoKey"),
            VersionedOutput::Maybe => event.set_error(EventType::Info, "ErrMaybe"),
        }
    }
}
