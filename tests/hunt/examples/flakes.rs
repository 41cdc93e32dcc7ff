//! A program of one's own that hunts: four bugs of ordinary threaded programs, and one that is right.
//!
//! `cargo run -p lab-hunt --example flakes -- sweep`

use std::process::ExitCode;

use labrpc::sync::{Arc, Condvar, Mutex};
use labrpc::thread;
use labrpc::time::{Duration, Instant};

/// A queue whose consumer looks, lets go of the lock, and only then waits.
fn queue_loses_a_wake_up() {
    let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    let producer = Arc::clone(&shared);
    thread::spawn(move || {
        producer.0.lock().push(1);
        producer.1.notify_one();
    });
    let is_empty = shared.0.lock().is_empty();
    let mut items = shared.0.lock();
    if is_empty {
        shared.1.wait(&mut items);
    }
    assert_eq!(items.pop(), Some(1));
}

/// A pool that counts under one lock and takes under another.
fn pool_gives_one_connection_twice() {
    let free = Arc::new(Mutex::new(vec![1]));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let free = Arc::clone(&free);
            thread::spawn(move || {
                let is_free = !free.lock().is_empty();
                if is_free {
                    let taken = free.lock().pop().expect("there was a free connection");
                    free.lock().push(taken);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}

/// A limiter that lets one request through in ten milliseconds, unless two look at the clock together.
fn limiter_lets_two_through() {
    let last = Arc::new(Mutex::new(None::<Instant>));
    let passed = Arc::new(Mutex::new(0));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let (last, passed) = (Arc::clone(&last), Arc::clone(&passed));
            thread::spawn(move || {
                let is_open = last.lock().is_none_or(|last| last.elapsed() >= Duration::from_millis(10));
                if is_open {
                    *last.lock() = Some(Instant::now());
                    *passed.lock() += 1;
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(*passed.lock(), 1, "requests in ten milliseconds");
}

/// A cache that computes a value twice.
fn cache_computes_twice() {
    let (cache, computed) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(0)));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (cache, computed) = (Arc::clone(&cache), Arc::clone(&computed));
            thread::spawn(move || {
                let is_missing = cache.lock().is_none();
                if is_missing {
                    *computed.lock() += 1;
                    *cache.lock() = Some(42);
                }
            })
        })
        .collect();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert_eq!(*computed.lock(), 1, "how often the value was computed");
}

fn two_threads_count() {
    let count = Arc::new(Mutex::new(0));
    let other = Arc::clone(&count);
    let adder = thread::spawn(move || *other.lock() += 1);
    *count.lock() += 1;
    adder.join().unwrap();
    assert_eq!(*count.lock(), 2);
}

fn main() -> ExitCode {
    lab_hunt::main(&[
        lab_hunt::test!(queue_loses_a_wake_up),
        lab_hunt::test!(pool_gives_one_connection_twice),
        lab_hunt::test!(limiter_lets_two_through),
        lab_hunt::test!(cache_computes_twice),
        lab_hunt::test!(two_threads_count),
    ])
}
