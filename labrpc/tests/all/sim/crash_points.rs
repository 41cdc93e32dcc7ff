//! Crash and pause at every scheduling point of a small program that uses every kind of lock: whatever the point, the
//! others go on, and nothing is lost that should not be.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Policy, Sim};
use labrpc::sync::{Arc, Condvar, Mutex, RwLock};
use labrpc::thread;

/// A server works on shared state under all kinds of locks; a client on another node does the same, and must finish
/// whatever happens to the server.
fn program() -> u32 {
    let state = Arc::new((Mutex::new(0_u32), Condvar::new(), RwLock::new(0_u32)));
    let server = NodeHandle::new("server");
    for name in ["one", "two"] {
        let state = Arc::clone(&state);
        server.spawn(name, move || {
            for _ in 0..3 {
                let mut count = state.0.lock();
                *count += 1;
                thread::yield_now(); // so that a crash can come while the lock is held
                state.1.notify_all();
                drop(count);
                let read = *state.2.read();
                thread::yield_now();
                *state.2.write() = read + 1;
            }
        });
    }
    for _ in 0..3 {
        let mut count = state.0.lock();
        let _ = state.1.wait_for(&mut count, Duration::from_millis(5));
        drop(count);
        *state.2.write() += 1;
        thread::yield_now();
    }
    thread::sleep(Duration::from_secs(1));
    *state.0.lock()
}

/// Steps of an undisturbed run.
fn length(sim: &Sim) -> u64 {
    sim.run(program).unwrap().1.steps
}

#[test]
fn crash_at_any_point_leaves_the_others_running() {
    for policy in [Policy::Random, Policy::Fifo, Policy::Pct { depth: 3 }] {
        for seed in 0..10 {
            let sim = Sim::new(seed).policy(policy);
            for step in 1..length(&sim) {
                let crash = sim.clone().at_step(step, || {
                    if let Some(server) = NodeHandle::find("server") {
                        server.crash();
                    }
                });
                let (count, report) = crash.run(program).unwrap_or_else(|failure| {
                    panic!("a crash at step {step} of seed {seed}, {policy}: {failure}")
                });
                assert!(count <= 6);
                assert!(report.threads_left.is_empty(), "crashed threads are not left over: {report:?}");
            }
        }
    }
}

#[test]
fn pause_at_any_point_delays_and_loses_nothing() {
    for policy in [Policy::Random, Policy::Fifo, Policy::Pct { depth: 3 }] {
        for seed in 0..10 {
            let sim = Sim::new(seed).policy(policy);
            for step in 1..length(&sim) {
                let pause = sim.clone().at_step(step, || {
                    let Some(server) = NodeHandle::find("server") else { return };
                    server.pause();
                    NodeHandle::find("tester").unwrap().spawn("resume", move || {
                        thread::sleep(Duration::from_millis(100));
                        server.resume();
                    });
                });
                let (count, _) = pause.run(program).unwrap_or_else(|failure| {
                    panic!("a pause at step {step} of seed {seed}, {policy}: {failure}")
                });
                assert_eq!(count, 6, "a pause at step {step} of seed {seed}, {policy} lost an increment");
            }
        }
    }
}

#[test]
fn clocks_drift_and_deadlines_under_way_follow() {
    let (clocks, report) = Sim::new(1)
        .run(|| {
            let (fast, slow) = (NodeHandle::new("fast"), NodeHandle::new("slow"));
            let sleep = || thread::sleep(Duration::from_secs(10));
            let (first, second) = (fast.spawn("sleeper", sleep), slow.spawn("sleeper", sleep));
            thread::sleep(Duration::from_secs(1));
            fast.set_clock_rate(2_000_000);
            slow.set_clock_rate(500_000);
            first.join().unwrap();
            let first_done = labrpc::sim::elapsed().unwrap();
            second.join().unwrap();
            (first_done, labrpc::sim::elapsed().unwrap(), fast.clock().unwrap(), slow.clock().unwrap())
        })
        .unwrap();
    let (first_done, second_done, fast, slow) = clocks;
    let seconds = |duration: Duration| (duration.as_secs_f64() * 10.0).round() / 10.0;
    // One second at the normal rate, then nine at twice and at half of it.
    assert_eq!((seconds(first_done), seconds(second_done)), (5.5, 19.0));
    assert_eq!((seconds(fast), seconds(slow)), (37.0, 10.0));
    assert!(report.elapsed >= second_done);
}
