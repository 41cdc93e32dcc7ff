//! Servers that go away, crash and pause while they are called, and servers that call each other.

use std::time::Duration;

use labrpc::network::{Delay, Delays, Loss, Network, Rule, Server, Service, Traffic};
use labrpc::sim::{Cause, NodeHandle, Sim};
use labrpc::sync::atomic::Ordering;
use labrpc::thread;
use labrpc::time::Instant;

use super::{add_server, call_aside, echo, in_both_worlds, in_simulations, ms, slow, tester_end};

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
fn call_gets_no_reply_from_what_went_away() {
    for gone in [Gone::Deleted, Gone::Replaced, Gone::Disabled] {
        for (takes, expected) in [(ms(30), ms(30)), (Duration::from_secs(20), ms(100))] {
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
                assert!((expected..expected + ms(1)).contains(&took), "heard of it after {took:?}");
                thread::sleep(takes);
                assert_eq!(done.load(Ordering::SeqCst), 1, "the handler ran to its end");
            });
        }
    }
}

/// The end is looked at again after the handler returned; what was enabled again by then is fine (MIT).
#[test]
fn call_through_an_end_that_was_disabled_gets_no_reply_unless_it_is_enabled_in_time() {
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
fn late_reply_survives_its_server() {
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
fn request_survives_its_sender() {
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
fn crash_frees_the_callers() {
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
fn request_does_not_arrive_at_a_crashed_node() {
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
fn handler_that_never_returns_is_a_deadlock() {
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
