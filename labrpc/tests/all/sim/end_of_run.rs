//! The end of a run, whatever its threads are doing then: nothing aborts, hangs or is kept.

use std::time::Duration;

use labrpc::sim::{NodeHandle, Policy, Sim};
use labrpc::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use labrpc::thread;

/// Counts what is not dropped.
#[derive(Clone)]
struct Counted(#[allow(dead_code)] std::sync::Arc<()>);

/// Threads at every kind of point, ended by the return of the body after `steps`, or by a crash.
fn busy(owned: &Counted, crashes: bool) {
    let shared = Arc::new((Mutex::new(0_u64), Condvar::new(), RwLock::new(0_u64)));
    let node = NodeHandle::new("S1");
    for _ in 0..3 {
        let (shared, owned) = (Arc::clone(&shared), owned.clone());
        node.spawn("waits", move || {
            let _owned = owned;
            let mut count = shared.0.lock();
            loop {
                shared.1.wait(&mut count);
                *count += 1;
                MutexGuard::unlocked(&mut count, thread::yield_now);
            }
        });
    }
    let (notifies, owned_too) = (Arc::clone(&shared), owned.clone());
    node.spawn("notifies", move || {
        let _owned = owned_too;
        loop {
            *notifies.0.lock() += 1;
            notifies.1.notify_all();
            let _ = notifies.1.wait_for(&mut notifies.0.lock(), Duration::from_micros(3));
            *notifies.2.write() += *notifies.2.read();
        }
    });
    let (polls, owned_too) = (Arc::clone(&shared), owned.clone());
    node.spawn("polls", move || {
        let _owned = owned_too;
        while *polls.0.lock() < u64::MAX {}
    });
    for _ in 0..20 {
        thread::yield_now();
    }
    if crashes {
        node.crash();
        thread::sleep(Duration::from_millis(1));
    }
}

/// What threads own is dropped, but for those whose lock another one took, or who do nothing but lock: they are left as
/// they are.
#[test]
fn run_can_end_at_any_point_of_its_threads() {
    let (mut runs, mut kept_in_all) = (0, 0);
    for policy in [Policy::Random, Policy::Fifo, Policy::Pct { depth: 3 }] {
        for seed in 0..200 {
            for crashes in [false, true] {
                let owned = Counted(std::sync::Arc::new(()));
                let kept = owned.clone();
                Sim::new(seed)
                    .policy(policy)
                    .stall(Duration::from_secs(60))
                    .run(move || busy(&owned, crashes))
                    .unwrap_or_else(|failure| panic!("{policy} {seed}: {failure}"));
                let kept = std::sync::Arc::strong_count(&kept.0) - 1;
                assert!(kept <= 3, "{policy} {seed}: {kept} values of three threads were kept");
                runs += 1;
                kept_in_all += kept;
            }
        }
    }
    // One does nothing but lock, and cannot be unwound anywhere. Of the others mostly one is inside.
    assert!(kept_in_all <= 2 * runs, "{kept_in_all} values were kept in {runs} runs");
}

/// A panic that goes on with `resume_unwind` begins without a word to anybody. Its destructors are left alone all the same:
/// here they drop the handles of other threads that have panicked, each of which ends a run.
#[test]
fn resumed_panic_may_drop_the_handles_of_others() {
    for seed in 0..20 {
        let ended = Sim::new(seed).run(|| {
            fn panics() {
                std::panic::panic_any("on purpose");
            }
            let threads = [(); 3].map(|()| thread::spawn(panics));
            thread::sleep(Duration::from_millis(1));
            for thread in threads {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
        let failure = ended.expect_err("it panics").to_string();
        assert!(failure.contains("on purpose"), "{failure}");
    }
}
