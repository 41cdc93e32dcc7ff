//! Condition variables, waited on and notified in wrong ways.

use std::sync::Arc;

use super::world::{Condvar, Mutex, Shared, spawn};

/// Numbers are handed over one at a time, properly; but the two threads that take them add them up without a lock.
pub(super) fn arithmetic_prog() {
    const NUMBERS: i64 = 4;
    struct Table {
        number: Mutex<i64>,
        is_free: Condvar,
        is_laid: Condvar,
    }
    let table = Arc::new(Table { number: Mutex::new(0), is_free: Condvar::new(), is_laid: Condvar::new() });
    let total = Shared::new(0);
    let giver = spawn({
        let table = Arc::clone(&table);
        move || {
            for next in 1..=NUMBERS {
                let mut number = table.number.lock();
                while *number != 0 {
                    number = table.is_free.wait(number);
                }
                *number = next;
                drop(number);
                table.is_laid.notify_one();
            }
        }
    });
    let takers = [(), ()].map(|()| {
        let (table, total) = (Arc::clone(&table), Arc::clone(&total));
        spawn(move || {
            for _ in 0..NUMBERS / 2 {
                let mut number = table.number.lock();
                while *number == 0 {
                    number = table.is_laid.wait(number);
                }
                let taken = std::mem::take(&mut *number);
                drop(number);
                table.is_free.notify_one();
                total.set(total.get() + taken);
            }
        })
    });
    giver.join();
    takers.into_iter().for_each(|taker| taker.join());
    assert_eq!(total.get(), NUMBERS * (NUMBERS + 1) / 2, "arithmetic_prog: a number is not in the sum");
}

/// A notification that leaves nothing behind is lost if nobody waits yet.
pub(super) fn sync01() {
    let signal = Arc::new((Mutex::new(()), Condvar::new()));
    let waiter = spawn({
        let signal = Arc::clone(&signal);
        move || drop(signal.1.wait(signal.0.lock()))
    });
    let notifier = spawn(move || {
        let held = signal.0.lock();
        signal.1.notify_one();
        drop(held);
    });
    waiter.join();
    notifier.join();
}

/// Two producers and two consumers wait on one condition variable, and one waiter is woken: it may be one of the own
/// kind, who goes back to sleep.
pub(super) fn sync02() {
    const ROUNDS: usize = 2;
    let slot = Arc::new((Mutex::new(false), Condvar::new()));
    let threads: Vec<_> = [true, false, true, false]
        .into_iter()
        .map(|fills| {
            let slot = Arc::clone(&slot);
            spawn(move || {
                for _ in 0..ROUNDS {
                    let mut is_full = slot.0.lock();
                    while *is_full == fills {
                        is_full = slot.1.wait(is_full);
                    }
                    *is_full = fills;
                    drop(is_full);
                    slot.1.notify_one();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join());
}

/// The consumer finds the queue empty, gives the lock back, takes it again and waits without a second look.
pub(super) fn lost_wakeup() {
    const ITEMS: usize = 3;
    let queue = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    let consumer = spawn({
        let queue = Arc::clone(&queue);
        move || {
            let mut taken = 0;
            while taken < ITEMS {
                let found = queue.0.lock().pop();
                match found {
                    Some(()) => taken += 1,
                    None => drop(queue.1.wait(queue.0.lock())),
                }
            }
        }
    });
    let producer = spawn(move || {
        for _ in 0..ITEMS {
            queue.0.lock().push(());
            queue.1.notify_one();
        }
    });
    consumer.join();
    producer.join();
}
