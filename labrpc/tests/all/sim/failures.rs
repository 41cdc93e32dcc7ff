//! What ends a simulation, and what it says then: one test for each cause.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim, Tracing};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

/// Text that a failure of `body` shows.
fn message(sim: &Sim, body: impl FnOnce() + Send + 'static) -> String {
    sim.run(body).expect_err("the run fails").to_string()
}

#[test]
fn panic_names_node_thread_time_place_and_message() {
    let text = message(&Sim::new(1), || {
        NodeHandle::new("S2").spawn("applier", || {
            thread::sleep(Duration::from_millis(1500));
            panic!("index {} applied twice", 7);
        });
        thread::sleep(Duration::from_secs(9));
    });
    assert!(text.starts_with("S2/applier panicked at 1.5"), "{text}");
    assert!(text.contains(file!()) && text.contains("index 7 applied twice"), "{text}");
    assert!(text.ends_with("replay: seed=0x1 policy=random step=1000ns"), "{text}");
}

#[test]
fn panic_that_is_joined_does_not_end_the_run() {
    let (was_err, _) = Sim::new(1).run(|| thread::spawn(|| panic!("expected")).join().is_err()).unwrap();
    assert!(was_err);
}

#[test]
fn panic_whose_handle_is_kept_is_reported_at_the_end() {
    let text = message(&Sim::new(1), || {
        let kept = thread::spawn(|| panic!("nobody asks"));
        thread::sleep(Duration::from_secs(1));
        std::mem::forget(kept);
    });
    assert!(text.contains("nobody asks"), "{text}");
}

#[test]
fn unjoined_panic_is_reported_instead_of_what_came_of_it() {
    let text = message(&Sim::new(1), || {
        let lock = Arc::new(Mutex::new(()));
        let dies = thread::spawn(|| panic!("the cause"));
        let held = lock.lock();
        let other = Arc::clone(&lock);
        thread::spawn(move || drop(other.lock())).join().unwrap();
        drop((held, dies));
    });
    assert!(text.contains("the cause") && !text.contains("deadlock"), "{text}");
}

#[test]
fn destructor_that_blocks_while_a_panic_unwinds_does_not_hang_or_abort() {
    struct Blocks(Arc<Mutex<()>>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            drop(self.0.lock());
        }
    }
    let text = message(&Sim::new(1), || {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock();
        let blocks = Blocks(Arc::clone(&lock));
        let panics = thread::spawn(move || {
            let _blocks = blocks;
            panic!("and its destructor waits");
        });
        thread::sleep(Duration::from_secs(1));
        let _never = panics.join();
        drop(held);
    });
    assert!(text.contains("deadlock"), "{text}");
    assert!(!std::thread::panicking());
}

#[test]
fn time_limit_lists_what_threads_wait_for() {
    let text = message(&Sim::new(1).time_max(Duration::from_secs(5)), || {
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    });
    assert!(text.starts_with("the limit of 5.000000s of virtual time was reached."), "{text}");
    assert!(text.contains("tester/main can run") || text.contains("waits for the end of a sleep"), "{text}");
}

/// A thread that goes round in circles is found by the place of its last step.
#[test]
fn thread_that_can_run_is_shown_with_its_last_step() {
    let text = message(&Sim::new(1).time_max(Duration::from_millis(1)), || {
        let spinner = NodeHandle::new("S1");
        spinner.spawn("ticker", || {
            let lock = Mutex::new(());
            loop {
                drop(lock.lock());
            }
        });
        thread::sleep(Duration::from_secs(1));
    });
    assert!(text.contains("S1/ticker can run, last seen at labrpc/tests/all/sim/failures.rs:"), "{text}");
}

#[test]
fn step_limit_names_the_threads_that_spun() {
    let text = message(&Sim::new(1).steps_max(50_000), || {
        let spinner = NodeHandle::new("S1");
        spinner.spawn("poller", || {
            loop {
                thread::yield_now();
            }
        });
        thread::sleep(Duration::from_secs(3600));
    });
    assert!(
        text.contains("limit of 50000 steps") && text.contains("S1/poller took 5000 of the last 5000"),
        "{text}"
    );
}

#[test]
fn loop_that_never_comes_back_is_reported_as_a_stall() {
    let is_reported = std::sync::Arc::new(AtomicBool::new(false));
    let is_over = std::sync::Arc::clone(&is_reported);
    let text = message(&Sim::new(1).stall(Duration::from_millis(50)), || {
        let node = NodeHandle::new("S1");
        node.spawn("ticker", move || {
            // Nobody can stop it from outside, and it must not take the processor from other tests of this process.
            while !is_over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        thread::sleep(Duration::from_secs(1));
    });
    is_reported.store(true, Ordering::Relaxed);
    assert!(text.contains("S1/ticker has been running"), "{text}");
    assert!(text.contains("endless loop"), "{text}");
}

#[test]
fn real_lock_across_a_scheduling_point_is_a_stall_with_advice_not_a_hang() {
    let text = message(&Sim::new(3).stall(Duration::from_millis(50)), || {
        let lock = Arc::new(std::sync::Mutex::new(()));
        let other = Arc::clone(&lock);
        let _holds = lock.lock();
        // This real lock blocks the one OS thread on which its holder would have to run.
        NodeHandle::new("S1").spawn("waiter", move || drop(other.lock()));
        thread::sleep(Duration::from_secs(1));
    });
    assert!(text.contains("S1/waiter") && text.contains("std::sync lock"), "{text}");
}

#[test]
fn locking_twice_is_reported_at_once_with_both_places() {
    let text = message(&Sim::new(1), || {
        let lock = Mutex::new(());
        let _first = lock.lock();
        let _second = lock.lock();
    });
    assert_eq!(text.matches(file!()).count(), 2, "{text}");
}

#[test]
fn full_trace_is_bounded_and_written_as_json_lines_and_does_not_change_the_run() {
    let body = || {
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(1));
            log::debug!(target: "TEST", "tick");
        }
    };
    labrpc::logging::init_test();
    let (_, plain) = Sim::new(1).run(body).unwrap();
    let (_, traced) = Sim::new(1).tracing(Tracing::Last(30)).run(body).unwrap();
    assert_eq!(plain.trace.fingerprint, traced.trace.fingerprint);
    assert_eq!(traced.trace.events.len(), 30);
    assert!(
        traced.trace.events.iter().any(|event| event.words.to_string() == "TEST tick"),
        "log lines belong to the trace"
    );
    let mut lines = Vec::new();
    traced.trace.write_json_lines(&mut lines).unwrap();
    let first: serde_json::Value =
        serde_json::from_slice(lines.split(|&byte| byte == b'\n').next().unwrap()).unwrap();
    assert!(first["time"].is_u64() && first["thread"] == "main", "{first}");
}

#[test]
fn simulation_inside_a_simulation_is_refused() {
    let text = message(&Sim::new(1), || drop(Sim::new(2).run(|| ())));
    assert!(text.contains("cannot be started inside a simulation"), "{text}");
}

#[test]
fn unwrapped_failure_is_a_report() {
    let body = || {
        NodeHandle::new("S1").spawn("fails", || panic!("two lines,\nin full"));
        thread::sleep(Duration::from_secs(1));
    };
    let failure = Sim::new(1).run(body).unwrap_err();
    assert_eq!(format!("{failure:?}"), failure.to_string());
    let unwrapped = std::panic::catch_unwind(move || Sim::new(1).run(body).unwrap()).unwrap_err();
    let text = unwrapped.downcast_ref::<String>().unwrap();
    assert!(
        text.contains("S1/fails panicked at 0.0")
            && text.contains("two lines,\nin full\n")
            && text.ends_with("step=1000ns"),
        "{text}"
    );
}
