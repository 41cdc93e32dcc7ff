//! Writes that another thread must not see halfway, and threads that have to wait for long though they could run.

use std::sync::Arc;

use super::world::{Mutex, Shared, spawn};

/// A thread gives the lock back between two looks at a phase, and takes it for unchanged.
pub(super) fn phase01() {
    let phase = Arc::new(Mutex::new(0));
    let first = spawn({
        let phase = Arc::clone(&phase);
        move || {
            *phase.lock() = 1;
            assert_eq!(*phase.lock(), 1, "phase01: the phase has changed between two looks");
        }
    });
    let second = spawn(move || *phase.lock() = 2);
    first.join();
    second.join();
}

/// All threads but one write `a` and then `b`; the last must not come after the first `a` and before any `b`. The more
/// threads, the less likely is it that none has got as far as `b`.
pub(super) fn reorder(threads: usize) {
    let (a, b) = (Shared::new(0), Shared::new(0));
    let setters: Vec<_> = (1..threads)
        .map(|_| {
            let (a, b) = (Arc::clone(&a), Arc::clone(&b));
            spawn(move || {
                a.set(1);
                b.set(-1);
            })
        })
        .collect();
    let check = spawn(move || {
        let is_whole = (a.get() == 0 && b.get() == 0) || (a.get() == 1 && b.get() == -1);
        assert!(is_whole, "reorder: a is written and b is not");
    });
    setters.into_iter().for_each(|setter| setter.join());
    check.join();
}

/// All threads but one write the first of two data, each under its own lock, and then the second; the last must not come
/// between, for any of them.
pub(super) fn twostage(threads: usize) {
    let first = Arc::new(Mutex::new(0));
    let second = Arc::new(Mutex::new(0));
    let writers: Vec<_> = (1..threads)
        .map(|_| {
            let (first, second) = (Arc::clone(&first), Arc::clone(&second));
            spawn(move || {
                let value = {
                    let mut first = first.lock();
                    *first = 1;
                    *first
                };
                *second.lock() = value + 1;
            })
        })
        .collect();
    let reader = spawn(move || {
        let seen = *first.lock();
        if seen != 0 {
            assert_eq!(*second.lock(), seen + 1, "twostage: the first stage is there and the second is not");
        }
    });
    writers.into_iter().for_each(|writer| writer.join());
    reader.join();
}

/// The one store of a thread that could run all the time must come after `steps` steps of the other.
pub(super) fn uneven(steps: i64) {
    let (is_done, progress) = (Shared::new(0), Shared::new(0));
    let short = spawn({
        let is_done = Arc::clone(&is_done);
        move || is_done.set(1)
    });
    let long = spawn(move || {
        (1..=steps).for_each(|step| progress.set(step));
        assert_eq!(is_done.get(), 1, "uneven: the short thread has not had its turn");
    });
    short.join();
    long.join();
}

/// A reader without a lock takes an unchanged version for unchanged data, but the version has three bits: it is back at
/// its start if the reader sleeps through all writes. A thread that waits for long, another rendering.
pub(super) fn version_wrap() {
    const VERSIONS: i64 = 8;
    let version = Shared::new(0);
    let data = [Shared::new(0), Shared::new(0)];
    let writer = spawn({
        let (version, data) = (Arc::clone(&version), data.clone());
        move || {
            for write in 1..=VERSIONS / 2 {
                version.set((2 * write - 1) % VERSIONS); // odd: a write is under way
                data.iter().for_each(|part| part.set(write));
                version.set(2 * write % VERSIONS);
            }
        }
    });
    let reader = spawn(move || {
        let before = version.get();
        let (left, right) = (data[0].get(), data[1].get());
        if before % 2 == 0 && version.get() == before {
            assert_eq!(left, right, "version_wrap: half of the data is older than the other half");
        }
    });
    writer.join();
    reader.join();
}
