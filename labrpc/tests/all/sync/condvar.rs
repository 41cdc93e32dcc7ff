//! Condition variables in both worlds.

use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation, outcomes_in_fixed_order};

const MS: Duration = Duration::from_millis(1);

/// What threads wait for: tickets, and how many wait.
type Shared = Arc<(Mutex<(u32, u32)>, Condvar)>;

fn waiting(shared: &Shared, threads: usize) -> Vec<thread::JoinHandle<()>> {
    let waiting = (0..threads)
        .map(|_| {
            let shared = Arc::clone(shared);
            thread::spawn(move || {
                let mut state = shared.0.lock();
                state.1 += 1;
                shared.1.wait_while(&mut state, |state| state.0 == 0);
                state.0 -= 1;
            })
        })
        .collect();
    while shared.0.lock().1 < threads as u32 {
        thread::yield_now();
    }
    waiting
}

#[test]
fn notification_wakes_one_and_notify_all_wakes_all() {
    in_both_worlds(|| {
        let shared: Shared = Arc::default();
        let threads = waiting(&shared, 4);
        shared.0.lock().0 = 1;
        assert!(shared.1.notify_one());
        while shared.0.lock().0 > 0 {
            thread::yield_now();
        }
        shared.0.lock().0 = 3;
        assert_eq!(shared.1.notify_all(), 3, "three still wait");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!shared.1.notify_one(), "nobody waits");
        assert_eq!(shared.1.notify_all(), 0);
    });
}

#[test]
fn notify_one_wakes_exactly_one() {
    in_simulation(|| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        for _ in 0..3 {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut woken = shared.0.lock();
                shared.1.wait(&mut woken);
                *woken += 1;
            });
        }
        thread::sleep(MS);
        for expected in 1..=3 {
            assert!(shared.1.notify_one());
            thread::sleep(MS);
            assert_eq!(*shared.0.lock(), expected);
        }
    });
}

#[test]
fn notification_that_nobody_waits_for_is_lost() {
    in_both_worlds(|| {
        let (lock, condvar) = (Mutex::new(()), Condvar::new());
        condvar.notify_one();
        condvar.notify_all();
        assert!(condvar.wait_for(&mut lock.lock(), MS).timed_out());
    });
}

#[test]
fn timed_waits_end_in_time_and_hold_the_lock() {
    in_both_worlds(|| {
        let (lock, condvar) = (Mutex::new(0), Condvar::new());
        let mut guard = lock.lock();
        let start = Instant::now();
        assert!(condvar.wait_for(&mut guard, MS).timed_out());
        assert!(condvar.wait_until(&mut guard, start + 2 * MS).timed_out());
        assert!(condvar.wait_while_for(&mut guard, |_| true, MS).timed_out());
        assert!(condvar.wait_while_until(&mut guard, |_| true, start + 4 * MS).timed_out());
        assert!(start.elapsed() >= 4 * MS);
        assert!(!condvar.wait_while_for(&mut guard, |value| *value > 0, Duration::ZERO).timed_out());
        assert!(lock.is_locked());
        *guard += 1;
    });
}

#[test]
fn timed_wait_is_ended_by_a_notification() {
    in_both_worlds(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let waiting = thread::spawn(move || {
            let mut done = theirs.0.lock();
            theirs.1.wait_while_for(&mut done, |done| !*done, Duration::MAX).timed_out()
        });
        thread::sleep(MS);
        *shared.0.lock() = true;
        shared.1.notify_all();
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn waiter_that_gives_up_does_not_take_the_others_out_of_the_queue() {
    in_simulation(|| {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let waiting: Vec<_> = (0..6)
            .map(|i| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let mut guard = shared.0.lock();
                    let timeout = if i % 2 == 0 { 2 * MS } else { Duration::from_secs(1) };
                    shared.1.wait_for(&mut guard, timeout).timed_out()
                })
            })
            .collect();
        thread::sleep(MS);
        // Those whose time is up must now wait for the lock, each out of the middle of the queue.
        let guard = shared.0.lock();
        thread::sleep(2 * MS);
        drop(guard);
        thread::sleep(MS);
        assert_eq!(shared.1.notify_all(), 3);
        let timed_out: Vec<bool> = waiting.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(timed_out, [true, false, true, false, true, false]);
    });
}

#[test]
fn notification_is_not_spent_on_one_who_has_given_up() {
    in_simulation(|| {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let wait = |timeout| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.1.wait_for(&mut shared.0.lock(), timeout).timed_out())
        };
        let (short, long) = (wait(2 * MS), wait(Duration::from_secs(1)));
        thread::sleep(MS);
        let guard = shared.0.lock();
        thread::sleep(2 * MS);
        assert!(shared.1.notify_one());
        drop(guard);
        assert!(short.join().unwrap());
        assert!(!long.join().unwrap());
    });
}

#[test]
fn seed_decides_who_is_notified() {
    let seen = outcomes_in_fixed_order(|| {
        let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        for i in 0..3 {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut woken = shared.0.lock();
                shared.1.wait(&mut woken);
                woken.push(i);
            });
        }
        thread::sleep(MS);
        shared.1.notify_one();
        thread::sleep(MS);
        shared.0.lock()[0]
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn notification_does_not_go_to_a_crashed_thread() {
    in_simulation(|| {
        let shared: Shared = Arc::default();
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&shared);
        node.spawn("waits", move || theirs.1.wait(&mut theirs.0.lock()));
        thread::sleep(MS);
        let mine = waiting(&shared, 1);
        node.crash();
        shared.0.lock().0 = 1;
        assert!(shared.1.notify_one());
        mine.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn wait_for_a_notification_that_never_comes_is_a_deadlock() {
    let failed = failure(|| Condvar::new().wait(&mut Mutex::new(()).lock()));
    assert!(failed.to_string().contains("waits for a notification of a condition variable at "), "{failed}");
}
