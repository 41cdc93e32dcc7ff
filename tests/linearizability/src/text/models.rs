//! How the operations of each model are written.

use serde_json::Value;

use super::event::{Answer, Event, EventType, Textual};
use crate::model::{
    Kv, KvInput, KvOp, KvOutput, Register, RegisterInput, RegisterOp, RegisterOutput, RegisterValue,
    VersionedInput, VersionedKv, VersionedOp, VersionedOutput,
};

/// A string; nil reads as the empty one.
fn string(value: &Value) -> Result<String, String> {
    match value {
        Value::String(string) => Ok(string.clone()),
        Value::Null => Ok(String::new()),
        other => Err(format!("expected the value to be a string, found {other}")),
    }
}

fn required_key(key: Option<String>) -> Result<String, String> {
    key.ok_or_else(|| "expected a key, in the field key or as the first of two values".to_string())
}

impl Textual for Kv {
    fn read_input(&self, event: &Event) -> Result<KvInput, String> {
        let (key, value) = event.key_and_value();
        let op = match event.f.as_str() {
            "get" | "read" => KvOp::Get,
            "put" | "write" => KvOp::Put(string(value)?),
            "append" => KvOp::Append(string(value)?),
            other => return Err(format!("expected f to be get, put or append, found {other:?}")),
        };
        Ok(KvInput { key: required_key(key)?, op })
    }

    fn read_answer(&self, input: &KvInput, event: &Event) -> Result<Answer<KvOutput>, String> {
        event.answer(|| match input.op {
            KvOp::Get => string(event.key_and_value().1).map(KvOutput::Value),
            KvOp::Put(_) | KvOp::Append(_) => Ok(KvOutput::Done),
        })
    }

    fn write_input(&self, input: &KvInput, event: &mut Event) {
        let (f, value) = match &input.op {
            KvOp::Get => ("get", Value::Null),
            KvOp::Put(value) => ("put", Value::from(value.as_str())),
            KvOp::Append(tail) => ("append", Value::from(tail.as_str())),
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

/// A number, or nil.
fn number(value: &Value) -> Result<RegisterValue, String> {
    match value {
        Value::Null => Ok(None),
        other => match other.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(format!("expected the value to be a whole number or nil, found {other}")),
        },
    }
}

fn pair(value: &Value) -> Result<(RegisterValue, RegisterValue), String> {
    match value {
        Value::Array(pair) if pair.len() == 2 => Ok((number(&pair[0])?, number(&pair[1])?)),
        other => Err(format!("expected the value of a cas to be [expected, new], found {other}")),
    }
}

impl Textual for Register {
    fn read_input(&self, event: &Event) -> Result<RegisterInput, String> {
        let (key, value) = register_key_and_value(event);
        let op = match event.f.as_str() {
            "read" => RegisterOp::Read,
            "write" => RegisterOp::Write(number(value)?),
            "cas" if self.has_cas => {
                let (expected, new) = pair(value)?;
                RegisterOp::Cas { expected, new }
            }
            "cas" => {
                return Err(
                    "expected f to be read or write, found cas: use the model cas-register".to_string()
                );
            }
            other => return Err(format!("expected f to be read, write or cas, found {other:?}")),
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
            RegisterOp::Read => number(register_key_and_value(event).1).map(RegisterOutput::Value),
            RegisterOp::Write(_) | RegisterOp::Cas { .. } => Ok(RegisterOutput::Done),
        })
    }

    fn write_input(&self, input: &RegisterInput, event: &mut Event) {
        let (f, value) = match input.op {
            RegisterOp::Read => ("read", Value::Null),
            RegisterOp::Write(value) => ("write", Value::from(value)),
            RegisterOp::Cas { expected, new } => {
                ("cas", Value::from(vec![Value::from(expected), Value::from(new)]))
            }
        };
        event.f = f.to_string();
        event.key = (!input.key.is_empty()).then(|| Value::from(input.key.as_str()));
        event.value = value;
    }

    fn write_output(&self, output: &RegisterOutput, event: &mut Event) {
        match output {
            RegisterOutput::Value(value) => event.value = Value::from(*value),
            RegisterOutput::Done => {}
            RegisterOutput::Mismatch => event.set_error(EventType::Fail, "mismatch"),
        }
    }
}

/// The key, empty if there is none, and the value without it. The two values of a `cas` are not a key and a
/// value.
fn register_key_and_value(event: &Event) -> (String, &Value) {
    match &event.value {
        Value::Array(pair)
            // `[1 2]` of a cas is what it expects and sets. Only where the second is a pair again the first
            // is a key.
            if event.f == "cas" && pair.len() == 2 && !pair[1].is_array() && event.key.is_none() =>
        {
            (String::new(), &event.value)
        }
        _ => {
            let (key, value) = event.key_and_value();
            (key.unwrap_or_default(), value)
        }
    }
}

impl Textual for VersionedKv {
    fn read_input(&self, event: &Event) -> Result<VersionedInput, String> {
        let (key, value) = event.key_and_value();
        let op = match event.f.as_str() {
            "get" => VersionedOp::Get,
            "put" => VersionedOp::Put {
                value: string(value)?,
                version: event.version.ok_or("expected the field version, which a put needs")?,
            },
            other => return Err(format!("expected f to be get or put, found {other:?}")),
        };
        Ok(VersionedInput { key: required_key(key)?, op })
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
                    Ok(VersionedOutput::Value { value: string(event.key_and_value().1)?, version })
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
