//! Servers that go away, crash and pause; mistakes that fail a test; counts, observers, and replay.

use std::time::Duration;

use labrpc::network::{
    Address, ClientEnd, Delay, Delays, Duplication, Happening, Loss, MessageEvent, Network, Rule, Server,
    Service, Tally, Traffic,
};
use labrpc::rand::{self, RngExt};
use labrpc::sim::{Cause, Failure, Kind, NodeHandle, Sim, Tracing, check_replay};
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;
use labrpc::time::Instant;

use super::{add_server, echo, in_both_worlds, in_simulations, ms, tester_end};

/// A service whose handler takes a while, and counts how often it has run to its end.
fn slow(takes: Duration) -> (Service, Arc<AtomicU64>) {
    let done = Arc::new(AtomicU64::new(0));
    let count = done.clone();
    let service = Service::new("Slow").method("Int", move |int: u64| {
        thread::sleep(takes);
        count.fetch_add(1, Ordering::SeqCst);
        int
    });
    (service, done)
}

/// Calls a slow server in a thread of its own; returns the reply and how long it took.
fn call_aside(end: &ClientEnd) -> thread::JoinHandle<(Option<u64>, Duration)> {
    let end = end.clone();
    thread::spawn(move || {
        let start = Instant::now();
        (end.call("Slow.Int", &5_u64), start.elapsed())
    })
}

/// What can go away during a call.
#[derive(Clone, Copy)]
enum Gone {
    Deleted,
    Replaced,
    Disabled,
}

/// MIT: a call under way gets no reply, even if the handler ran, when its server is deleted or replaced or its end is
/// disabled. The caller hears of it when the handler returns, or else at the next look, every 100 ms.
#[test]
fn a_call_gets_no_reply_from_what_went_away() {
    for gone in [Gone::Deleted, Gone::Replaced, Gone::Disabled] {
        for (takes, heard) in [(ms(30), ms(30)), (Duration::from_secs(20), ms(100))] {
            in_simulations(2, move || {
                let network = Network::new();
                let (service, done) = slow(takes);
                add_server(&network, 0, service);
                let end = tester_end(&network, 0);
                let call = call_aside(&end);
                thread::sleep(ms(10));
                match gone {
                    Gone::Deleted => network.delete_server(0),
                    Gone::Replaced => drop(add_server(&network, 0, slow(takes).0)),
                    Gone::Disabled => network.disable(&end),
                }
                let (reply, took) = call.join().unwrap();
                assert_eq!(reply, None, "a server that went away has replied");
                assert!((heard..heard + ms(1)).contains(&took), "heard of it after {took:?}");
                thread::sleep(takes);
                assert_eq!(done.load(Ordering::SeqCst), 1, "the handler ran to its end");
            });
        }
    }
}

/// The end is looked at again after the handler returned; what was enabled again by then is fine (MIT).
#[test]
fn a_call_through_an_end_that_was_disabled_gets_no_reply_unless_it_is_enabled_in_time() {
    in_simulations(4, || {
        let network = Network::new();
        let (service, done) = slow(ms(250));
        add_server(&network, 0, service);
        let end = tester_end(&network, 0);
        let first = call_aside(&end);
        thread::sleep(ms(110));
        network.disable(&end);
        thread::sleep(ms(50));
        network.enable(&end);
        assert_eq!(first.join().unwrap().0, Some(5));
        let second = call_aside(&end);
        thread::sleep(ms(110));
        network.disable(&end);
        let (reply, took) = second.join().unwrap();
        assert_eq!(reply, None);
        assert!((ms(200)..ms(201)).contains(&took), "freed after {took:?}, not at the look at 200 ms");
        thread::sleep(ms(200));
        assert_eq!(done.load(Ordering::SeqCst), 2);
    });
}

/// A reply that was sent arrives, whatever becomes of its server; MIT does not look again either.
#[test]
fn a_late_reply_survives_its_server() {
    in_simulations(4, || {
        let network = Network::new();
        let node = add_server(&network, 0, slow(ms(1)).0);
        let late = Delay::new(Delays::Fixed(ms(500))).on(Traffic::replies());
        let _fault = network.add_rule(late);
        let call = call_aside(&tester_end(&network, 0));
        thread::sleep(ms(10));
        node.crash();
        network.delete_server(0);
        let (reply, took) = call.join().unwrap();
        assert_eq!(reply, Some(5));
        assert!(took >= ms(500));
    });
}

/// A request under way survives the crash of its sender.
#[test]
fn a_request_survives_its_sender() {
    in_simulations(4, || {
        let network = Network::new();
        let (service, done) = slow(ms(1));
        add_server(&network, 0, service);
        let late = Delay::new(Delays::Fixed(ms(100))).on(Traffic::requests());
        let _fault = network.add_rule(late);
        let sender = NodeHandle::new("S1");
        let end = network.make_connected_end(1, 0);
        sender.spawn("caller", move || end.call::<_, u64>("Slow.Int", &5_u64));
        thread::sleep(ms(10));
        sender.crash();
        thread::sleep(ms(200));
        assert_eq!(done.load(Ordering::SeqCst), 1);
    });
}

/// The crash of a node frees the callers of its server, and no handler runs there any more.
#[test]
fn a_crash_frees_the_callers() {
    in_simulations(10, || {
        let network = Network::new();
        let (service, done) = slow(Duration::from_secs(20));
        let node = add_server(&network, 0, service);
        let calls: Vec<_> = (0..5).map(|_| call_aside(&tester_end(&network, 0))).collect();
        thread::sleep(ms(250));
        node.crash();
        for call in calls {
            let (reply, took) = call.join().unwrap();
            assert_eq!(reply, None);
            assert!((ms(299)..=ms(301)).contains(&took), "freed after {took:?}");
        }
        assert_eq!(tester_end(&network, 0).call::<_, u64>("Slow.Int", &5_u64), None);
        thread::sleep(Duration::from_secs(30));
        assert_eq!((done.load(Ordering::SeqCst), network.server_tally(0).calls), (0, 5));
    });
}

/// A request that is under way when its server's node crashes finds nobody, and its caller hears of it then.
#[test]
fn a_request_does_not_arrive_at_a_crashed_node() {
    in_simulations(4, || {
        let network = Network::new();
        let node = add_server(&network, 0, slow(ms(1)).0);
        let late = Delay::new(Delays::Fixed(ms(50))).on(Traffic::requests());
        let _fault = network.add_rule(late);
        let call = call_aside(&tester_end(&network, 0));
        thread::sleep(ms(10));
        node.crash();
        let (reply, took) = call.join().unwrap();
        assert_eq!((reply, network.server_tally(0).calls), (None, 0));
        assert!((ms(50)..ms(51)).contains(&took), "heard of it after {took:?}");
    });
}

/// Calls that fail at once cost virtual time all the same: a loop of them ends.
#[test]
fn time_passes_in_a_loop_of_calls_that_fail_at_once() {
    in_simulations(4, || {
        let network = Network::new();
        add_server(&network, 0, echo());
        let _fault = network.add_rule(Loss::always());
        let end = tester_end(&network, 0);
        for _ in 0..2 {
            let start = Instant::now();
            let mut calls = 0;
            while start.elapsed() < ms(1) {
                assert_eq!(end.call::<_, u64>("Echo.Int", &5_u64), None);
                calls += 1;
            }
            assert!(
                (100..=1000).contains(&calls),
                "{calls} calls in a millisecond of steps of a microsecond"
            );
            network.cleanup();
        }
    });
}

/// Handlers of a paused node wait until it goes on.
#[test]
fn handlers_of_a_paused_node_wait() {
    in_simulations(10, || {
        let network = Network::new();
        let node = add_server(&network, 0, slow(ms(10)).0);
        node.pause();
        let call = call_aside(&tester_end(&network, 0));
        thread::sleep(ms(700));
        assert!(!call.is_finished());
        node.resume();
        let (reply, took) = call.join().unwrap();
        assert_eq!(reply, Some(5));
        assert!((ms(709)..ms(720)).contains(&took), "it took {took:?}");
    });
}

/// A handler that never returns is a deadlock that names the method, not a hang: nothing polls.
#[test]
fn a_handler_that_never_returns_is_a_deadlock() {
    let failure = Sim::new(1)
        .run(|| {
            let network = Network::new();
            add_server(&network, 0, Service::new("Raft").method("Stuck", |()| thread::park()));
            tester_end(&network, 0).call::<_, ()>("Raft.Stuck", &());
        })
        .unwrap_err();
    assert!(matches!(failure.cause, Cause::Deadlock { .. }), "{failure}");
    let text = failure.to_string();
    assert!(text.contains("waits for the reply to Raft.Stuck"), "{text}");
    assert!(text.contains("S0/Raft.Stuck waits for an unpark"), "{text}");
}

fn failure_of(body: impl FnOnce() + Send + 'static) -> Box<Failure> {
    Sim::new(1).run(body).expect_err("the run fails")
}

/// The same mistake in both worlds: the end of the run, and a panic in the caller's thread.
fn assert_fails(body: impl Fn() + Copy + Send + Sync + std::panic::UnwindSafe + 'static, parts: &[&str]) {
    let failure = failure_of(body);
    let Cause::Misuse { message, .. } = &failure.cause else { panic!("{failure}") };
    let panic = std::panic::catch_unwind(body).expect_err("the caller panics");
    let real = panic.downcast_ref::<String>().expect("it says why");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
        assert!(real.contains(part), "{part:?} is not in: {real}");
    }
}

#[test]
fn an_unknown_method_fails_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, u64>("Echo.Integer", &5_u64);
        },
        &["C0 called Echo.Integer on S0", "Echo.Int"],
    );
}

#[test]
fn arguments_that_do_not_decode_fail_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, Service::new("Echo").method("Text", |text: String| text));
            tester_end(&network, 0).call::<_, String>("Echo.Text", &(200_u64, 3_u8));
        },
        &["arguments of Echo.Text", "(u64, u8)", "alloc::string::String", "3 bytes"],
    );
}

/// Bytes that are left over are a mistake as well: a field that the receiver does not know.
#[test]
fn arguments_with_bytes_left_over_fail_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, u64>("Echo.Int", &(5_u64, 6_u64));
        },
        &["arguments of Echo.Int", "(u64, u64)", "decode as u64", "1 of them are left over"],
    );
}

#[test]
fn a_reply_that_does_not_decode_fails_the_test() {
    assert_fails(
        || {
            let network = Network::new();
            add_server(&network, 0, echo());
            tester_end(&network, 0).call::<_, bool>("Echo.Int", &5_u64);
        },
        &["reply of S0 to Echo.Int", "sent as u64", "decode as bool", "1 bytes"],
    );
}

#[test]
fn a_panic_of_a_handler_fails_the_test() {
    fn body() {
        let network = Network::new();
        let service =
            Service::new("Raft").method("Vote", |term: u64| assert!(term < 5, "term {term} is too high"));
        add_server(&network, 0, service);
        tester_end(&network, 0).call::<_, ()>("Raft.Vote", &5_u64);
    }
    let failure = failure_of(body);
    let Cause::Panic(panic) = &failure.cause else { panic!("{failure}") };
    assert_eq!((panic.thread.as_str(), panic.message.as_str()), ("S0/Raft.Vote", "term 5 is too high"));
    let panic = std::panic::catch_unwind(body).expect_err("the caller panics");
    let real = panic.downcast_ref::<String>().expect("it says why");
    assert_eq!(real, "the handler of Raft.Vote on S0 panicked: term 5 is too high");
}

#[test]
fn a_network_is_of_one_world() {
    let network = Network::new();
    let failure = failure_of(move || drop(network.make_end(0)));
    assert!(failure.to_string().contains("another world"), "{failure}");
}

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
fn the_trace_shows_messages_in_readable_form() {
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
fn a_busy_network_replays() {
    let mut fingerprints = Vec::new();
    for seed in 0..10 {
        let outcome = check_replay(&Sim::new(seed), || busy(|_| {})).unwrap_or_else(|at| panic!("{at}"));
        fingerprints.push(outcome.unwrap_or_else(|failure| panic!("{failure}")).1.trace.fingerprint);
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 10, "different seeds, different runs");
}

/// The end of the network frees whoever waits, and calls from then on end at once.
#[test]
fn cleanup_frees_all_callers() {
    in_both_worlds(|| {
        let network = Network::new();
        add_server(
            &network,
            0,
            Service::new("Slow").method("Int", |int: u64| {
                thread::sleep(ms(700));
                int
            }),
        );
        let calls: Vec<_> = (0..5).map(|_| call_aside(&tester_end(&network, 0))).collect();
        thread::sleep(ms(100));
        let end = tester_end(&network, 0);
        drop(network);
        for call in calls {
            let (reply, took) = call.join().unwrap();
            assert_eq!(reply, None);
            assert!(took < ms(600), "the caller was freed after {took:?}");
        }
        assert_eq!(end.call::<_, u64>("Slow.Int", &5_u64), None);
    });
}

/// The pool of the real world: no request waits for a handler that blocks, and idle threads go away.
#[test]
fn the_pool_grows_with_blocked_handlers_and_shrinks_again() {
    let network = Network::new();
    let arrived = Arc::new(AtomicU64::new(0));
    let count = arrived.clone();
    let gate = std::sync::Arc::new(std::sync::Barrier::new(51));
    let closed = gate.clone();
    let service = Service::new("Gate").method("Pass", move |()| {
        count.fetch_add(1, Ordering::SeqCst);
        closed.wait();
    });
    add_server(&network, 0, service);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let end = tester_end(&network, 0);
            thread::spawn(move || end.call::<_, ()>("Gate.Pass", &()))
        })
        .collect();
    // All fifty are in their handlers at once, or the barrier never opens.
    gate.wait();
    assert!(calls.into_iter().all(|call| call.join().unwrap().is_some()));
    assert_eq!(arrived.load(Ordering::SeqCst), 50);
    assert!(network.threads() >= 50);
    let start = Instant::now();
    while network.threads() > 1 && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(ms(20));
    }
    assert!(network.threads() <= 1, "{} threads are left of an idle network", network.threads());
}

/// After the end of a real network its threads end, also those that were busy.
#[test]
fn the_threads_of_a_real_network_end_with_it() {
    let network = Network::new();
    add_server(&network, 0, slow(ms(300)).0);
    let _late = network.add_rule(Delay::new(Delays::Fixed(ms(1))).on(Traffic::requests()));
    let calls: Vec<_> = (0..5).map(|_| call_aside(&tester_end(&network, 0))).collect();
    thread::sleep(ms(100));
    assert!(network.threads() >= 6, "five handlers and a timer, not {}", network.threads());
    network.cleanup();
    for call in calls {
        assert_eq!(call.join().unwrap().0, None);
    }
    let start = Instant::now();
    while network.threads() > 0 && start.elapsed() < Duration::from_secs(20) {
        thread::sleep(ms(5));
    }
    assert_eq!(network.threads(), 0);
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

/// Two services on one server, one of which calls another server from its handler.
#[test]
fn handlers_call_on() {
    in_both_worlds(|| {
        let network = Network::new();
        let far = network.make_connected_end(0, 1);
        let relay =
            Service::new("Relay").method("Int", move |int: u64| far.call::<_, u64>("Echo.Int", &(int + 1)));
        let node = NodeHandle::new("S0");
        network.add_server(0, Server::new(&node).service(relay).service(echo()));
        add_server(&network, 1, echo());
        let end = tester_end(&network, 0);
        assert_eq!(end.call::<_, Option<u64>>("Relay.Int", &5_u64), Some(Some(6)));
        assert_eq!(end.call::<_, u64>("Echo.Int", &5_u64), Some(5));
    });
}
