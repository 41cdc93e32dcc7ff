//! The end of a network, and the threads of one of the real world.

use std::time::Duration;

use labrpc::network::{Delay, Delays, Network, Rule, Service, Traffic};
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;
use labrpc::time::Instant;

use super::{add_server, call_aside, in_both_worlds, ms, slow, tester_end};

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
fn pool_grows_with_blocked_handlers_and_shrinks_again() {
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
fn threads_of_a_real_network_end_with_it() {
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
