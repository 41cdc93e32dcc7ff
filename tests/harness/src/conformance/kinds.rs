//! Entries that say of which kind they are.

use labrpc::wire::Value;

use super::fields::{field, put_under};
use lab_referee::{Names, list_at};

/// Whether the entries of a message say of which kind they are.
pub(super) fn has_kinds(names: &Names, value: &Value) -> bool {
    let entries = list_at(value, &names.entries).unwrap_or_default();
    entries.iter().any(|entry| field(entry, &names.entry_kind).is_some())
}

/// What a script says of which kind a command is, if that was told.
pub(super) fn command_kind(names: &Names) -> Option<Value> {
    let &kind = names.command_kind.first()?;
    Some(kind.parse().map_or_else(|_| Value::Variant(kind, Box::new(Value::Nothing)), Value::Int))
}

/// A message whose entries are of a kind that nobody knows.
pub(super) fn of_unknown_kind(names: &Names, message: Value) -> Value {
    let unknown = Value::Variant("Unknown", Box::new(Value::Nothing));
    let with_kind = |entry: Value| match entry {
        Value::Struct(name, mut fields) => {
            fields.retain(|(name, _)| !names.entry_kind.contains(name));
            put_under(&mut fields, &names.entry_kind, &unknown);
            Value::Struct(name, fields)
        }
        other => other,
    };
    let in_field = |(name, value): (&'static str, Value)| match value {
        Value::Seq(entries) if names.entries.contains(&name) => {
            (name, Value::Seq(entries.into_iter().map(with_kind).collect()))
        }
        value => (name, value),
    };
    match message {
        Value::Struct(name, fields) => Value::Struct(name, fields.into_iter().map(in_field).collect()),
        other => other,
    }
}
