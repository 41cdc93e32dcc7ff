//! Values under names, of which there may be several for one thing.

use labrpc::wire::Value;

use lab_referee::field_at;

/// The number under the first of these names that has one.
pub(super) fn number(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| field_at(value, name)?.as_int()?.try_into().ok())
}

/// What is under the first of these names that is there.
pub(super) fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| field_at(value, name))
}

pub(super) fn int(number: u64) -> Value {
    Value::Int(number.into())
}

/// The bytes under the first of these names that has some.
pub(super) fn bytes(value: &Value, names: &[&str]) -> Option<Vec<u8>> {
    names.iter().find_map(|name| match field_at(value, name)? {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        // A list without elements does not show of what they would be: these are no bytes, in whatever form.
        Value::Seq(elements) if elements.is_empty() => Some(Vec::new()),
        // The empty entry with which some leaders begin their term.
        Value::Nothing => Some(Vec::new()),
        _ => None,
    })
}

/// Fields of a message, in their order.
pub(super) type Fields = Vec<(&'static str, Value)>;

/// Fields under all their names.
pub(super) fn fields<const N: usize>(named: [(&[&'static str], Value); N]) -> Fields {
    let mut fields = Fields::new();
    for (names, value) in named {
        put_under(&mut fields, names, &value);
    }
    fields
}

/// Adds a field under all its names.
pub(super) fn put_under(fields: &mut Fields, names: &[&'static str], value: &Value) {
    for name in names {
        put(fields, name, value.clone());
    }
}

/// Adds fields under those of their names that nothing else bears.
pub(super) fn add<const N: usize>(fields: &mut Fields, named: [(&[&'static str], Value); N]) {
    for (names, value) in named {
        for name in names {
            if !is_taken(fields, name) {
                put(fields, name, value.clone());
            }
        }
    }
}

/// A name may be a path to a field in another one.
fn put(fields: &mut Fields, name: &'static str, value: Value) {
    let Some((outer, inner)) = name.split_once('.') else { return fields.push((name, value)) };
    let is_outer =
        |(name, value): &&mut (&'static str, Value)| *name == outer && matches!(value, Value::Struct(..));
    match fields.iter_mut().find(is_outer) {
        Some((_, Value::Struct(_, fields))) => put(fields, inner, value),
        _ => {
            let mut inside = Fields::new();
            put(&mut inside, inner, value);
            fields.push((outer, Value::Struct("", inside)));
        }
    }
}

fn is_taken(fields: &Fields, name: &str) -> bool {
    let (outer, inner) = name.split_once('.').map_or((name, None), |(outer, inner)| (outer, Some(inner)));
    let mut of_that_name = fields.iter().filter(|(name, _)| *name == outer);
    of_that_name.any(|(_, value)| inner.is_none_or(|inner| field_at(value, inner).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_a_field_have_paths() {
        let mut all = fields([(&["term"], int(3)), (&["meta.index"], int(9)), (&["meta.term"], int(2))]);
        add(&mut all, [(&["meta.term", "meta.of.index"], int(7)), (&["meta"], int(7))]);
        let message = Value::Struct("", all);
        assert_eq!(number(&message, &["meta.index"]), Some(9));
        assert_eq!(number(&message, &["index", "meta.term"]), Some(2), "it is taken");
        assert_eq!(number(&message, &["meta.of.index"]), Some(7));
        assert_eq!(number(&message, &["meta", "term"]), Some(3), "what is in it is no number");
        assert_eq!(field(&message, &["term.index"]), None);
    }
}
