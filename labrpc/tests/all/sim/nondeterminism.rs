//! What escapes the scheduler: each usual culprit, planted, is found by running a seed twice, and the first event in
//! which the runs differ is shown.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the mistakes under test")]

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::rand::{self, RngExt as _};
use labrpc::sim::{Divergence, Sim, check_replay};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

/// The divergence that `body` must show.
fn divergence(body: fn()) -> Box<Divergence> {
    // Two runs may agree by chance, hardly five pairs of them.
    let found = (0..5).find_map(|_| check_replay(&Sim::new(1), body).err());
    let divergence = found.expect("two runs differ");
    let text = divergence.to_string();
    assert!(text.contains("two runs of seed=0x1 policy=random step=1000ns differ at event"), "{text}");
    assert!(
        text.contains("HashMap") && text.contains("std::thread::spawn"),
        "the culprits are named: {text}"
    );
    divergence
}

#[test]
fn iteration_order_of_a_hash_map_is_found() {
    let found = divergence(|| {
        let map: std::collections::HashMap<u64, ()> = (0..20).map(|key| (key, ())).collect();
        #[allow(clippy::iter_over_hash_type, reason = "the mistake under test")]
        for key in map.keys() {
            thread::sleep(Duration::from_millis(*key));
        }
    });
    let (first, second) = (found.first.expect("an event"), found.second.expect("an event"));
    assert_ne!(first.time_ns, second.time_ns, "a sleep ends at another time");
    assert!(first.words.to_string().contains(file!()), "the place is named: {first}");
}

#[test]
fn foreign_random_generator_is_found() {
    divergence(|| {
        let draw = RandomState::new().hash_one(1) % 1_000_000;
        thread::sleep(Duration::from_nanos(draw));
        thread::yield_now();
    });
}

#[test]
fn real_clock_is_found() {
    divergence(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        thread::sleep(Duration::from_nanos(u64::from(now.subsec_nanos())));
        thread::yield_now();
    });
}

#[test]
fn real_thread_is_found() {
    divergence(|| {
        let done = Arc::new(AtomicBool::new(false));
        let real = Arc::clone(&done);
        std::thread::spawn(move || real.store(true, Ordering::SeqCst));
        while !done.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    });
}

#[test]
fn static_that_outlives_the_run_is_found_and_named() {
    static SEEN: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    static RUNS: Mutex<u64> = Mutex::new(0);
    // A first run makes what it needs, and later ones find it.
    let first = check_replay(&Sim::new(1), || {
        if SEEN.set(()).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    let found = divergence(|| {
        let before = *RUNS.lock();
        *RUNS.lock() += 1;
        thread::sleep(Duration::from_millis(before));
    });
    for text in [first.unwrap_err().to_string(), found.to_string()] {
        for name in ["static", "OnceLock", "labrpc::sync::RunStatic", "labrpc::thread_local!"] {
            assert!(text.contains(name), "{name}: {text}");
        }
    }
}

#[test]
fn controlled_program_is_the_same_run_twice() {
    let body = || {
        let threads: Vec<_> = (0..5)
            .map(|_| thread::spawn(|| thread::sleep(Duration::from_micros(rand::rng().random_range(0..500)))))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    };
    for seed in 0..50 {
        check_replay(&Sim::new(seed), body).unwrap().unwrap();
    }
}
