//! Hints in both worlds.

use labrpc::hint;
use labrpc::sim::{Policy, Sim};
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicU64, Ordering};
use labrpc::thread;

use crate::support::in_both_worlds;

#[test]
fn loop_that_spins_lets_others_run() {
    in_both_worlds(|| {
        let turn = Arc::new(AtomicU64::new(0));
        let theirs = Arc::clone(&turn);
        let other = thread::spawn(move || {
            for round in 0..5 {
                while theirs.load(Ordering::SeqCst) != 2 * round {
                    hint::spin_loop();
                }
                theirs.fetch_add(1, Ordering::SeqCst);
            }
        });
        for round in 0..5 {
            while turn.load(Ordering::SeqCst) != 2 * round + 1 {
                hint::spin_loop();
            }
            turn.fetch_add(1, Ordering::SeqCst);
        }
        other.join().unwrap();
        assert_eq!(hint::black_box(turn.load(Ordering::SeqCst)), 10);
    });
}

#[test]
fn hint_gives_way_where_threads_run_in_order() {
    let order = Sim::new(1).policy(Policy::Fifo).run(|| {
        let order = Arc::new(labrpc::sync::Mutex::new(Vec::new()));
        let theirs = Arc::clone(&order);
        let other = thread::spawn(move || theirs.lock().push("other"));
        hint::spin_loop();
        order.lock().push("spinning");
        other.join().unwrap();
        order.lock().clone()
    });
    assert_eq!(order.unwrap().0, ["other", "spinning"]);
}
