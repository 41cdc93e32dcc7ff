//! Bytes that no sender has made: they decode or are refused, and a hundred bytes never ask for gigabytes.

use std::collections::BTreeMap;

use lab_fuzzing::fuzz;
use labrpc::sim::{Event, Replay};
use labrpc::wire::{self, Describe, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Everything that a message can be made of, but for itself: a type that contains itself nests as deep as its bytes say, and who
/// defines one says where that ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Message {
    term: u64,
    delta: i32,
    is_leader: bool,
    share: f64,
    letter: char,
    name: String,
    data: Vec<u8>,
    entries: Vec<Entry>,
    by_name: BTreeMap<String, (u8, Option<u64>)>,
    nothing: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Entry {
    Empty,
    Command(Vec<u8>),
    Config { old: Vec<u32>, new: Option<Vec<u32>> },
}

fn message() -> Message {
    Message {
        term: 300,
        delta: -70_000,
        is_leader: true,
        share: 0.25,
        letter: 'é',
        name: "S1 and more".into(),
        data: vec![7; 20],
        entries: vec![
            Entry::Empty,
            Entry::Command(vec![0, 1, 255]),
            Entry::Config { old: vec![1, 2], new: Some(vec![3]) },
        ],
        by_name: [("x".to_owned(), (1, Some(9))), ("y".to_owned(), (2, None))].into(),
        nothing: (),
    }
}

/// Reads bytes as this type. What can be read can be shown and written, and is read again as it was.
fn read<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    let Ok(value) = wire::decode::<T>(bytes) else { return };
    let tree = Value::of(&value);
    assert!(!tree.to_string().is_empty());
    let _ = (value.int_of("term"), wire::from_value::<T>(&tree));
    let written = wire::encode(&value).expect("it was read");
    let again = wire::encode(&wire::decode::<T>(&written).expect("it was written"));
    assert_eq!(again.expect("it was read"), written);
}

#[test]
fn reader_of_messages_survives_fuzzing() {
    let examples = [
        wire::encode(&message()).expect("bytes"),
        wire::encode(&message().entries).expect("bytes"),
        wire::encode(&(7_u64, "seven")).expect("bytes"),
    ];
    fuzz("messages", &examples, |input| {
        read::<Message>(input);
        read::<Vec<Entry>>(input);
        read::<(u64, String)>(input);
        read::<BTreeMap<u64, Vec<Vec<u8>>>>(input);
    });
}

#[test]
fn reader_of_replay_lines_and_events_survives_fuzzing() {
    let examples = [
        &b"seed=0x2a policy=pct:3 step=1000ns"[..],
        b"seed=17 policy=fifo step=1ns",
        b"seed=1 policy=random@1200:0x7:pct:3@1300:9:portfolio step=100ns",
        b"seed=1 policy=fifo+12:1+40:2 step=1000ns",
    ];
    fuzz("replay-lines", &examples.map(<[u8]>::to_vec), |input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(replay) = text.parse::<Replay>() {
            assert_eq!(replay.to_string().parse::<Replay>().expect("it was written"), replay);
        }
        let _ = serde_json::from_slice::<Event>(input);
    });
}
