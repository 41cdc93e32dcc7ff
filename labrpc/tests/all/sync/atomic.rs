//! Atomics in both worlds.

use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering, fence};
use labrpc::thread;

use crate::support::{in_both_worlds, outcomes};

const ORDER: Ordering = Ordering::SeqCst;

#[test]
fn operations_do_what_their_names_say() {
    in_both_worlds(|| {
        let number = AtomicI64::new(5);
        assert_eq!((number.load(ORDER), number.swap(7, ORDER), number.fetch_add(1, ORDER)), (5, 5, 7));
        assert_eq!((number.fetch_sub(2, ORDER), number.fetch_max(9, ORDER)), (8, 6));
        assert_eq!((number.fetch_min(-1, ORDER), number.load(ORDER)), (9, -1));
        assert_eq!(number.compare_exchange(-1, 3, ORDER, ORDER), Ok(-1));
        assert_eq!(number.compare_exchange(-1, 4, ORDER, ORDER), Err(3));
        assert_eq!(number.fetch_update(ORDER, ORDER, |value| (value == 3).then_some(12)), Ok(3));
        assert_eq!(number.fetch_update(ORDER, ORDER, |value| (value == 3).then_some(0)), Err(12));
        fence(ORDER);
        number.store(1, ORDER);
        assert_eq!(number.into_inner(), 1);
        let flag = AtomicBool::new(true);
        assert_eq!(
            (flag.fetch_and(false, ORDER), flag.fetch_or(true, ORDER), flag.load(ORDER)),
            (true, false, true)
        );
    });
}

#[test]
fn operations_are_not_cut_in_halves() {
    in_both_worlds(|| {
        let count = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    for _ in 0..20 {
                        count.0.fetch_add(1, ORDER);
                        let mut seen = count.1.load(ORDER);
                        while let Err(now) = count.1.compare_exchange_weak(seen, seen + 1, ORDER, ORDER) {
                            seen = now;
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((count.0.load(ORDER), count.1.load(ORDER)), (60, 60));
    });
}

#[test]
fn loop_that_polls_a_flag_ends() {
    in_both_worlds(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let setting = thread::spawn(move || theirs.store(true, ORDER));
        while !flag.load(ORDER) {}
        setting.join().unwrap();
    });
}

#[test]
fn race_between_a_load_and_a_store_is_found() {
    let sums = outcomes(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    let before = count.load(ORDER);
                    count.store(before + 1, ORDER);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        count.load(ORDER)
    });
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), [1, 2]);
}
