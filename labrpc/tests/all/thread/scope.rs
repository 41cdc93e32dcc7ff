//! Scoped threads in both worlds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use labrpc::sim::NodeHandle;
use labrpc::sync::Mutex;
use labrpc::thread;

use crate::support::{failure, in_both_worlds, in_simulation};

/// A panic that the hook does not print.
fn fail() -> ! {
    resume_unwind(Box::new("on purpose"))
}

#[test]
fn scope_ends_after_its_threads() {
    in_both_worlds(|| {
        let mut parts = [0; 4];
        let all = Mutex::new(0);
        let returned = thread::scope(|scope| {
            for (i, part) in parts.iter_mut().enumerate() {
                let all = &all;
                scope.spawn(move || {
                    thread::yield_now();
                    *part = i;
                    *all.lock() += i;
                });
            }
            "returned"
        });
        assert_eq!((returned, parts, all.into_inner()), ("returned", [0, 1, 2, 3], 6));
    });
}

#[test]
fn results_are_joined() {
    in_both_worlds(|| {
        let base = 10;
        let sum: i32 = thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|i| scope.spawn(move || base + i)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(sum, 33);
    });
}

#[test]
fn panic_that_is_joined_is_a_result() {
    in_both_worlds(|| {
        let outcome = thread::scope(|scope| scope.spawn(|| fail()).join());
        assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
    });
}

#[test]
fn panic_that_is_not_joined_is_passed_on_after_all_have_ended() {
    in_both_worlds(|| {
        let ended = Mutex::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                scope.spawn(|| fail());
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(1));
                    *ended.lock() += 1;
                });
            });
        }));
        assert!(outcome.is_err());
        assert_eq!(*ended.lock(), 1);
    });
}

#[test]
fn panic_of_the_body_is_passed_on_after_all_have_ended() {
    in_both_worlds(|| {
        let ended = Mutex::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(Duration::from_millis(1));
                    *ended.lock() += 1;
                });
                fail()
            })
        }));
        assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
        assert_eq!(*ended.lock(), 1);
    });
}

#[test]
fn threads_of_a_scope_start_others() {
    in_both_worlds(|| {
        let count = Mutex::new(0);
        thread::scope(|outer| {
            outer.spawn(|| {
                outer.spawn(|| *count.lock() += 1);
                thread::scope(|inner| {
                    inner.spawn(|| *count.lock() += 10);
                });
                *count.lock() += 100;
            });
        });
        assert_eq!(count.into_inner(), 111);
    });
}

#[test]
fn scoped_threads_have_names_and_ends() {
    in_both_worlds(|| {
        thread::scope(|scope| {
            let builder = thread::Builder::new().name("worker".into());
            let handle = builder.spawn_scoped(scope, || thread::current().name().map(str::to_owned)).unwrap();
            assert_eq!(handle.thread().name(), Some("worker"));
            while !handle.is_finished() {}
            assert_eq!(handle.join().unwrap().as_deref(), Some("worker"));
        });
    });
}

#[test]
fn run_that_ends_in_a_scope_drops_what_its_threads_borrow_in_order() {
    let failed = failure(|| {
        let borrowed = [1, 2, 3];
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::park();
                assert_eq!(borrowed.len(), 3);
            });
        });
    });
    assert!(failed.to_string().contains("deadlock"), "{failed}");
}

#[test]
fn scope_of_a_crashed_node_is_dropped_at_the_end() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        node.spawn("scopes", || {
            let borrowed = [1, 2, 3];
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        thread::sleep(Duration::from_secs(1000));
                        assert_eq!(borrowed.len(), 3);
                    });
                }
            });
        });
        thread::sleep(Duration::from_millis(1));
        node.crash();
        thread::sleep(Duration::from_millis(1));
    });
}
