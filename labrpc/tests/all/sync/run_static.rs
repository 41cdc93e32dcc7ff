//! Statics: one for each run, and what is said of an ordinary one that two runs share.

use std::sync::mpsc;
use std::time::Duration;

use labrpc::sim::{Sim, check_replay};
use labrpc::sync::{Condvar, Mutex, RunStatic};
use labrpc::thread;

use crate::support::in_simulation;

#[test]
fn static_of_a_run_is_new_in_each() {
    static COUNT: RunStatic<Mutex<u32>> = RunStatic::new(|| {
        thread::yield_now();
        Mutex::new(0)
    });
    let body = || {
        let threads = [(); 3].map(|()| thread::spawn(|| *COUNT.get().lock() += 1));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*COUNT.get().lock(), 3);
    };
    in_simulation(body);
    check_replay(&Sim::new(1), body).unwrap().unwrap();
    body();
    assert_eq!(*COUNT.get().lock(), 3, "outside there is one for the process");
}

/// Two runs at once wait on one static: the second is told so, and the first is not disturbed.
#[test]
fn static_that_two_runs_share_is_named() {
    static SHARED: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    fn waits() -> bool {
        !SHARED.1.wait_for(&mut SHARED.0.lock(), Duration::from_millis(5)).timed_out()
    }
    let (first_waits, is_waiting) = mpsc::channel();
    let (second_ended, has_ended) = mpsc::channel::<()>();
    let first = std::thread::spawn(move || {
        Sim::new(1).run(move || {
            let waiter = thread::spawn(waits);
            thread::sleep(Duration::from_millis(1));
            first_waits.send(()).unwrap();
            has_ended.recv().unwrap();
            SHARED.1.notify_all();
            waiter.join().unwrap()
        })
    });
    is_waiting.recv().unwrap();
    let failure = Sim::new(2).run(waits).expect_err("another run waits there").to_string();
    second_ended.send(()).unwrap();
    assert!(failure.contains("a static that two runs share") && failure.contains(file!()), "{failure}");
    assert!(first.join().unwrap().unwrap().0, "it was notified");
    assert!(!Sim::new(3).run(waits).unwrap().0);
}
