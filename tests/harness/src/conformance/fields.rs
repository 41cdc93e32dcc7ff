//! Values under names, of which there may be several for one thing.

use labrpc::wire::Value;
use raft_interface::{Index, Term};

use lab_referee::{BeforeFirst, field_at, flag_at, int_or_nothing_at, is_variant};

/// The number under the first of these names that has one.
pub(super) fn number(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| field_at(value, name)?.as_int()?.try_into().ok())
}

/// The index under the first of these names that has one.
pub(super) fn index(value: &Value, names: &[&str], before_first: BeforeFirst) -> Option<Index> {
    let nothing = before_first.write(0);
    names.iter().find_map(|name| before_first.read(int_or_nothing_at(value, name, nothing)?))
}

/// The index and the term of an entry, which may be nothing before the first one.
pub(super) fn place(value: &Value, names: [&[&str]; 2], before_first: BeforeFirst) -> Option<(Index, Term)> {
    let [names_of_index, names_of_term] = names;
    let index = index(value, names_of_index, before_first)?;
    let term = names_of_term.iter().find_map(|name| int_or_nothing_at(value, name, 0))?;
    Some((index, if index == 0 { 0 } else { term.try_into().ok()? }))
}

/// Whether that is so, by the first of these names that says.
pub(super) fn flag(value: &Value, names: &[&str]) -> Option<bool> {
    names.iter().find_map(|name| flag_at(value, name))
}

/// What is under the first of these names that is there.
pub(super) fn field<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| field_at(value, name))
}

pub(super) fn int(number: u64) -> Value {
    Value::Int(number.into())
}

/// What stands in a message for an index.
pub(super) fn written_index(index: Index, before_first: BeforeFirst) -> Value {
    Value::Int(before_first.write(index))
}

/// The same for the index and the term of an entry.
pub(super) fn written((index, term): (Index, Term), before_first: BeforeFirst) -> [Value; 2] {
    [written_index(index, before_first), Value::Int(before_first.write_term(index, term))]
}

/// The bytes under the first of these names that has some.
pub(super) fn bytes(value: &Value, names: &[&str]) -> Option<Vec<u8>> {
    names.iter().find_map(|name| bytes_of(field_at(value, name)?))
}

/// What a field says if it is taken for bytes.
pub(super) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        // A list without elements does not show of what they would be: these are no bytes, in whatever form.
        Value::Seq(elements) if elements.is_empty() => Some(Vec::new()),
        // The empty entry with which some leaders begin their term.
        Value::Nothing => Some(Vec::new()),
        _ => None,
    }
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
    let is_outer = |(name, value): &&mut (&'static str, Value)| *name == outer && can_take(value, inner);
    match fields.iter_mut().find(is_outer) {
        Some((_, Value::Struct(_, inside))) => put(inside, inner, value),
        _ => fields.push((outer, wrapped(inner, value))),
    }
}

/// Whether this has fields, of which one may be what the path says.
fn can_take(value: &Value, path: &str) -> bool {
    matches!(value, Value::Struct(..)) && !path.split('.').next().is_some_and(is_variant)
}

fn wrapped(path: &'static str, value: Value) -> Value {
    let (outer, value) = match path.split_once('.') {
        Some((outer, inner)) => (outer, wrapped(inner, value)),
        None => (path, value),
    };
    match is_variant(outer) {
        true => Value::Variant(outer, Box::new(value)),
        false => Value::Struct("", vec![(outer, value)]),
    }
}

/// A message with these fields and a truth: a field, or the one of two variants that is meant, with the fields in it.
pub(super) fn with_flag(mut fields: Fields, is_so: bool, yes: &[&'static str], no: &[&'static str]) -> Value {
    for name in yes.iter().filter(|name| !is_variant(innermost(name))) {
        put(&mut fields, name, Value::Bool(is_so));
    }
    let variant = (if is_so { yes } else { no }).iter().find(|name| is_variant(innermost(name)));
    let Some(&path) = variant else { return Value::Struct("", fields) };
    let mut inside = fields.clone();
    let Some((outer, variant)) = path.rsplit_once('.') else {
        return Value::Variant(path, Box::new(Value::Struct("", inside)));
    };
    // What is told by paths to it.
    if let Some(at) = fields.iter().position(|(name, _)| *name == outer)
        && let (_, Value::Struct(_, more)) = fields.remove(at)
    {
        inside.extend(more);
    }
    put(&mut fields, outer, Value::Variant(variant, Box::new(Value::Struct("", inside))));
    Value::Struct("", fields)
}

fn innermost(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A field in which nothing but the place before the first entry stands is nothing to who has an `Option` there.
pub(super) fn before_first_is_nothing(fields: &mut Fields, before_first: BeforeFirst) {
    let index = before_first.write(0);
    for (_, value) in fields {
        if let Value::Struct(name, inside) = value {
            before_first_is_nothing(inside, before_first);
            let is_one_of = |numbers: &[i128], value: &Value| match value {
                Value::Int(number) => numbers.contains(number),
                value => matches!(value, Value::Struct(Value::OR_NOTHING, _)),
            };
            // Its term may be 0 also where its index is -1; and there is an entry 0 where indexes begin at 0.
            let all_nothing = [index, before_first.term.into(), 0];
            if inside.iter().any(|(_, value)| is_one_of(&[index], value))
                && inside.iter().all(|(_, value)| is_one_of(&all_nothing, value))
            {
                *name = Value::OR_NOTHING;
            }
        }
    }
}

/// A method tells the names of its fields, and not what is in these.
pub(super) fn outermost(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
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

    #[test]
    fn variants_are_parts_of_a_path() {
        let all = fields([(&["payload.Normal"], int(7)), (&["id.term"], int(3)), (&["id.index"], int(9))]);
        let Value::Variant("Normal", _) = all[0].1 else { panic!("{all:?}") };
        let entry = Value::Struct("", all);
        assert_eq!(number(&entry, &["payload.Normal"]), Some(7));
        assert_eq!(number(&entry, &["payload.Blank"]), None, "it is another one");
        assert_eq!([&["id.term"], &["id.index"]].map(|names| number(&entry, names)), [Some(3), Some(9)]);
    }

    #[test]
    fn nothing_stands_before_the_first_entry() {
        let mut all = fields([
            (&["prev.index"], int(0)),
            (&["prev.term"], int(0)),
            (&["head.term"], int(0)),
            (&["head.to"], int(1)),
            (&["term"], int(0)),
        ]);
        before_first_is_nothing(&mut all, BeforeFirst::PAPER);
        assert!(matches!(all[0].1, Value::Struct(Value::OR_NOTHING, _)), "{all:?}");
        assert!(matches!(all[1].1, Value::Struct("", _)), "{all:?}");
        let from_zero = BeforeFirst { index: Some(-1), term: 0 };
        let log = |index, term| vec![("prev", Value::Struct("", vec![("index", index), ("term", term)]))];
        for (place, is_nothing) in [((0, 0), true), ((1, 3), false), ((1, 0), false)] {
            let [index, term] = written(place, from_zero);
            let mut all = log(index, term);
            before_first_is_nothing(&mut all, from_zero);
            assert_eq!(matches!(all[0].1, Value::Struct(Value::OR_NOTHING, _)), is_nothing, "{place:?}");
        }
        let said = Value::Struct("", vec![("prev", Value::Nothing), ("list", Value::Seq(Vec::new()))]);
        let paper = BeforeFirst::PAPER;
        assert_eq!(place(&said, [&["prev.index"], &["prev.term"]], paper), Some((0, 0)));
        assert_eq!(number(&said, &["prev.index"]), None, "only a place may be nothing");
        assert_eq!(index(&said, &["list.index"], paper), None);
    }
}
