//! Encoding, trees, and single fields.

use std::collections::{BTreeMap, BTreeSet};

use labrpc::wire::{Describe, Elements, Value, WireError, decode, encode};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Term(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    term: Term,
    command: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Get { key: String },
    Put(String, i32),
    Wrap(Term),
    Stop,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    term: Term,
    voted_for: Option<u32>,
    success: bool,
    ratio: f64,
    entries: Vec<Entry>,
    ops: Vec<Op>,
    map: BTreeMap<String, i64>,
    pair: (u16, char),
    none: (),
}

fn everything() -> Everything {
    let entry = |term, command: &[u8]| Entry { term: Term(term), command: command.to_vec() };
    Everything {
        term: Term(7),
        voted_for: Some(2),
        success: true,
        ratio: 0.5,
        entries: vec![entry(5, b"x=1"), entry(7, &[0; 40]), entry(6, b"")],
        ops: vec![Op::Get { key: "k".into() }, Op::Put("k".into(), -3), Op::Wrap(Term(4)), Op::Stop],
        map: [("a".to_owned(), 1), ("b".to_owned(), -2)].into(),
        pair: (9, 'z'),
        none: (),
    }
}

#[test]
fn tree_has_the_names_and_values_of_its_type() {
    let expected = concat!(
        r#"Everything {term: 7, voted_for: 2, success: true, ratio: 0.5, "#,
        r#"entries: [Entry {term: 5, command: b"x=1"}, "#,
        r#"Entry {term: 7, command: b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"#,
        r#"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" and 16 bytes more}, "#,
        r#"Entry {term: 6, command: []}], "#,
        r#"ops: [Get {key: "k"}, Put(["k", -3]), Wrap(4), Stop], map: {"a": 1, "b": -2}, pair: [9, "z"], none: -}"#,
    );
    let value = everything().to_value();
    assert_eq!(value.to_string(), expected);
    assert_eq!(value.field("term").and_then(Value::as_int), Some(7));
    assert_eq!(value.field("success").and_then(Value::as_int), Some(1));
    let entries = value.field("entries").and_then(Value::as_seq).unwrap();
    assert_eq!(entries[0].field("command").and_then(Value::as_bytes), Some(&b"x=1"[..]));
    assert_eq!(value.field("nothing"), None);
}

#[test]
fn long_sequences_are_counted_and_not_written_out() {
    let shown = (0..100_u64).collect::<Vec<_>>().to_value().to_string();
    assert!(shown.ends_with("22, 23, and 76 more]"), "{shown}");
}

#[test]
fn single_fields_are_read_without_a_tree() {
    let value = everything();
    for (field, int) in [("term", Some(7)), ("voted_for", Some(2)), ("success", Some(1)), ("entries", None)] {
        assert_eq!(value.int_of(field), int, "{field}");
    }
    for (field, len) in
        [("entries", Some(3)), ("map", Some(2)), ("ops", Some(4)), ("pair", Some(2)), ("term", None)]
    {
        assert_eq!(value.len_of(field), len, "{field}");
    }
    assert_eq!(value.ints_of("entries", "term"), [5, 7, 6]);
    assert_eq!(value.ints_of("entries", "command"), [0_i128; 0]);
    assert_eq!(value.ints_of("term", "term"), [0_i128; 0]);
    assert_eq!(Op::Get { key: "key".into() }.len_of("key"), Some(3));
}

#[test]
fn several_fields_are_read_at_once() {
    let (mut ints, mut terms) = ([Some(1); 4], Vec::new());
    let entries = Elements { field: "entries", int: "term", content: "command", kind: "" };
    let fields = ["success", "nothing", "term", "success"];
    let len = everything().read(&fields, &mut ints, entries, &mut |term, _| terms.extend(term));
    assert_eq!(ints, [Some(1), None, Some(7), Some(1)]);
    assert_eq!((len, terms), (Some(3), vec![5, 7, 6]));
    let len = everything().read(&[], &mut [], Elements::default(), &mut |_, _| panic!("asked for nothing"));
    assert_eq!(len, None);
}

/// The number and the digest of each element.
fn heads(value: &dyn Describe, field: &str, int: &str, content: &str) -> Vec<(Option<i128>, u64)> {
    let mut heads = Vec::new();
    let elements = Elements { field, int, content, kind: "" };
    value.read(&[], &mut [], elements, &mut |int, digest| heads.push((int, digest)));
    heads
}

#[test]
fn equal_contents_of_two_kinds_are_two() {
    #[derive(Serialize)]
    enum Kind {
        Command,
        NoOp,
    }
    #[derive(Serialize)]
    struct Entry {
        kind: Kind,
        command: Vec<u8>,
    }
    #[derive(Serialize)]
    struct Entries {
        entries: Vec<Entry>,
    }
    let entry = |kind, command: &[u8]| Entry { kind, command: command.to_vec() };
    let log = Entries {
        entries: vec![entry(Kind::Command, b""), entry(Kind::NoOp, b""), entry(Kind::Command, b"")],
    };
    let digests = |kind| {
        let mut digests = Vec::new();
        let elements = Elements { field: "entries", int: "", content: "command", kind };
        log.read(&[], &mut [], elements, &mut |_, digest| digests.push(digest));
        <[u64; 3]>::try_from(digests).expect("three entries")
    };
    let [command, no_op, again] = digests("kind");
    assert!(command == again && command != no_op && command != 0 && no_op != 0);
    let [command, no_op, _] = digests("");
    assert_eq!(command, no_op, "nobody has asked for the kind");
}

#[test]
fn digests_tell_values_apart_by_all_that_is_in_them() {
    #[derive(Serialize)]
    struct Holder<T> {
        all: Vec<Held<T>>,
    }
    #[derive(Serialize)]
    struct Held<T> {
        held: T,
    }
    fn all_differ<T: Serialize + Clone>(values: &[T]) {
        let twice = values.iter().chain(values).map(|held| Held { held: held.clone() });
        let heads = heads(&Holder { all: twice.collect() }, "all", "term", "held");
        let digests: Vec<u64> = heads.into_iter().map(|(_, digest)| digest).collect();
        let (first, second) = digests.split_at(values.len());
        assert_eq!(first, second, "the same values");
        let different: BTreeSet<u64> = first.iter().copied().collect();
        assert_eq!(different.len(), values.len(), "{digests:?}");
    }
    all_differ(&[0, 1, -1, i128::MAX, 1 << 64]);
    all_differ(&[None, Some(0), Some(1)]);
    all_differ(&["", "a", "b", "ab"]);
    all_differ(&[vec![], vec![0_u8], vec![0, 0], vec![1, 0], vec![0, 1]]);
    all_differ(&[0.0, -0.0, 1.5]);
    all_differ(&[
        Op::Get { key: "k".into() },
        Op::Get { key: "l".into() },
        Op::Put("k".into(), 1),
        Op::Put("k".into(), 2),
        Op::Wrap(Term(0)),
        Op::Stop,
    ]);
    let none = heads(&everything(), "entries", "term", "nothing");
    assert_eq!(none, [(Some(5), 0), (Some(7), 0), (Some(6), 0)]);
    assert_eq!(heads(&everything(), "entries", "nothing", "term")[0].0, None);
    assert_eq!(heads(&everything(), "nothing", "term", "term"), []);
    assert_eq!(1.5_f64.len_of("held"), None);
}

/// A field that is not asked for is not even looked at.
#[test]
fn other_fields_are_left_alone() {
    struct Fuse;
    impl Serialize for Fuse {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("nobody asked for this field")
        }
    }
    #[derive(Serialize)]
    struct Args {
        fuse: Fuse,
        term: u64,
    }
    assert_eq!(Args { fuse: Fuse, term: 3 }.int_of("term"), Some(3));
}

#[test]
fn bytes_that_do_not_fit_are_an_error_with_the_type_and_the_size() {
    let bytes = encode(&(200_u64, 3_u8)).unwrap();
    let error = decode::<u64>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "3 bytes do not decode as u64: 1 of them are left over");
    let error = decode::<String>(&bytes).unwrap_err();
    assert!(matches!(error, WireError::Decode { size: 3, .. }), "{error}");
    assert!(error.to_string().starts_with("3 bytes do not decode as alloc::string::String: "), "{error}");
}

#[test]
fn value_that_refuses_to_be_encoded_is_an_error() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    let error = encode(&Refuses).unwrap_err();
    assert!(error.to_string().contains("Refuses cannot be encoded"), "{error}");
    assert!(Refuses.to_value().to_string().contains("not today"));
}

proptest! {
    #[test]
    fn encoded_values_decode_to_the_same(
        term: u64,
        voted_for: Option<u32>,
        terms in proptest::collection::vec(any::<u64>(), 0..20),
        command: Vec<u8>,
        text: String,
    ) {
        let entries: Vec<Entry> =
            terms.iter().map(|term| Entry { term: Term(*term), command: command.clone() }).collect();
        let ops = vec![Op::Put(text, -1)];
        let value = Everything { term: Term(term), voted_for, entries, ops, ..everything() };
        prop_assert_eq!(&decode::<Everything>(&encode(&value).unwrap()).unwrap(), &value);
        prop_assert_eq!(value.int_of("term"), Some(i128::from(term)));
        let wide: Vec<i128> = terms.into_iter().map(i128::from).collect();
        prop_assert_eq!(value.ints_of("entries", "term"), wide);
    }

    #[test]
    fn bytes_that_mean_nothing_do_not_panic(bytes: Vec<u8>) {
        let _ = decode::<Everything>(&bytes);
    }
}
