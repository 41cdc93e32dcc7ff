//! What simulated threads ask the system for instead of labrpc: seen on Linux with the GNU C library.

use std::time::Duration;

use labrpc::sim::{Cause, Failure, Sim};
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::thread;

use crate::support::failure;

const MS: Duration = Duration::from_millis(1);

/// The message of a misuse that ended a run, and the thread.
fn misuse(failure: &Failure) -> (&str, &str) {
    match &failure.cause {
        Cause::Misuse { thread, message, .. } => (thread, message),
        other => panic!("expected a misuse, got: {other}"),
    }
}

fn sleeps_again_and_again() {
    loop {
        std::thread::sleep(40 * MS);
        thread::yield_now();
    }
}

// Names of functions: this executable has no lines of them, which a user's own has.

#[test]
fn loop_that_sleeps_on_the_machine_s_clock_is_named_with_its_place() {
    let failure = failure(|| {
        thread::Builder::new().name("ticker".into()).spawn(sleeps_again_and_again).unwrap();
        // Would not end for hours: virtual time goes on by a microsecond with each step of the ticker.
        thread::sleep(Duration::from_secs(3600));
    });
    let (thread, message) = misuse(&failure);
    assert_eq!(thread, "tester/ticker");
    assert!(
        message.contains("std::thread::sleep at all::sim::system_calls::sleeps_again_and_again"),
        "{message}"
    );
    assert!(message.contains("use labrpc::thread::sleep"), "{message}");
    assert!(failure.system_calls.is_empty(), "it is told once: {failure}");
}

#[test]
fn moment_of_sleep_is_no_failure() {
    Sim::new(1).run(|| (0..20).for_each(|_| std::thread::sleep(MS))).unwrap();
}

#[test]
fn one_long_sleep_is_not_waited_for() {
    misuse(&failure(|| std::thread::sleep(Duration::from_secs(1_000_000))));
}

fn waits_on_a_condition_variable() {
    let pair = (std::sync::Mutex::new(()), std::sync::Condvar::new());
    let mut guard = pair.0.lock().unwrap();
    loop {
        guard = pair.1.wait_timeout(guard, 40 * MS).unwrap().0;
    }
}

fn waits_for_a_message() {
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    while receiver.recv_timeout(40 * MS).is_err() {
        thread::yield_now();
    }
}

fn waits_to_be_unparked() {
    loop {
        std::thread::park_timeout(40 * MS);
        thread::yield_now();
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[test]
fn loop_of_waits_with_a_timeout_is_named_with_its_place() {
    let loops: [(fn(), &str); 3] = [
        (waits_on_a_condition_variable, "waits_on_a_condition_variable"),
        (waits_for_a_message, "waits_for_a_message"),
        (waits_to_be_unparked, "waits_to_be_unparked"),
    ];
    for (waits, name) in loops {
        let failure = failure(waits);
        let (thread, message) = misuse(&failure);
        assert_eq!(thread, "tester/main");
        assert!(message.contains(&format!("all::sim::system_calls::{name}")), "{message}");
        assert!(message.contains("calls a wait with a timeout (std's Condvar::wait_timeout"), "{message}");
        assert!(message.contains("use labrpc::sync::Condvar"), "{message}");
    }
}

#[test]
fn short_wait_with_a_timeout_is_no_failure() {
    Sim::new(1)
        .run(|| {
            let (_sender, receiver) = std::sync::mpsc::channel::<()>();
            assert!(receiver.recv_timeout(20 * MS).is_err());
        })
        .unwrap();
}

fn waits_for_the_clock() {
    let begin = std::time::Instant::now();
    while begin.elapsed() < Duration::from_secs(1_000_000) {}
}

#[test]
fn loop_that_waits_for_the_machine_s_clock_is_named_with_its_place() {
    let failure = failure(waits_for_the_clock);
    let (thread, message) = misuse(&failure);
    assert_eq!(thread, "tester/main");
    assert!(message.contains("all::sim::system_calls::waits_for_the_clock"), "{message}");
    assert!(message.contains("use labrpc::time::Instant"), "{message}");
}

#[test]
fn failed_run_says_what_was_asked_of_the_system_and_where() {
    let failure = failure(|| {
        std::thread::sleep(MS);
        let _ = std::time::Instant::now();
        let _ = std::time::SystemTime::now();
        std::thread::spawn(|| {}).join().unwrap();
        panic!("on its own account");
    });
    assert!(matches!(failure.cause, Cause::Panic(_)));
    let said = failure.to_string();
    let notes: Vec<&str> = said.lines().filter(|line| line.starts_with("note: ")).collect();
    let expected = [
        ("std::thread::sleep at ", "use labrpc::thread::sleep"),
        ("std::time::Instant::now (or SystemTime::now) at ", "2 times in all"),
        ("std::thread::spawn at ", "use labrpc::thread::spawn"),
    ];
    assert_eq!(notes.len(), expected.len(), "{said}");
    for (note, (function, advice)) in notes.iter().zip(expected) {
        assert!(note.contains("tester/main has called") && note.contains(function), "{note}");
        assert!(note.contains("all::sim::system_calls::failed_run") && note.contains(advice), "{note}");
    }
}

#[test]
fn threads_outside_of_a_simulation_may_ask_for_anything() {
    std::thread::spawn(|| {
        std::thread::sleep(300 * MS);
        let _ = std::time::Instant::now();
    })
    .join()
    .unwrap();
    let failure = failure(|| panic!("for its notes"));
    assert!(failure.system_calls.is_empty(), "{failure}");
}

struct Dropped<'a>(&'a AtomicBool);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The run ends at the next step, and what the thread owns is dropped: a lock of std that it holds is given back.
#[test]
fn thread_that_slept_too_long_is_unwound_at_its_next_step() {
    static IS_DROPPED: AtomicBool = AtomicBool::new(false);
    let failure = failure(|| {
        let _owned = Dropped(&IS_DROPPED);
        std::thread::sleep(Duration::from_secs(1));
        thread::yield_now();
        unreachable!("the run is over");
    });
    misuse(&failure);
    assert!(IS_DROPPED.load(Ordering::SeqCst));
}

/// Between the call and the user lie frames that must not be unwound: what the thread owns stays.
#[test]
fn thread_that_sleeps_again_and_takes_no_step_is_left_as_it_is() {
    static IS_DROPPED: AtomicBool = AtomicBool::new(false);
    let failure = failure(|| {
        let _owned = Dropped(&IS_DROPPED);
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    misuse(&failure);
    assert!(!IS_DROPPED.load(Ordering::SeqCst));
}

#[test]
fn destructor_that_sleeps_while_a_panic_goes_on_does_not_hide_it() {
    struct Sleeps;
    impl Drop for Sleeps {
        fn drop(&mut self) {
            std::thread::sleep(300 * MS);
        }
    }
    let failure = failure(|| {
        let _sleeps = Sleeps;
        panic!("the true cause");
    });
    assert!(matches!(&failure.cause, Cause::Panic(panic) if panic.message == "the true cause"), "{failure}");
}

/// A run that a seed makes again is the same run with its sleeps in it.
#[test]
fn sleeps_of_the_machine_change_nothing_in_the_run() {
    let run = |sleeps: bool| {
        let body = move || {
            let other = thread::spawn(move || {
                for _ in 0..5 {
                    if sleeps {
                        std::thread::sleep(MS);
                    }
                    thread::sleep(MS);
                }
            });
            other.join().unwrap();
        };
        Sim::new(3).run(body).unwrap().1.trace.fingerprint
    };
    assert_eq!(run(true), run(false));
}
