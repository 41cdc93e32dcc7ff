//! Counts, observers, the trace, and that a network replays.

use labrpc::network::{
    Address, Chance, Delays, Duplication, Happening, Loss, Message, MessageEvent, Network, Nth, Rule,
    Service, Tally, Traffic, Verdict,
};
use labrpc::rand::{self, RngExt};
use labrpc::sim::{Kind, Sim, Tracing, check_replay};
use labrpc::thread;

use super::{add_server, echo, in_both_worlds, ms, tester_end};

#[test]
fn counters_tell_total_server_and_method_apart() {
    in_both_worlds(|| {
        let network = Network::new();
        let service = || {
            Service::new("Echo").method("Int", |int: u64| int).method("Text", |text: String| text.repeat(2))
        };
        add_server(&network, 0, service());
        add_server(&network, 1, service());
        for _ in 0..3 {
            tester_end(&network, 0).call::<_, u64>("Echo.Int", &1_u64);
        }
        tester_end(&network, 1).call::<_, String>("Echo.Text", &"abc");
        // Lost: it counts as a call, and its bytes as sent, but no server has seen it.
        let lost = network.add_rule(Loss::always());
        tester_end(&network, 1).call::<_, String>("Echo.Text", &"abc");
        lost.end();
        // A server that is replaced goes on counting.
        add_server(&network, 0, service());
        tester_end(&network, 0).call::<_, u64>("Echo.Int", &1_u64);
        let counters = network.counters();
        assert_eq!(counters, network.counters(), "reading resets nothing");
        assert_eq!(counters.total, Tally { calls: 6, bytes: 8 + 11 + 4 });
        assert_eq!(counters.servers[&0.into()], Tally { calls: 4, bytes: 8 });
        assert_eq!(counters.servers[&1.into()], Tally { calls: 1, bytes: 11 });
        assert_eq!(counters.methods["Echo.Int"], Tally { calls: 4, bytes: 8 });
        assert_eq!(counters.methods["Echo.Text"], Tally { calls: 2, bytes: 15 });
    });
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Vote {
    term: u64,
    granted: bool,
}

/// What an observer hears, as lines without times. Observers run where nothing may wait, so the lock is a plain one.
fn observed(network: &Network) -> std::sync::Arc<std::sync::Mutex<Vec<String>>> {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = lines.clone();
    network.add_observer(move |event: &MessageEvent<'_>| {
        let MessageEvent { message, what, incarnation, .. } = event;
        let value = message.value().map_or_else(|| "?".to_owned(), |value| value.to_string());
        kept.lock().unwrap().push(format!("{what}: {message}, server {incarnation}: {value}"));
    });
    lines
}

#[test]
fn observers_hear_of_every_message() {
    in_both_worlds(|| {
        let network = Network::new();
        let service = Service::new("Raft").method("Vote", |vote: Vote| Vote { granted: true, ..vote });
        add_server(&network, 3, service);
        let lines = observed(&network);
        let end = network.make_connected_end(1, 3);
        let ask = || end.call::<_, Vote>("Raft.Vote", &Vote { term: 7, granted: false });
        assert!(ask().is_some_and(|vote| vote.granted));
        let lost = network.add_rule(Loss::always().on(Traffic::replies().to(1)));
        assert!(ask().is_none());
        lost.end();
        network.disable(&end);
        assert!(ask().is_none());
        let asked = "Vote {term: 7, granted: false}";
        let granted = "Vote {term: 7, granted: true}";
        let expected = [
            format!("sent: S1 -> S3 Raft.Vote request #1, 2 bytes, server 1: {asked}"),
            format!("delivered: S1 -> S3 Raft.Vote request #1, 2 bytes, server 1: {asked}"),
            format!("sent: S3 -> S1 Raft.Vote reply #1, 2 bytes, server 1: {granted}"),
            format!("delivered: S3 -> S1 Raft.Vote reply #1, 2 bytes, server 1: {granted}"),
            format!("sent: S1 -> S3 Raft.Vote request #2, 2 bytes, server 1: {asked}"),
            format!("delivered: S1 -> S3 Raft.Vote request #2, 2 bytes, server 1: {asked}"),
            format!("sent: S3 -> S1 Raft.Vote reply #2, 2 bytes, server 1: {granted}"),
            format!(
                "dropped by Loss on replies to S1: S3 -> S1 Raft.Vote reply #2, 2 bytes, server 1: {granted}"
            ),
            format!("sent: S1 -> S3 Raft.Vote request #3, 2 bytes, server 0: {asked}"),
            format!("dropped by a disabled end: S1 -> S3 Raft.Vote request #3, 2 bytes, server 0: {asked}"),
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
    });
}

fn rule_of<T>() -> impl Rule {
    |_: &Message<'_>, _: &mut Chance<'_>| if size_of::<T>() == 0 { Verdict::Drop } else { Verdict::Pass }
}

/// A rule that has no type of its own is known by where it was made, and a script by its message.
#[test]
fn rules_have_names_that_tell_who_made_them() {
    let closure = |_: &Message<'_>, _: &mut Chance<'_>| Verdict::Pass;
    assert_eq!(closure.name(), "a rule of rules_have_names_that_tell_who_made_them");
    let make = || |_: &Message<'_>, _: &mut Chance<'_>| Verdict::Pass;
    let nested = make();
    assert_eq!(nested.name(), closure.name());
    assert_eq!(rule_of::<Vec<Vote>>().name(), "a rule of rule_of");
    let script = Nth::new(2, Traffic::replies().to(1), Verdict::Drop);
    assert_eq!(script.name(), "a script for message 2 on replies to S1");
}

/// An observer does not change the run that it watches.
#[test]
fn observers_cost_no_virtual_time() {
    let run = |is_observed: bool| {
        let body = move || {
            busy(move |network| {
                if is_observed {
                    network.add_observer(|event: &MessageEvent<'_>| drop(event.message.value()));
                }
            })
        };
        Sim::new(5).run(body).unwrap_or_else(|failure| panic!("{failure}")).1
    };
    let (plain, observed) = (run(false), run(true));
    assert_eq!(plain.trace.fingerprint, observed.trace.fingerprint);
    assert_eq!(plain.elapsed, observed.elapsed);
}

/// The trace says what was sent, and a traced run is the same run.
#[test]
fn trace_shows_messages_in_readable_form() {
    let run = |tracing: Tracing| {
        let body = || {
            let network = Network::new();
            add_server(&network, 3, Service::new("Raft").method("Vote", |vote: Vote| vote));
            let end = network.make_connected_end(1, 3);
            end.call::<_, Vote>("Raft.Vote", &Vote { term: 7, granted: false }).unwrap();
        };
        Sim::new(1).tracing(tracing).run(body).unwrap_or_else(|failure| panic!("{failure}")).1.trace
    };
    let trace = run(Tracing::Last(1000));
    assert_eq!(trace.fingerprint, run(Tracing::Off).fingerprint);
    let messages: Vec<_> = trace
        .events
        .iter()
        .filter(|event| {
            matches!(event.kind, Kind::CallSent | Kind::CallDelivered | Kind::CallReplied | Kind::CallEnded)
        })
        .collect();
    let nodes: Vec<&str> = messages.iter().map(|event| &*event.node).collect();
    assert_eq!(nodes, ["tester", "S3", "S3", "tester"]);
    for event in &messages {
        let words = event.words.to_string();
        assert!(words.contains("Vote {term: 7, granted: false}"), "{event}");
        assert!(words.contains("2 bytes"), "{event}");
    }
    assert_ne!(messages[0].payload, messages[2].payload);
}

/// Many callers and servers on a bad network, with servers that come and go.
fn busy(prepare: impl FnOnce(&Network)) {
    let network = Network::new();
    prepare(&network);
    network.unreliable();
    network.long_reordering();
    let twice = Duplication::new(0.2, Delays::Millis(0..=50));
    let _twice = network.add_rule(twice);
    for server in 0..3 {
        add_server(&network, server, echo());
    }
    let callers: Vec<_> = (0..6)
        .map(|caller| {
            let ends = [0, 1, 2].map(|server| network.make_connected_end(Address::Client(caller), server));
            thread::spawn(move || {
                let call = |call: u64| ends[rand::rng().random_range(0..3_usize)].call("Echo.Int", &call);
                (0..50).filter(|int| call(*int) == Some(*int)).count()
            })
        })
        .collect();
    for round in 0..10 {
        thread::sleep(ms(500));
        network.delete_server(round % 3);
        add_server(&network, round % 3, echo());
    }
    let replied: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    assert!((100..300).contains(&replied), "{replied} of 300 calls got a reply");
}

#[test]
fn busy_network_replays() {
    let mut fingerprints = Vec::new();
    for seed in 0..10 {
        let outcome = check_replay(&Sim::new(seed), || busy(|_| {})).unwrap_or_else(|at| panic!("{at}"));
        fingerprints.push(outcome.unwrap_or_else(|failure| panic!("{failure}")).1.trace.fingerprint);
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 10, "different seeds, different runs");
}

/// A happening is what it says.
#[test]
fn happenings_read_as_sentences() {
    assert_eq!(Happening::Dropped { by: "Loss" }.to_string(), "dropped by Loss");
    assert_eq!(
        Happening::Discarded { because: "the call has ended" }.to_string(),
        "discarded: the call has ended"
    );
}
