//! Threads in both worlds: names, ends and results.

use std::panic::resume_unwind;
use std::time::Duration;

use labrpc::sim::{Cause, NodeHandle};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use crate::support::{failure, in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn result_is_joined() {
    in_both_worlds(|| {
        assert_eq!(thread::spawn(|| 5).join().unwrap(), 5);
        let late = thread::spawn(|| {
            thread::sleep(MS);
            "late"
        });
        assert_eq!(late.join().unwrap(), "late");
    });
}

#[test]
fn panic_is_joined_with_what_it_said() {
    in_both_worlds(|| {
        let outcome = thread::spawn(|| resume_unwind(Box::new(7_u8))).join();
        assert_eq!(outcome.unwrap_err().downcast_ref::<u8>(), Some(&7));
    });
}

#[test]
fn thread_knows_its_name() {
    in_both_worlds(|| {
        let builder = thread::Builder::new().name("worker".into()).stack_size(512 * 1024);
        let handle = builder.spawn(|| thread::current().name().map(str::to_owned)).unwrap();
        assert_eq!(handle.thread().name(), Some("worker"));
        assert_eq!(handle.join().unwrap().as_deref(), Some("worker"));
        let nameless = thread::spawn(|| thread::current().name().map(str::to_owned));
        assert_eq!(nameless.thread().name(), None);
        assert_eq!(nameless.join().unwrap(), None);
    });
}

#[test]
fn threads_are_told_apart() {
    in_both_worlds(|| {
        let first = thread::spawn(|| thread::current().id());
        let second = thread::spawn(|| thread::current().id());
        assert_eq!(first.thread().id(), first.thread().id());
        assert_ne!(first.thread().id(), second.thread().id());
        assert_ne!(first.join().unwrap(), thread::current().id());
        second.join().unwrap();
    });
}

#[test]
fn is_finished_can_be_polled() {
    in_both_worlds(|| {
        let lock = Arc::new(Mutex::new(()));
        let guard = lock.lock();
        let theirs = Arc::clone(&lock);
        let waiting = thread::spawn(move || drop(theirs.lock()));
        assert!(!waiting.is_finished());
        drop(guard);
        while !waiting.is_finished() {}
        waiting.join().unwrap();
    });
}

#[test]
fn thread_goes_on_when_its_handle_is_dropped() {
    in_both_worlds(|| {
        let done = Arc::new(Mutex::new(false));
        let theirs = Arc::clone(&done);
        drop(thread::spawn(move || *theirs.lock() = true));
        while !*done.lock() {
            thread::yield_now();
        }
    });
}

#[test]
fn value_of_a_thread_that_nobody_joins_is_dropped() {
    in_both_worlds(|| {
        let value = Arc::new(());
        let theirs = Arc::clone(&value);
        drop(thread::spawn(move || theirs));
        while Arc::strong_count(&value) > 1 {
            thread::yield_now();
        }
    });
}

#[test]
fn panic_whose_handle_was_dropped_ends_the_run() {
    let failed = failure(|| {
        drop(thread::spawn(|| resume_unwind(Box::new("on purpose"))));
        thread::sleep(Duration::from_secs(1));
    });
    assert!(matches!(&failed.cause, Cause::Panic(panic) if panic.message.contains("on purpose")), "{failed}");
}

#[test]
fn dropping_the_handle_of_a_thread_that_panicked_ends_the_run() {
    let failed = failure(|| {
        let panicking = thread::spawn(|| resume_unwind(Box::new("on purpose")));
        thread::sleep(MS);
        drop(panicking);
        unreachable!("the run went on");
    });
    assert!(failed.to_string().contains("on purpose"), "{failed}");
}

#[test]
fn panic_whose_handle_is_kept_fails_the_run_in_the_end() {
    let failed = failure(|| {
        let panicking = thread::spawn(|| resume_unwind(Box::new("on purpose")));
        thread::sleep(MS);
        assert!(panicking.is_finished());
        std::mem::forget(panicking);
    });
    assert!(failed.to_string().contains("on purpose"), "{failed}");
}

#[test]
fn joining_a_thread_of_a_crashed_node_says_so() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        let before = node.spawn("sleeps", || thread::sleep(Duration::from_secs(1000)));
        let also = node.spawn("sleeps", || thread::sleep(Duration::from_secs(1000)));
        let joining = thread::spawn(move || before.join());
        thread::sleep(MS);
        node.crash();
        for outcome in [joining.join().unwrap(), also.join(), node.spawn("late", || ()).join()] {
            let message = outcome.unwrap_err();
            assert!(message.downcast_ref::<&str>().unwrap().contains("crashed"));
        }
    });
}

#[test]
fn result_of_a_thread_that_ended_before_its_node_crashed_is_kept() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        let ended = node.spawn("ends", || 3);
        thread::sleep(MS);
        node.crash();
        assert_eq!(ended.join().unwrap(), 3);
    });
}

#[test]
fn thread_is_of_the_node_of_whoever_starts_it() {
    in_both_worlds(|| {
        let node = NodeHandle::new("S1");
        let name = || NodeHandle::current().name().to_owned();
        let children = node.spawn("parent", move || (name(), thread::spawn(name).join().unwrap()));
        let (parent, child) = children.join().unwrap();
        assert_eq!(parent, "S1");
        // A real thread's label is its own.
        assert!(child == "S1" || !labrpc::sim::is_active());
        assert_eq!(name(), "tester");
    });
}

#[test]
fn simulation_has_as_many_processors_on_every_machine() {
    in_both_worlds(|| {
        let processors = thread::available_parallelism().unwrap().get();
        assert!(!labrpc::sim::is_active() || processors == 4, "{processors}");
    });
}
