//! Destructors of the threads that are left when a run ends: whatever they do, the run's outcome is what it was, and the
//! process goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant as RealInstant};

use labrpc::channel::{Receiver, Sender, bounded, unbounded};
use labrpc::network::{Network, Server, Service};
use labrpc::sim::{Cause, NodeHandle, Sim};
use labrpc::sync::atomic::{AtomicBool, Ordering};
use labrpc::sync::{Arc, Condvar, Mutex, RwLock};
use labrpc::thread;
use labrpc::time::Instant;

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs its function when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What a thread owns, in the depth of what it owns.
#[allow(dead_code, reason = "it is there to be dropped")]
struct Nested<F: FnMut()>(Vec<Option<Arc<OnDrop<F>>>>);

fn nested<F: FnMut()>(drops: F) -> Nested<F> {
    Nested(vec![None, Some(Arc::new(OnDrop(drops)))])
}

/// A thread that owns `owned` and waits until the run is over.
fn waits_with<T: Send + 'static>(node: &NodeHandle, owned: T) {
    node.spawn("owner", move || {
        let _owned = owned;
        thread::sleep(HOUR);
    });
}

/// Runs `start`, which starts threads with destructors on a node: one that lives, one that is crashed, one that is paused. The
/// run ends by the return of its body, by a panic of another thread, and before the threads have begun.
fn ends_well(start: impl Fn(&NodeHandle) + Copy + Send + 'static) {
    let nodes = || [NodeHandle::new("S0"), NodeHandle::new("S1"), NodeHandle::new("S2")];
    for seed in 0..5 {
        let outcome = Sim::new(seed).run(move || {
            let nodes = nodes();
            nodes.iter().for_each(start);
            thread::sleep(MS);
            nodes[1].crash();
            nodes[2].pause();
            thread::sleep(MS);
            "returned"
        });
        assert_eq!(outcome.unwrap_or_else(|failure| panic!("{failure}")).0, "returned");
        let outcome = Sim::new(seed).run(move || {
            let nodes = nodes();
            nodes.iter().for_each(start);
            nodes[0].spawn("fails", || {
                thread::sleep(MS);
                panic!("the real failure");
            });
            let _main = nested(|| nodes.iter().for_each(start));
            thread::sleep(HOUR);
        });
        let failure = outcome.expect_err("a thread panicked").to_string();
        assert!(failure.contains("the real failure"), "{failure}");
        Sim::new(seed)
            .run(move || nodes().iter().for_each(start))
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    assert!(!std::thread::panicking());
}

/// The Rust Book's thread pool: a destructor that stops its thread and joins it.
struct Worker(Arc<AtomicBool>, Option<thread::JoinHandle<()>>);

impl Worker {
    fn new() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let looks = move || {
            while !stopped.load(Ordering::SeqCst) {
                thread::sleep(MS / 10);
            }
        };
        Self(stop, Some(thread::spawn(looks)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        self.1.take().unwrap().join().unwrap();
    }
}

#[test]
fn destructor_stops_its_thread_and_joins_it() {
    ends_well(|node| {
        node.spawn("owner", || {
            let _workers = [Worker::new(), Worker::new()];
            thread::sleep(HOUR);
        });
    });
}

#[test]
fn destructor_waits_for_a_thread_to_finish() {
    ends_well(|node| {
        let sleeper = node.spawn("sleeper", || thread::sleep(HOUR));
        waits_with(node, nested(move || while !sleeper.is_finished() {}));
        let flag = Arc::new(AtomicBool::new(false));
        waits_with(node, nested(move || while !flag.load(Ordering::SeqCst) {}));
        waits_with(
            node,
            nested(|| {
                loop {
                    thread::yield_now();
                }
            }),
        );
    });
}

#[test]
fn destructor_sends() {
    fn uses(node: &NodeHandle, (sender, receiver): (Sender<u32>, Receiver<u32>), receiver_is_older: bool) {
        let sends = || nested(move || (0..3).for_each(|number| sender.send(number).unwrap()));
        let receives = |receiver: Receiver<u32>| move || for _ in receiver {};
        if receiver_is_older {
            node.spawn("receives", receives(receiver));
            waits_with(node, sends());
        } else {
            waits_with(node, sends());
            node.spawn("receives", receives(receiver));
        }
    }
    ends_well(|node| {
        for is_older in [false, true] {
            for channel in [unbounded(), bounded(0), bounded(1), bounded(7)] {
                uses(node, channel, is_older);
            }
        }
    });
}

#[test]
fn destructor_receives() {
    ends_well(|node| {
        for is_younger in [false, true] {
            let (sender, receiver) = unbounded();
            sender.send(1).unwrap();
            let mut owned = Some(sender);
            if !is_younger {
                waits_with(node, owned.take());
            }
            waits_with(
                node,
                nested(move || {
                    assert!(receiver.recv_timeout(MS).is_ok(), "it was sent");
                    assert!(receiver.try_recv().unwrap_err().is_empty(), "a sender lives");
                    assert!(receiver.recv_timeout(HOUR).unwrap_err().is_timeout(), "a sender lives");
                    let after = labrpc::channel::after(MS);
                    labrpc::channel::select! {
                        recv(receiver) -> _ => unreachable!("nothing was sent"),
                        recv(after) -> moment => assert!(moment.unwrap() <= Instant::now()),
                    }
                    receiver.recv().unwrap();
                }),
            );
            waits_with(node, owned);
        }
    });
}

#[test]
fn destructor_locks() {
    ends_well(|node| {
        let shared = Arc::new((Mutex::new(0), RwLock::new(0)));
        let locks = |shared: Arc<(Mutex<u32>, RwLock<u32>)>| {
            move || {
                *shared.0.lock() += 1;
                *shared.1.write() += *shared.0.try_lock().unwrap();
                let _first = shared.1.read();
            }
        };
        let (holds, reads) = (Arc::clone(&shared), Arc::clone(&shared));
        waits_with(node, nested(locks(Arc::clone(&shared))));
        node.spawn("holds", move || {
            let _drops = nested(locks(Arc::clone(&holds)));
            let _held = holds.0.lock();
            thread::sleep(HOUR);
        });
        node.spawn("reads", move || {
            let _held = reads.1.read();
            // It locks to write what this very thread reads.
            let _drops = nested(locks(Arc::clone(&reads)));
            thread::sleep(HOUR);
        });
    });
}

#[test]
fn destructor_sleeps_and_time_goes_on() {
    ends_well(|node| {
        waits_with(
            node,
            nested(|| {
                let deadline = Instant::now() + Duration::from_secs(5);
                while Instant::now() < deadline {
                    thread::sleep(Duration::from_millis(7));
                }
                thread::park_timeout(MS);
                assert!(Instant::now() >= deadline + MS);
                thread::park();
            }),
        );
    });
}

#[test]
fn destructor_waits_on_a_condition_variable() {
    ends_well(|node| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        for _ in 0..2 {
            let shared = Arc::clone(&shared);
            waits_with(
                node,
                nested(move || {
                    let mut is_done = shared.0.lock();
                    assert!(shared.1.wait_for(&mut is_done, MS).timed_out());
                    assert!(shared.1.wait_while_for(&mut is_done, |is_done| !*is_done, MS).timed_out());
                    shared.1.wait_while(&mut is_done, |is_done| !*is_done);
                    assert!(*is_done);
                }),
            );
        }
        node.spawn("waits", move || {
            let mut is_done = shared.0.lock();
            let shared = Arc::clone(&shared);
            let _drops = nested(move || {
                shared.1.notify_all();
            });
            let (lock, changed) = (Mutex::new(0), Condvar::new());
            changed.wait(&mut lock.lock());
            *is_done = true;
        });
    });
}

#[test]
fn destructor_starts_threads() {
    ends_well(|node| {
        let other = node.clone();
        waits_with(
            node,
            nested(move || {
                let part = 1;
                thread::scope(|scope| {
                    scope.spawn(|| assert_eq!(part, 1));
                });
                drop(other.spawn("late", || ()));
                thread::spawn(|| ()).join().unwrap();
            }),
        );
        node.spawn("scopes", || {
            let part = String::from("borrowed");
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let _drops = nested(|| assert_eq!(part, "borrowed"));
                        thread::sleep(HOUR);
                    });
                }
                scope.spawn(|| thread::sleep(HOUR)).join().unwrap();
            });
        });
    });
}

#[test]
fn destructor_calls_through_the_network() {
    ends_well(|node| {
        let network = Network::new();
        let service = Service::new("Echo").method("echo", |text: String| text);
        network.add_server(0_u32, Server::new(node).service(service));
        let end = network.make_connected_end(1_u32, 0_u32);
        waits_with(
            node,
            nested(move || {
                for _ in 0..3 {
                    let _: Option<String> = end.call("Echo.echo", &"at the end".to_owned());
                }
                network.delete_server(0_u32);
            }),
        );
    });
}

#[test]
fn destructor_catches_panics() {
    ends_well(|node| {
        waits_with(node, nested(|| drop(catch_unwind(|| thread::sleep(MS)))));
    });
}

/// A panic in a destructor of a thread that is left: in the real world it would not have run.
#[test]
fn destructor_that_panics_does_not_take_the_process_with_it() {
    Sim::new(1)
        .run(|| {
            waits_with(&NodeHandle::new("S1"), nested(|| panic!("a destructor that is not made for this")));
            thread::sleep(MS);
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// A loop that catches whatever happens in it does not keep its run from ending, nor the failure from being shown.
#[test]
fn loop_that_catches_panics_ends_with_the_run() {
    fn catches<T>(mut act: impl FnMut() -> T) {
        loop {
            let _ = catch_unwind(AssertUnwindSafe(&mut act));
        }
    }
    let started = RealInstant::now();
    ends_well(|node| {
        let (sender, receiver) = unbounded::<u32>();
        let lock = Arc::new((Mutex::new(0), Condvar::new()));
        let other = Arc::clone(&lock);
        node.spawn("locks", move || catches(|| *lock.0.lock() += 1));
        node.spawn("waits", move || catches(|| other.1.wait(&mut other.0.lock())));
        node.spawn("receives", move || catches(|| receiver.recv().unwrap()));
        node.spawn("tries", move || catches(|| sender.is_empty()));
        node.spawn("sleeps", || catches(|| thread::sleep(MS)));
        node.spawn("restarts", || {
            catches(|| {
                let panics = || {
                    thread::sleep(MS);
                    panic!("a worker that is started again and again");
                };
                thread::spawn(panics).join().unwrap();
            });
        });
    });
    assert!(started.elapsed() < Duration::from_secs(9), "no stall was waited for");
}

/// What ended the run stands before its destructors run: one that never ends costs time, and no failure.
#[test]
fn failure_is_kept_though_a_destructor_never_ends() {
    let is_reported = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let ends = std::sync::Arc::clone(&is_reported);
    let failure = Sim::new(1)
        .stall(Duration::from_millis(50))
        .run(move || {
            waits_with(&NodeHandle::new("S1"), nested(move || while !ends.load(Ordering::SeqCst) {}));
            thread::sleep(MS);
            panic!("the real failure");
        })
        .expect_err("it panics");
    is_reported.store(true, Ordering::SeqCst);
    assert!(matches!(failure.cause, Cause::Panic(_)), "{failure}");
}

/// What a destructor catches itself is nobody's business: the run ends in good order.
#[test]
fn destructor_catches_its_own_panic() {
    for seed in 0..10 {
        let dropped = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counted = std::sync::Arc::clone(&dropped);
        let run = Sim::new(seed).run(move || {
            thread::spawn(move || {
                let _guard = OnDrop(|| {
                    let caught = std::panic::catch_unwind(|| panic!("and it is caught"));
                    assert!(caught.is_err());
                    counted.fetch_add(1, Ordering::Relaxed);
                });
                thread::sleep(Duration::from_secs(3600));
            });
            thread::sleep(Duration::from_millis(1));
        });
        run.unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}
