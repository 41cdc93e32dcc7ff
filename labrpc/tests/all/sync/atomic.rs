//! Atomics in both worlds.

use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
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
fn newer_operations_do_what_their_names_say() {
    in_both_worlds(|| {
        let number = AtomicI64::new(5);
        assert_eq!(number.try_update(ORDER, ORDER, |value| (value == 5).then_some(6)), Ok(5));
        assert_eq!(number.try_update(ORDER, ORDER, |value| (value == 5).then_some(7)), Err(6));
        assert_eq!((number.update(ORDER, ORDER, |value| value * 2), number.load(ORDER)), (6, 12));
        let flag = AtomicBool::new(true);
        assert_eq!((flag.fetch_not(ORDER), flag.fetch_not(ORDER)), (true, false));
        assert_eq!((flag.fetch_nand(true, ORDER), flag.fetch_xor(true, ORDER)), (true, false));
        assert!(flag.load(ORDER) && flag.as_ptr().is_aligned());
    });
}

#[test]
fn pointers_are_moved_and_tagged() {
    in_both_worlds(|| {
        let mut values = [1_u32, 2, 3];
        let first = values.as_mut_ptr();
        let pointer = AtomicPtr::from(first);
        assert_eq!(
            (pointer.fetch_ptr_add(2, ORDER), pointer.fetch_ptr_sub(1, ORDER)),
            (first, &raw mut values[2])
        );
        assert_eq!(
            (pointer.fetch_byte_sub(4, ORDER), pointer.fetch_byte_add(8, ORDER)),
            (&raw mut values[1], first)
        );
        assert_eq!((pointer.fetch_or(1, ORDER), pointer.load(ORDER).addr() & 1), (&raw mut values[2], 1));
        pointer.fetch_and(!1, ORDER);
        assert_eq!(
            (pointer.fetch_xor(0, ORDER), format!("{pointer:p}")),
            (&raw mut values[2], format!("{:p}", &raw mut values[2]))
        );
        assert!(AtomicPtr::<u8>::default().load(ORDER).is_null());
    });
}

#[test]
fn update_is_tried_again_when_another_thread_comes_in_between() {
    let calls = outcomes(|| {
        let count = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    count.0.update(ORDER, ORDER, |value| {
                        count.1.fetch_add(1, ORDER);
                        value + 1
                    });
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.0.load(ORDER), 2, "no update is lost");
        count.1.load(ORDER)
    });
    assert_eq!(calls.into_iter().collect::<Vec<_>>(), [2, 3]);
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
