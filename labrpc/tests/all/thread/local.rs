//! Thread-local values in both worlds, and that they are not those of another thread.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use labrpc::channel::{Sender, unbounded};
use labrpc::sim::{NodeHandle, Sim, check_replay};
use labrpc::thread;

use crate::support::{in_both_worlds, in_simulation};

/// Tells of its drop.
struct Told(Sender<&'static str>, &'static str);

impl Drop for Told {
    fn drop(&mut self) {
        thread::sleep(Duration::from_micros(1));
        self.0.send(self.1).unwrap();
    }
}

labrpc::thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static NAMES: RefCell<Vec<String>> = RefCell::new(vec!["first".into()]);
    static FIRST: RefCell<Option<Told>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<Told>> = RefCell::default();
}

#[test]
fn local_value_is_its_threads_own() {
    in_both_worlds(|| {
        COUNT.set(7);
        let threads = [1, 2, 3].map(|number| {
            thread::spawn(move || {
                for _ in 0..10 {
                    COUNT.set(COUNT.get() + number);
                    thread::yield_now();
                }
                NAMES.with_borrow_mut(|names| names.push(number.to_string()));
                (
                    COUNT.take(),
                    NAMES.with_borrow(Vec::len),
                    NAMES.take().len(),
                    NAMES.replace(Vec::new()).len(),
                )
            })
        });
        let results = threads.map(|thread| thread.join().unwrap());
        assert_eq!(results, [(10, 2, 2, 0), (20, 2, 2, 0), (30, 2, 2, 0)]);
        assert_eq!(COUNT.replace(0), 7);
    });
}

#[test]
fn local_values_are_dropped_before_the_thread_is_joined() {
    in_both_worlds(|| {
        let (sender, told) = unbounded();
        let owner = thread::spawn(move || {
            FIRST.set(Some(Told(sender.clone(), "first")));
            SECOND.set(Some(Told(sender, "second")));
        });
        owner.join().unwrap();
        let mut told: Vec<&str> = told.try_iter().collect();
        told.sort_unstable();
        assert_eq!(told, ["first", "second"]);
    });
}

#[test]
fn local_value_that_was_dropped_cannot_be_had() {
    struct Looks(Sender<bool>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.0.send(LOOKS.try_with(|_| ()).is_err()).unwrap();
        }
    }
    labrpc::thread_local! {
        static LOOKS: RefCell<Option<Looks>> = const { RefCell::new(None) }
    }
    in_both_worlds(|| {
        let (sender, told) = unbounded();
        thread::spawn(move || LOOKS.set(Some(Looks(sender)))).join().unwrap();
        assert_eq!(told.try_recv(), Ok(true));
    });
}

/// Nothing is kept of threads that were crashed, that were left, or whose run failed in the middle.
#[test]
fn local_values_are_dropped_with_the_run() {
    labrpc::thread_local! {
        static KEPT: RefCell<Option<std::sync::Arc<()>>> = const { RefCell::new(None) };
    }
    let counted = std::sync::Arc::new(());
    for _ in 0..5 {
        let owned = std::sync::Arc::clone(&counted);
        let outcome = Sim::new(1).run(move || {
            let nodes = [NodeHandle::new("S0"), NodeHandle::new("S1")];
            for node in &nodes {
                let owned = std::sync::Arc::clone(&owned);
                node.spawn("owner", move || {
                    KEPT.set(Some(owned));
                    thread::sleep(Duration::from_secs(3600));
                });
            }
            KEPT.set(Some(owned));
            thread::sleep(Duration::from_millis(1));
            nodes[0].crash();
            panic!("on purpose");
        });
        assert!(outcome.is_err());
    }
    assert_eq!(std::sync::Arc::strong_count(&counted), 1);
}

/// What a thread left in a value of the process made right code fail, and a seed another run the second time.
#[test]
fn run_finds_no_values_of_another_run() {
    let body = || {
        let before = COUNT.replace(COUNT.get() + 1);
        assert_eq!(before, 0, "another run's value");
        thread::spawn(|| COUNT.set(5)).join().unwrap();
        thread::sleep(Duration::from_millis(u64::from(COUNT.get())));
    };
    in_simulation(body);
    check_replay(&Sim::new(1), body).unwrap().unwrap();
}
