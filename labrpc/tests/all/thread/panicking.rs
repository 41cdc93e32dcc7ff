//! Who unwinds: `thread::panicking` asks about the calling thread and no other.

use std::panic::{catch_unwind, resume_unwind};
use std::time::Duration;

use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::thread;

use crate::support::{in_both_worlds, in_simulation};

/// A destructor that takes its time, and says whether its thread was unwinding.
struct Slow<'a>(&'a AtomicBool);

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(2));
        self.0.store(thread::panicking(), Ordering::SeqCst);
    }
}

#[test]
fn panicking_is_not_said_of_a_thread_that_does_not() {
    in_both_worlds(|| {
        // It has caught a panic before, which is over.
        assert!(catch_unwind(|| resume_unwind(Box::new("before"))).is_err());
        let unwound = AtomicBool::new(false);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _slow = Slow(&unwound);
                resume_unwind(Box::new("on purpose"));
            });
            for _ in 0..4 {
                thread::sleep(Duration::from_micros(500));
                assert!(!thread::panicking());
            }
            assert!(panics.join().is_err());
        });
        assert!(unwound.load(Ordering::SeqCst) && !thread::panicking());
    });
}

#[test]
fn panicking_is_said_of_each_of_two() {
    in_simulation(|| {
        let unwound = [const { AtomicBool::new(false) }; 2];
        thread::scope(|scope| {
            let threads = [0, 1].map(|place| {
                let slow = &unwound[place];
                scope.spawn(move || {
                    let _slow = Slow(slow);
                    catch_unwind(|| panic!("caught")).unwrap_err();
                    assert!(!thread::panicking());
                    thread::sleep(Duration::from_micros(100));
                    panic!("on purpose");
                })
            });
            threads.into_iter().for_each(|thread| assert!(thread.join().is_err()));
        });
        assert!(unwound.iter().all(|unwound| unwound.load(Ordering::SeqCst)));
    });
}
