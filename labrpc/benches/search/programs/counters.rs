//! Races over plain variables, and sums that hold in some orders of threads only.

use std::sync::Arc;

use super::world::{Mutex, Shared, spawn};

/// The check knows of the deposit, and not of the withdrawal: it fails if it comes after both, and only then looks.
pub(super) fn account() {
    struct Account {
        balance: i64,
        is_paid_in: bool,
        is_paid_out: bool,
    }
    let account = Arc::new(Mutex::new(Account { balance: 100, is_paid_in: false, is_paid_out: false }));
    let of = || Arc::clone(&account);
    let check = spawn({
        let account = of();
        move || {
            let account = account.lock();
            if account.is_paid_in && account.is_paid_out {
                assert_eq!(account.balance, 110, "account: the check has forgotten the withdrawal");
            }
        }
    });
    let deposit = spawn({
        let account = of();
        move || {
            let mut account = account.lock();
            account.balance += 10;
            account.is_paid_in = true;
        }
    });
    let withdrawal = spawn({
        let account = of();
        move || {
            let mut account = account.lock();
            account.balance -= 20;
            account.is_paid_out = true;
        }
    });
    check.join();
    deposit.join();
    withdrawal.join();
}

/// A request looks whether the driver stops, and only then says that it is there. In between the driver may stop.
pub(super) fn bluetooth_driver() {
    struct Driver {
        is_stopping: Arc<Shared>,
        is_stopped: Arc<Shared>,
        is_idle: Arc<Shared>,
        /// Requests that run, and one for the driver itself.
        pending: Arc<Shared>,
    }
    impl Driver {
        fn release(&self) {
            if self.pending.add(-1) == 0 {
                self.is_idle.set(1);
            }
        }
    }
    let driver = Arc::new(Driver {
        is_stopping: Shared::new(0),
        is_stopped: Shared::new(0),
        is_idle: Shared::new(0),
        pending: Shared::new(1),
    });
    let request = spawn({
        let driver = Arc::clone(&driver);
        move || {
            if driver.is_stopping.get() == 0 {
                driver.pending.add(1);
                assert_eq!(
                    driver.is_stopped.get(),
                    0,
                    "bluetooth_driver: a request runs on a stopped driver"
                );
                driver.release();
            }
        }
    });
    let stop = spawn(move || {
        driver.is_stopping.set(1);
        driver.release();
        if driver.is_idle.get() == 1 {
            driver.is_stopped.set(1);
        }
    });
    request.join();
    stop.join();
}

/// Two threads add to a sum, and a third takes it for granted that not both have done so.
pub(super) fn lazy01() {
    let data = Arc::new(Mutex::new(0_i64));
    let adders = [1, 2].map(|amount| {
        let data = Arc::clone(&data);
        spawn(move || *data.lock() += amount)
    });
    let check = spawn(move || assert!(*data.lock() < 3, "lazy01: both have added"));
    adders.into_iter().for_each(|adder| adder.join());
    check.join();
}

/// Each of four threads derives its number from a neighbour's: all are equal only if they run in their order.
pub(super) fn token_ring() {
    let ring = Arc::new(Mutex::new([0_i64; 4]));
    let threads: Vec<_> = (0..4)
        .map(|place| {
            let ring = Arc::clone(&ring);
            spawn(move || {
                let mut ring = ring.lock();
                ring[place] = if place == 0 { (ring[2] + 1) % 4 } else { ring[place - 1] };
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join());
    let ring = *ring.lock();
    assert!(ring.iter().all(|number| *number == ring[0]), "token_ring: the numbers are {ring:?}");
}

/// One thread changes a variable under the right lock, `others` change it under another one.
pub(super) fn wronglock(others: usize) {
    let data = Shared::new(0);
    let right = Arc::new(Mutex::new(()));
    let wrong = Arc::new(Mutex::new(()));
    let mut threads = vec![spawn({
        let data = Arc::clone(&data);
        move || {
            let _held = right.lock();
            let before = data.get();
            data.set(before + 1);
            assert_eq!(data.get(), before + 1, "wronglock: somebody else has written under the lock");
        }
    })];
    threads.extend((0..others).map(|_| {
        let (data, wrong) = (Arc::clone(&data), Arc::clone(&wrong));
        spawn(move || {
            let _held = wrong.lock();
            data.set(data.get() + 1);
        })
    }));
    threads.into_iter().for_each(|thread| thread.join());
}
