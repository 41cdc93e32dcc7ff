//! Programs that poll: no policy may keep those from running for whom they wait.

use labrpc::hint;
use labrpc::sim::{Policy, Sim};
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

const POLICIES: [&str; 7] = ["random", "pct:3", "urw", "surw", "pos", "starve", "portfolio"];

/// Runs `body` under all policies, and fails if one of them takes it for a livelock.
fn ends(seeds: u64, body: impl Fn() + Clone + Send + 'static) {
    for policy in POLICIES.map(|text| text.parse::<Policy>().unwrap()) {
        for seed in 0..seeds {
            if let Err(failure) = Sim::new(seed).policy(policy).steps_max(1_000_000).run(body.clone()) {
                panic!("{policy}: {failure}");
            }
        }
    }
}

/// Threads that take a lock of their own making, which spins.
fn spin_lock(threads: usize, yields: bool) {
    let lock = Arc::new((AtomicBool::new(false), Mutex::new(0)));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                for _ in 0..3 {
                    while lock.0.swap(true, Ordering::SeqCst) {
                        if yields {
                            hint::spin_loop();
                        }
                    }
                    *lock.1.lock() += 1;
                    *lock.1.lock() += 1;
                    lock.0.store(false, Ordering::SeqCst);
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

#[test]
fn spin_locks_are_no_livelock() {
    for threads in [2, 3, 5] {
        ends(60, move || spin_lock(threads, true));
        ends(60, move || spin_lock(threads, false));
    }
}

#[test]
fn pollers_wait_for_a_thread_that_has_much_to_do() {
    for pollers in [1, 2, 4] {
        ends(40, move || {
            let (is_done, work) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(0)));
            let threads: Vec<_> = (0..pollers)
                .map(|_| {
                    let is_done = Arc::clone(&is_done);
                    thread::spawn(move || {
                        while !is_done.load(Ordering::SeqCst) {
                            thread::yield_now();
                        }
                    })
                })
                .collect();
            for _ in 0..500 {
                *work.lock() += 1;
            }
            is_done.store(true, Ordering::SeqCst);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }
}

#[test]
fn loops_of_try_lock_are_no_livelock() {
    ends(60, || {
        let lock = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..5 {
                        loop {
                            if let Some(mut count) = lock.try_lock() {
                                *count += 1;
                                break;
                            }
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.lock(), 20);
    });
}
