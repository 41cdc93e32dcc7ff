//! Parties that speak in trees with parties that speak in types, in both worlds.

use std::collections::BTreeMap;

use labrpc::network::{Network, Service};
use labrpc::sync::{Arc, Mutex};
use labrpc::wire::{Describe, Value, With, encode, from_value, made_up};
use serde::{Deserialize, Serialize};

use super::{add_server, in_both_worlds, tester_end};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Term(u32);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Kind {
    #[default]
    Nothing,
    Set(String, i8),
    Wrap(Term),
    Fields {
        key: Option<u8>,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Entry {
    term: Term,
    command: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Args {
    term: Term,
    done: bool,
    entries: Vec<Entry>,
    kinds: Vec<Kind>,
    hint: Option<u64>,
    pair: (u16, String),
    map: BTreeMap<String, i64>,
    ratio: f64,
}

fn args() -> Args {
    Args {
        term: Term(7),
        done: true,
        entries: vec![Entry { term: Term(5), command: b"x\0y".to_vec() }, Entry::default()],
        kinds: vec![
            Kind::Nothing,
            Kind::Set("k".into(), -3),
            Kind::Wrap(Term(1)),
            Kind::Fields { key: Some(9) },
        ],
        hint: Some(3),
        pair: (4, "four".into()),
        map: [("a".to_owned(), -1)].into(),
        ratio: 0.5,
    }
}

#[test]
fn value_becomes_a_tree_and_the_tree_the_value() {
    assert_eq!(from_value(&args().to_value()), Ok(args()));
    assert_eq!(args().to_value().to_value(), args().to_value(), "the tree of a tree");
    encode(&args().to_value()).expect("a tree has an encoding");
}

#[test]
fn missing_fields_are_nothing_and_unknown_fields_are_passed_over() {
    let tree = Value::Struct("", vec![("term", Value::Int(2)), ("candidate_id", Value::Int(1))]);
    assert_eq!(from_value(&tree), Ok(Args { term: Term(2), ..Args::default() }));
}

#[test]
fn tree_that_does_not_fit_is_an_error_that_names_it() {
    let rows = [
        ("term", Value::Text("seven".into()), "\"seven\" is not a whole number"),
        ("term", Value::Int(-1), "-1"),
        ("term", Value::Int(1 << 40), "1099511627776"),
        ("done", Value::Int(2), "2 is not true or false"),
        ("entries", Value::Int(3), "3 is not a sequence"),
        ("entries", Value::Seq(vec![Value::Int(3)]), "3 is not a struct Entry"),
        ("kinds", Value::Seq(vec![Value::Variant("Other", Box::new(Value::Nothing))]), "Other"),
        ("pair", Value::Seq(vec![Value::Int(3)]), "length 1"),
    ];
    for (field, value, wanted) in rows {
        let error =
            from_value::<Args>(&Value::Struct("", vec![(field, value)])).expect_err(wanted).to_string();
        assert!(error.contains(wanted) && error.contains("Args"), "{error}");
    }
}

/// Answers with the term that it was sent, and one more.
fn typed(network: &Network) {
    let echo = Service::new("Echo").method("Next", |args: Args| Entry {
        term: Term(args.term.0 + 1),
        command: args.entries.first().map(|entry| entry.command.clone()).unwrap_or_default(),
    });
    assert_eq!(echo.name(), "Echo");
    let (name, fields) = echo.methods().next().expect("a method");
    assert_eq!((name, fields[0], fields[7]), ("Echo.Next", "term", "ratio"));
    add_server(network, 0, echo);
}

#[test]
fn caller_without_types_reaches_a_server_with_types() {
    in_both_worlds(|| {
        let network = Network::new();
        typed(&network);
        let end = tester_end(&network, 0);
        let reply =
            end.call_plain("Echo.Next", &args().to_value()).expect("it understands").expect("a reply");
        assert_eq!(reply.to_string(), r#"Entry {term: 8, command: b"x\x00y"}"#);
        let unknown = end.call_plain("Echo.Last", &args().to_value()).expect_err("no such method");
        assert!(unknown.contains("no such method") && unknown.contains("Echo.Next"), "{unknown}");
        let wrong = Value::Struct("", vec![("term", Value::Text("x".into()))]);
        let wrong = end.call_plain("Echo.Next", &wrong).expect_err("no term");
        assert!(wrong.contains("S0 cannot read the arguments of Echo.Next"), "{wrong}");
        network.delete_server(0);
        assert_eq!(end.call_plain("Echo.Next", &args().to_value()), Ok(None));
    });
}

#[test]
fn caller_with_types_reaches_a_server_without() {
    in_both_worlds(|| {
        let network = Network::new();
        let plain = Service::new("Echo").plain_method("Next", |args| {
            let term = args.field("term")?.as_int()?;
            (term > 0)
                .then(|| Value::Struct("", vec![("term", Value::Int(term + 1)), ("more", Value::Bool(true))]))
        });
        add_server(&network, 0, plain);
        let end = tester_end(&network, 0);
        let next = |term| end.call::<_, Entry>("Echo.Next", &Args { term: Term(term), ..args() });
        assert_eq!(next(7), Some(Entry { term: Term(8), command: Vec::new() }));
        assert_eq!(next(0), None, "no answer is no reply");
    });
}

/// Whoever speaks in trees hears what was made up of what it has not said, at whatever depth.
#[test]
fn what_a_tree_does_not_say_is_told() {
    let places = |tree: &Value| {
        made_up::<Args>(tree).into_iter().map(|one| (one.to_string(), one.with)).collect::<Vec<_>>()
    };
    let place = |name: &str, with| (name.to_owned(), with);
    assert_eq!(places(&args().to_value()), [], "all is there");
    let entry = |fields| Value::Struct("", fields);
    let of = |field, value| {
        let Value::Struct(_, mut fields) = args().to_value() else { panic!("a struct") };
        fields.iter_mut().find(|(name, _)| *name == field).expect("a field").1 = value;
        Value::Struct("", fields)
    };
    let command = || ("command", Value::Bytes(b"x".to_vec()));
    let entries = Value::Seq(vec![entry(vec![command()]), entry(vec![command()])]);
    assert_eq!(places(&of("entries", entries)), [place("entries.term", With::Nothing)], "once");
    let entries = Value::Seq(vec![entry(vec![("term", Value::Nothing), command()])]);
    assert_eq!(places(&of("entries", entries)), [place("entries.term", With::NothingSaid)]);
    let kind = Value::Variant("Fields", Box::new(entry(vec![])));
    assert_eq!(places(&of("kinds", Value::Seq(vec![kind]))), [place("kinds.key", With::None)]);
    let kind = Value::Seq(vec![Value::Nothing]);
    assert_eq!(places(&of("kinds", kind)), [place("kinds", With::Variant("Nothing"))]);
    assert_eq!(places(&of("hint", Value::Nothing)), [], "its type can say so");
    let of_nothing = places(&entry(vec![]));
    let fields: Vec<_> = of_nothing.iter().map(|(place, _)| &place[..]).collect();
    assert_eq!(fields, ["term", "done", "entries", "kinds", "hint", "pair", "map", "ratio"], "as wholes");
    let service = Service::new("Echo").method("Next", |args: Args| args).plain_method("Plain", Some);
    let asked: Vec<_> = service.made_up().map(|(name, ask)| (name, ask(&args().to_value()))).collect();
    assert_eq!(asked, [("Echo.Next", vec![])], "a method that takes trees makes up nothing");
}

/// Whoever answers in trees hears which fields of its answers were made up.
#[test]
fn what_is_made_up_in_a_reply_is_told_before_the_caller_has_it() {
    in_both_worlds(|| {
        let network = Network::new();
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        network.on_made_up(move |method, made_up| telling.lock().push(format!("{method} {made_up}")));
        let plain = Service::new("Echo").plain_method("Next", |args| {
            let mut fields = vec![("term", args.field("term")?.clone())];
            if args.field("done")?.as_int() == Some(1) {
                fields.push(("command", Value::Bytes(b"x".to_vec())));
            }
            Some(Value::Struct("", fields))
        });
        add_server(&network, 0, plain);
        let end = tester_end(&network, 0);
        let next = |done| end.call::<_, Entry>("Echo.Next", &Args { done, ..args() }).expect("a reply");
        assert_eq!(next(true).command, b"x");
        assert!(told.lock().is_empty(), "all was there");
        assert!(next(false).command.is_empty());
        assert_eq!(*told.lock(), ["Echo.Next command"]);
    });
}

#[test]
fn what_may_be_nothing_is_nothing_to_an_option_alone() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Place {
        index: u64,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Two {
        perhaps: Option<Place>,
        always: Place,
    }
    let place = Value::Struct(Value::OR_NOTHING, vec![("index", Value::Int(0))]);
    let tree = Value::Struct("", vec![("perhaps", place.clone()), ("always", place)]);
    assert_eq!(from_value::<Two>(&tree), Ok(Two { perhaps: None, always: Place { index: 0 } }));
    assert_eq!(made_up::<Two>(&tree), []);
}
