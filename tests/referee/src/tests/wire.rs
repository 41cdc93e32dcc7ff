//! The way from real messages to facts.

use std::time::Duration;

use labrpc::network::{MessageEvent, Network, Observer, Server, Service};
use labrpc::sim::{NodeHandle, Sim};
use labrpc::sync::Arc;
use labrpc::thread;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::{Names, Notice, Referee};

#[derive(Serialize, Deserialize)]
struct Ask {
    term: u64,
    last_log_index: u64,
    last_log_term: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Vote {
    term: u64,
    vote_granted: bool,
}

#[derive(Serialize, Deserialize)]
struct Odd {
    epoch: u64,
}

#[derive(Serialize, Deserialize)]
struct Piece {
    term: u64,
    last_included_index: u64,
    last_included_term: u64,
    done: bool,
}

/// An entry without a command.
#[derive(Serialize, Deserialize)]
struct Bare {
    term: u64,
}

#[derive(Serialize, Deserialize)]
struct Tell {
    term: u64,
    prev_log_index: u64,
    prev_log_term: u64,
    entries: Vec<Bare>,
    log: Vec<Bare>,
    leader_commit: u64,
}

#[derive(Serialize, Deserialize)]
struct Place {
    index: u64,
    term: u64,
}

/// What it says stands in parts of its own.
#[derive(Serialize, Deserialize)]
struct Nested {
    head: Bare,
    prev: Place,
    entries: Vec<Bare>,
    leader_commit: u64,
}

/// An entry that says where it stands, and what it is.
#[derive(Serialize, Deserialize)]
struct Told {
    id: Place,
    payload: Payload,
}

#[derive(Serialize, Deserialize)]
enum Payload {
    Normal(Vec<u8>),
}

/// Before the first entry is nothing.
#[derive(Serialize, Deserialize)]
struct Optional {
    term: u64,
    prev: Option<Place>,
    entries: Vec<Told>,
    commit: Option<Place>,
}

#[derive(Serialize, Deserialize)]
struct Took {
    term: u64,
    success: bool,
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Yes { term: u64 },
    No { term: u64 },
}

fn watched(body: impl FnOnce(&Network) + Send + 'static) -> Vec<Notice> {
    watched_as(Names::default(), body)
}

/// Runs `body` with a referee, and a server 0 that grants every vote after a while.
fn watched_as(names: Names, body: impl FnOnce(&Network) + Send + 'static) -> Vec<Notice> {
    let raft = voter()
        .method("AppendEntries", |odd: Odd| odd)
        .method("InstallSnapshot", |piece: Piece| Odd { epoch: piece.term })
        .method("Tell", |tell: Tell| Vote { term: tell.term, vote_granted: false })
        .method("Nested", |nested: Nested| Vote { term: nested.head.term, vote_granted: false })
        .method("Optional", |told: Optional| Took { term: told.term, success: true })
        .method("Decide", |ask: Ask| match ask.last_log_index {
            0 => Answer::Yes { term: ask.term },
            _ => Answer::No { term: ask.term },
        })
        .method("Gossip", |odd: Odd| odd);
    watched_with(names, raft, body)
}

/// A Raft that grants every vote after a while.
pub(super) fn voter() -> Service {
    Service::new("Raft").method("RequestVote", |ask: Ask| {
        thread::sleep(Duration::from_millis(10));
        Vote { term: ask.term, vote_granted: true }
    })
}

/// The same with this for a server 0.
pub(super) fn watched_with(
    names: Names,
    raft: Service,
    body: impl FnOnce(&Network) + Send + 'static,
) -> Vec<Notice> {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&notices);
    Sim::new(1)
        .run(move || {
            let network = Network::new();
            let referee = Referee::new(3, names, move |notice| told.lock().push(notice.clone()));
            let above = Service::new("Kv").method("Forward", |odd: Odd| odd);
            referee.service_answers(above.methods().map(|(method, _)| method));
            network.add_observer(move |event: &MessageEvent<'_>| referee.observe(event));
            network.add_server(0, Server::new(&NodeHandle::new("S0")).service(raft).service(above));
            body(&network);
        })
        .unwrap_or_else(|failure| panic!("{failure:?}"));
    Arc::try_unwrap(notices).map_or_else(|notices| notices.lock().clone(), Mutex::into_inner)
}

pub(super) fn ask(network: &Network, candidate: u32) -> Option<Vote> {
    let ask = Ask { term: 1, last_log_index: 0, last_log_term: 0 };
    network.make_connected_end(candidate, 0).call("Raft.RequestVote", &ask)
}

#[test]
fn violation_is_told_with_the_messages_that_prove_it() {
    let notices = watched(|network| {
        ask(network, 1);
        ask(network, 2);
        ask(network, 1);
    });
    let [Notice::Violation(violation)] = &notices[..] else { panic!("one violation, not {notices:?}") };
    assert_eq!(violation.headline, "S0 votes twice in term 1: for S1 and for S2");
    let without_time = |line: &String| line.split_once(" s  ").expect("a time").1.to_owned();
    let proof: Vec<String> = violation.proof.iter().map(without_time).collect();
    assert_eq!(
        proof,
        [
            "S1 -> S0 #1 RequestVote term 1, last entry 0 of term 0",
            "S0 -> S1 #1 vote granted, term 1",
            "S2 -> S0 #2 RequestVote term 1, last entry 0 of term 0",
            "S0 -> S2 #2 vote granted, term 1",
        ]
    );
    assert!(violation.at >= Duration::from_millis(20) && violation.at < Duration::from_millis(21));
}

#[test]
fn what_a_deleted_server_answers_does_not_count() {
    let notices = watched(|network| {
        ask(network, 1);
        let late = network.clone();
        let asking = thread::spawn(move || ask(&late, 2));
        thread::sleep(Duration::from_millis(5));
        network.delete_server(0);
        assert!(asking.join().expect("no panic").is_none());
        thread::sleep(Duration::from_millis(50));
    });
    assert!(notices.is_empty(), "{notices:?}");
}

#[test]
fn messages_that_cannot_be_read_are_told_once() {
    let notices = watched(|network| {
        let end = network.make_connected_end(1, 0);
        for _ in 0..3 {
            let _: Option<Odd> = end.call("Raft.AppendEntries", &Odd { epoch: 1 });
        }
        ask(network, 1);
        ask(network, 2);
    });
    let [Notice::StandsAside(why)] = &notices[..] else { panic!("one remark, not {notices:?}") };
    assert!(why.contains("no field term"), "{why}");
}

#[test]
fn messages_of_services_are_none_of_a_raft() {
    let notices = watched(|network| {
        let end = network.make_connected_end(1, 0);
        for _ in 0..500 {
            assert!(end.call::<Odd, Odd>("Kv.Forward", &Odd { epoch: 1 }).is_some());
        }
        ask(network, 1);
        ask(network, 2);
    });
    let [Notice::Violation(_)] = &notices[..] else { panic!("still judged, not {notices:?}") };
}

#[test]
fn messages_of_other_names_are_told_once() {
    let notices = watched(|network| {
        let end = network.make_connected_end(1, 0);
        for _ in 0..500 {
            let _: Option<Odd> = end.call("Raft.Gossip", &Odd { epoch: 1 });
        }
    });
    let [Notice::StandsAside(why)] = &notices[..] else { panic!("one remark, not {notices:?}") };
    assert!(why.contains("Raft.Gossip"), "{why}");
}

#[test]
fn piece_of_a_snapshot_without_its_place_cannot_be_read() {
    let notices = watched(|network| {
        let end = network.make_connected_end(1, 0);
        let piece = Piece { term: 1, last_included_index: 1, last_included_term: 1, done: false };
        let _: Option<Odd> = end.call("Raft.InstallSnapshot", &piece);
    });
    let [Notice::StandsAside(why)] = &notices[..] else { panic!("one remark, not {notices:?}") };
    assert!(why.contains("no field offset"), "{why}");
}

#[test]
fn entries_without_commands_are_those_of_the_first_name_that_is_there() {
    let tell = |network: &Network| {
        let (entries, log) = (vec![Bare { term: 1 }], Vec::new());
        let tell = Tell { term: 1, prev_log_index: 0, prev_log_term: 0, entries, log, leader_commit: 0 };
        let _: Option<Vote> = network.make_connected_end(1, 0).call("Raft.Tell", &tell);
    };
    let rows =
        [(vec!["entries", "log"], 1), (vec!["events", "entries", "log"], 1), (vec!["log", "entries"], 0)];
    for (entries, count) in rows {
        let names = Names { append_entries: vec!["Tell"], entries, ..Names::default() };
        let notices = watched_as(names, tell);
        // Nobody has voted for it.
        let [Notice::Violation(violation)] = &notices[..] else { panic!("one violation, not {notices:?}") };
        let line = violation.proof.last().expect("the message");
        assert!(line.contains(&format!(": {count} entries")), "{line}");
    }
}

#[test]
fn fields_in_other_fields_are_found_by_their_paths() {
    let names = Names {
        append_entries: vec!["Nested"],
        term: vec!["head.term", "term"],
        prev_log_index: vec!["prev.index"],
        prev_log_term: vec!["prev.term"],
        ..Names::default()
    };
    let notices = watched_as(names, |network| {
        let prev = Place { index: 0, term: 0 };
        let nested =
            Nested { head: Bare { term: 7 }, prev, entries: vec![Bare { term: 7 }], leader_commit: 0 };
        let _: Option<Vote> = network.make_connected_end(1, 0).call("Raft.Nested", &nested);
    });
    // Nobody has voted for it.
    let [Notice::Violation(violation)] = &notices[..] else { panic!("one violation, not {notices:?}") };
    let line = violation.proof.last().expect("the message");
    assert!(line.contains("term 7") && line.contains(": 1 entries"), "{line}");
}

#[test]
fn nothing_before_the_first_entry_and_entries_with_parts_are_read() {
    let names = Names {
        append_entries: vec!["Optional"],
        term: vec!["term", "id.term"],
        prev_log_index: vec!["prev.index"],
        prev_log_term: vec!["prev.term"],
        command: vec!["payload.Normal"],
        leader_commit: vec!["commit.index"],
        ..Names::default()
    };
    let sent = |commands: [&'static [u8]; 2]| {
        let names = names.clone();
        watched_as(names, move |network| {
            ask(network, 1);
            for command in commands {
                let id = Place { index: 1, term: 1 };
                let told = Told { id, payload: Payload::Normal(command.to_vec()) };
                let optional = Optional { term: 1, prev: None, entries: vec![told], commit: None };
                let _: Option<Took> = network.make_connected_end(1, 0).call("Raft.Optional", &optional);
            }
        })
    };
    assert!(matches!(sent([b"x", b"x"])[..], [Notice::Leads(..)]));
    let notices = sent([b"x", b"y"]);
    let [Notice::Leads(..), Notice::Violation(violation)] = &notices[..] else {
        panic!("a leader and a violation, not {notices:?}")
    };
    assert!(violation.headline.contains("entry 1"), "{}", violation.headline);
}

#[test]
fn vote_is_read_from_the_variant_of_a_reply() {
    let decided = |last_log_index| {
        let names = Names { request_vote: vec!["Decide"], vote_granted: vec!["Yes"], ..Names::default() };
        watched_as(names, move |network| {
            let ask = Ask { term: 1, last_log_index, last_log_term: last_log_index };
            for candidate in 1..3 {
                let end = network.make_connected_end(candidate, 0);
                let _: Option<Answer> = end.call("Raft.Decide", &ask);
            }
        })
    };
    let twice = decided(0);
    let [Notice::Violation(violation)] = &twice[..] else { panic!("one violation, not {twice:?}") };
    assert_eq!(violation.headline, "S0 votes twice in term 1: for S1 and for S2");
    let refused = decided(1);
    assert!(refused.is_empty(), "{refused:?}");
}
