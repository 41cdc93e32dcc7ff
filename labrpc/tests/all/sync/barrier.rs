//! Barriers in both worlds.

use labrpc::sync::atomic::{AtomicUsize, Ordering};
use labrpc::sync::{Arc, Barrier};
use labrpc::thread;

use crate::support::in_both_worlds;

#[test]
fn barrier_lets_all_come_before_any_goes_and_one_leads() {
    in_both_worlds(|| {
        let barrier = Arc::new(Barrier::new(3));
        let arrived = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (barrier, arrived) = (Arc::clone(&barrier), Arc::clone(&arrived));
                thread::spawn(move || {
                    let mut led = 0;
                    for round in 1..=4 {
                        arrived.fetch_add(1, Ordering::SeqCst);
                        led += usize::from(barrier.wait().is_leader());
                        assert!(arrived.load(Ordering::SeqCst) >= 3 * round, "one went before all came");
                        barrier.wait();
                    }
                    led
                })
            })
            .collect();
        let led: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(led, 4, "one leader in each round");
    });
}

#[test]
fn barrier_for_one_or_none_holds_nobody_up() {
    in_both_worlds(|| {
        for size in [0, 1] {
            let barrier = Barrier::new(size);
            assert!(barrier.wait().is_leader() && barrier.wait().is_leader());
        }
    });
}
