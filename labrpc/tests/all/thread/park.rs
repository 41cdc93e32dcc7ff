//! Parking in both worlds.

use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn unpark_lets_a_parked_thread_go_on() {
    in_both_worlds(|| {
        let go = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&go);
        let parked = thread::spawn(move || {
            while !theirs.load(Ordering::SeqCst) {
                thread::park();
            }
        });
        thread::sleep(MS);
        go.store(true, Ordering::SeqCst);
        parked.thread().unpark();
        parked.join().unwrap();
    });
}

#[test]
fn unpark_that_comes_first_is_kept() {
    in_both_worlds(|| {
        thread::current().unpark();
        thread::park();
        let start = Instant::now();
        thread::current().unpark();
        thread::park_timeout(Duration::from_secs(60));
        assert!(start.elapsed() < Duration::from_secs(60));
    });
}

#[test]
fn unparks_do_not_add_up() {
    in_simulation(|| {
        let start = Instant::now();
        thread::current().unpark();
        thread::current().unpark();
        thread::park();
        thread::park_timeout(2 * MS);
        assert!(start.elapsed() >= 2 * MS);
    });
}

#[test]
fn park_with_timeout_ends() {
    in_simulation(|| {
        let start = Instant::now();
        thread::park_timeout(3 * MS);
        assert!((3..4).contains(&start.elapsed().as_millis()));
    });
}

#[test]
fn unpark_that_ends_a_park_is_spent() {
    in_simulation(|| {
        let parked = thread::spawn(|| {
            thread::park();
            let start = Instant::now();
            thread::park_timeout(2 * MS);
            start.elapsed()
        });
        thread::sleep(MS);
        parked.thread().unpark();
        assert!(parked.join().unwrap() >= 2 * MS);
    });
}

#[test]
fn unparking_a_thread_that_has_ended_does_nothing() {
    in_both_worlds(|| {
        let ended = thread::spawn(|| ());
        let handle = ended.thread();
        ended.join().unwrap();
        // Its slot may be another thread's by now.
        let other = thread::spawn(|| {
            let start = Instant::now();
            thread::park_timeout(2 * MS);
            start.elapsed()
        });
        handle.unpark();
        let parked_for = other.join().unwrap();
        assert!(!labrpc::sim::is_active() || parked_for >= 2 * MS, "{parked_for:?}");
    });
}

#[test]
fn paused_thread_is_unparked_when_it_goes_on() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        let parked = node.spawn("parked", thread::park);
        thread::sleep(MS);
        node.pause();
        parked.thread().unpark();
        thread::sleep(MS);
        assert!(!parked.is_finished());
        node.resume();
        parked.join().unwrap();
    });
}

#[test]
fn park_that_nobody_ends_is_a_deadlock() {
    let failed = failure(thread::park);
    assert!(failed.to_string().contains("waits for an unpark at "), "{failed}");
}
