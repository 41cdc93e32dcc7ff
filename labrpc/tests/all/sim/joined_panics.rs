//! A panic of a thread that somebody joins and unwraps: what is told is what the joined thread said, and where.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Sim};
use labrpc::thread;

fn failure(body: impl FnOnce() + Send + 'static) -> String {
    Sim::new(1).run(body).expect_err("it panics").to_string()
}

fn child() {
    thread::sleep(Duration::from_millis(5));
    panic!("the child's own words");
}

/// What `text` must say of [`child`], which ran as `thread`.
fn tells_of_the_child(text: &str, thread: &str) {
    assert!(text.contains(&format!("{thread} panicked at 0.005")), "{text}");
    assert!(text.contains("the child's own words") && text.contains(file!()), "{text}");
}

#[test]
fn joined_panic_is_told_with_that_of_the_joining_thread() {
    let text = failure(|| NodeHandle::new("S1").spawn("worker", child).join().unwrap());
    assert!(text.starts_with("tester/main panicked at"), "{text}");
    tells_of_the_child(&text, "S1/worker");
}

#[test]
fn joined_panic_is_told_through_two_joins() {
    let text = failure(|| {
        let node = NodeHandle::new("S1");
        let inner = node.clone();
        node.spawn("outer", move || inner.spawn("inner", child).join().unwrap()).join().unwrap();
    });
    assert!(text.starts_with("tester/main") && text.contains("S1/outer panicked"), "{text}");
    tells_of_the_child(&text, "S1/inner");
}

#[test]
fn joined_panic_that_goes_on_is_told_with_its_place() {
    let text = failure(|| {
        let joined = NodeHandle::new("S1").spawn("worker", child).join();
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    tells_of_the_child(&text, "S1/worker");
}

#[test]
fn panic_of_a_scoped_thread_is_told_joined_or_not() {
    for joins in [true, false] {
        let text = failure(move || {
            thread::scope(|scope| {
                let builder = thread::Builder::new().name("worker".into());
                let worker = builder.spawn_scoped(scope, child).unwrap();
                if joins {
                    worker.join().unwrap();
                }
            });
        });
        tells_of_the_child(&text, "tester/worker");
        assert_eq!(text.matches("the child's own words").count(), 1, "{text}");
    }
}

/// One thread panics and waits in a destructor, another panics meanwhile: each is told with its own place.
#[test]
fn places_of_panics_that_overlap_are_not_mixed_up() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(20));
        }
    }
    let text = failure(|| {
        let slow = thread::spawn(|| {
            let _waits = Waits;
            panic!("the slow one");
        });
        let line = line!() - 2;
        let quick = NodeHandle::new("S1").spawn("quick", child);
        assert!(quick.join().is_err());
        slow.join().unwrap_or_else(|_| panic!("look for line {line}"));
    });
    let line = text.split("look for line ").nth(1).and_then(|rest| rest.split('\n').next()).unwrap();
    let slow = text.split("the slow one").next().unwrap();
    assert!(slow.contains(&format!("{}:{line}:", file!())), "{text}");
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a destructor of what was left");
        }
    }
}

#[test]
fn panic_with_something_that_panics_when_it_is_dropped_is_told_at_once() {
    // Of the body, and of a thread that nobody can join.
    let text = failure(|| std::panic::panic_any(Bomb));
    assert!(text.contains("tester/main panicked") && !text.contains("endless loop"), "{text}");
    let text = failure(|| {
        drop(thread::spawn(|| {
            thread::sleep(Duration::from_millis(1));
            std::panic::panic_any(Bomb)
        }));
        thread::sleep(Duration::from_millis(5));
    });
    assert!(text.contains("tester/thread-1 panicked") && !text.contains("endless loop"), "{text}");
}

#[test]
fn value_of_a_detached_thread_that_panics_when_it_is_dropped_fails_the_run() {
    let text = failure(|| {
        drop(thread::spawn(|| {
            thread::sleep(Duration::from_millis(1));
            Bomb
        }));
        thread::sleep(Duration::from_millis(5));
    });
    assert!(text.contains("a destructor of what was left"), "{text}");
}
