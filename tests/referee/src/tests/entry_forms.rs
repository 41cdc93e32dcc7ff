//! Entries that are counted from 0, or that are tuples.

use labrpc::network::Network;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::wire::{ask, voter, watched_with};
use crate::{BeforeFirst, Names, Notice};

#[derive(Serialize, Deserialize)]
struct FromZero {
    term: u64,
    prev_log_index: i64,
    prev_log_term: i64,
    entries: Vec<Said>,
    leader_commit: i64,
}

#[derive(Serialize, Deserialize)]
struct Said {
    term: u64,
    command: Vec<u8>,
}

/// Names that are not the paper's, and known all the same.
#[derive(Serialize, Deserialize)]
struct Pairs<E> {
    term: u64,
    prev_idx: u64,
    prev_term: u64,
    logs: Vec<E>,
    commit: u64,
}

#[derive(Serialize, Deserialize)]
struct Took {
    term: u64,
    success: bool,
}

#[test]
fn indexes_may_be_counted_from_zero() {
    let sent = |index| {
        let before_first = BeforeFirst { index, term: -1 };
        let names = Names { append_entries: vec!["FromZero"], before_first, ..Names::default() };
        let raft = voter().method("FromZero", |told: FromZero| Took { term: told.term, success: true });
        watched_with(names, raft, |network| {
            ask(network, 1);
            for command in [b"x", b"y"] {
                let said = Said { term: 1, command: command.to_vec() };
                let message = FromZero {
                    term: 1,
                    prev_log_index: -1,
                    prev_log_term: -1,
                    entries: vec![said],
                    leader_commit: -1,
                };
                let _: Option<Took> = network.make_connected_end(1, 0).call("Raft.FromZero", &message);
            }
        })
    };
    let notices = sent(Some(-1));
    let [Notice::Leads(..), Notice::Violation(violation)] = &notices[..] else {
        panic!("a leader and a violation, not {notices:?}")
    };
    assert!(violation.headline.contains("entry 1"), "{}", violation.headline);
    // Who does not know it stands aside.
    for (index, words) in [(Some(0), "a negative number in prev_log_index"), (None, "neither 0 nor -1")] {
        let notices = sent(index);
        let Some(Notice::StandsAside(why)) = notices.last() else { panic!("a remark, not {notices:?}") };
        assert!(why.contains(words), "{why}");
    }
}

/// What the referee makes of two messages that bring these as entry 1.
fn pairs<E: Serialize + DeserializeOwned + Send + 'static>(names: Names, entries: [E; 2]) -> Vec<Notice> {
    let names = Names { append_entries: vec!["Pairs"], ..names };
    let raft = voter().method("Pairs", |told: Pairs<E>| Took { term: told.term, success: true });
    watched_with(names, raft, |network: &Network| {
        ask(network, 1);
        for entry in entries {
            let message = Pairs { term: 1, prev_idx: 0, prev_term: 0, logs: vec![entry], commit: 0 };
            let _: Option<Took> = network.make_connected_end(1, 0).call("Raft.Pairs", &message);
        }
    })
}

#[test]
fn entries_may_be_tuples() {
    let of = |text: &[u8]| text.to_vec();
    let same = pairs(Names::default(), [(1_u64, of(b"x")), (1, of(b"x"))]);
    assert!(matches!(same[..], [Notice::Leads(..)]), "{same:?}");
    let told = Names { term: vec!["term", "1"], command: vec!["2"], ..Names::default() };
    let others = [
        pairs(Names::default(), [(1_u64, of(b"x")), (1, of(b"y"))]),
        pairs(Names::default(), [(of(b"x"), 1_u64), (of(b"y"), 1)]),
        pairs(told, [(7_u64, 1_u64, of(b"x")), (7, 1, of(b"y"))]),
    ];
    for notices in others {
        let [Notice::Leads(..), Notice::Violation(violation)] = &notices[..] else {
            panic!("a leader and a violation, not {notices:?}")
        };
        assert!(violation.headline.contains("entry 1"), "{}", violation.headline);
    }
    // Which of two numbers is the term is not known.
    let numbers = pairs(Names::default(), [(1_u64, 2_u64), (1, 3)]);
    assert!(matches!(numbers[..], [Notice::StandsAside(_)]), "{numbers:?}");
}

#[test]
fn heartbeat_may_have_nothing_in_place_of_entries() {
    #[derive(Serialize, Deserialize)]
    struct Beat {
        term: u64,
        prev_log_index: u64,
        prev_log_term: u64,
        entries: Option<Vec<Said>>,
        leader_commit: u64,
    }
    let raft = voter().method("AppendEntry", |told: Beat| Took { term: told.term, success: true });
    let notices = watched_with(Names::default(), raft, |network| {
        ask(network, 1);
        for entries in [None, Some(vec![Said { term: 1, command: b"x".to_vec() }])] {
            let beat = Beat { term: 1, prev_log_index: 0, prev_log_term: 0, entries, leader_commit: 0 };
            let _: Option<Took> = network.make_connected_end(1, 0).call("Raft.AppendEntry", &beat);
        }
    });
    assert!(matches!(notices[..], [Notice::Leads(..)]), "{notices:?}");
}
