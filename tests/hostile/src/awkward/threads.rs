//! Threads, and what they share.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, RwLock as StdRwLock, mpsc};
use std::time::Duration;

use labrpc::sync::{Condvar, Mutex};
use labrpc::thread;

use crate::submission::{Submission, keep};

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

pub(super) fn submissions() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward("scoped-threads", "It works in scoped threads that borrow.").make(|_| {
            thread::spawn(|| {
                loop {
                    let mut sums = [0_u64; 3];
                    thread::scope(|scope| {
                        for (place, sum) in sums.iter_mut().enumerate() {
                            scope.spawn(move || {
                                thread::sleep(Duration::from_millis(10));
                                *sum = place as u64;
                            });
                        }
                    });
                    assert_eq!(sums, [0, 1, 2]);
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }),
        awkward("scoped-threads-of-std", "It works in scoped threads of std that wait for nobody.").make(
            |_| {
                let sum = AtomicU64::new(0);
                std::thread::scope(|scope| {
                    for number in 0..3 {
                        let sum = &sum;
                        scope.spawn(move || sum.fetch_add(number, Ordering::Relaxed));
                    }
                });
                assert_eq!(sum.into_inner(), 3);
            },
        ),
        awkward("thread-of-std-joined", "It starts a thread of std, and joins it at once.").make(|_| {
            let sum = std::thread::spawn(|| (1..100_u64).sum::<u64>()).join();
            assert_eq!(sum.unwrap(), 4950);
        }),
        awkward("named-threads", "Its threads have names, some of them strange.").make(|server| {
            for name in ["ticker", "", "ein Fädchen 🧵", "with\nlines", "main", "tester"] {
                let named = thread::Builder::new().name(format!("{name}{}", server.me));
                named.spawn(|| thread::sleep(Duration::from_millis(200))).unwrap();
            }
        }),
        awkward("threads-after-kill", "Threads do not look whether it was killed, and sleep for ever.").make(
            |_| {
                thread::spawn(|| {
                    loop {
                        thread::sleep(Duration::from_secs(1));
                    }
                });
            },
        ),
        awkward("std-locks", "It uses locks of std for a moment at a time.")
            .keeps(|_| keep((StdMutex::new(0_u64), StdRwLock::new(0_u64))))
            .get_state(|server| {
                let (mutex, lock) = server.kept::<(StdMutex<u64>, StdRwLock<u64>)>();
                *mutex.lock().unwrap() += 1;
                *lock.write().unwrap() += *lock.read().map(|value| *value).as_ref().unwrap_or(&0);
                None
            }),
        awkward(
            "std-lock-in-two-threads",
            "Two threads of the simulation use a lock of std, and never wait in it.",
        )
        .keeps(|_| {
            let lock = Arc::new(StdMutex::new(0_u64));
            let same = Arc::clone(&lock);
            thread::spawn(move || {
                loop {
                    *same.lock().unwrap() += 1;
                    thread::sleep(Duration::from_millis(20));
                }
            });
            keep(lock)
        })
        .get_state(|server| {
            *server.kept::<Arc<StdMutex<u64>>>().lock().unwrap() += 1;
            None
        }),
        awkward("atomics-and-mpsc", "It counts with atomics, and uses a channel of std without waiting.")
            .keeps(|_| {
                let (sender, receiver) = mpsc::channel::<u64>();
                keep((AtomicU64::new(0), sender, StdMutex::new(receiver)))
            })
            .get_state(|server| {
                type Kept = (AtomicU64, mpsc::Sender<u64>, StdMutex<mpsc::Receiver<u64>>);
                let (count, sender, receiver) = server.kept::<Kept>();
                sender.send(count.fetch_add(1, Ordering::SeqCst)).unwrap();
                receiver.lock().unwrap().try_recv().unwrap();
                None
            }),
        awkward("std-thread-locals", "It counts in a thread-local value of std.").get_state(|_| {
            ASKED.set(ASKED.get() + 1);
            None
        }),
        awkward("condvar-with-timeout", "A thread waits for what mostly does not come.")
            .keeps(|_| {
                let both = Arc::new((Mutex::new(0_u64), Condvar::new()));
                let same = Arc::clone(&both);
                thread::spawn(move || {
                    loop {
                        let mut asked = same.0.lock();
                        let _ = same.1.wait_for(&mut asked, Duration::from_millis(40));
                    }
                });
                keep(both)
            })
            .get_state(|server| {
                let (asked, condvar) = &**server.kept::<Arc<(Mutex<u64>, Condvar)>>();
                *asked.lock() += 1;
                condvar.notify_one();
                None
            }),
        awkward("guards-held-at-the-end", "Threads hold locks whenever the run ends.").make(|_| {
            let lock = Arc::new(Mutex::new(0_u64));
            for _ in 0..3 {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    loop {
                        let mut guard = lock.lock();
                        thread::sleep(Duration::from_millis(10));
                        *guard += 1;
                    }
                });
            }
        }),
        awkward("channel-kept-full", "A thread waits to send what nobody receives.").keeps(|_| {
            let (sender, receiver) = labrpc::channel::bounded::<u64>(1);
            thread::spawn(move || while sender.send(1).is_ok() {});
            keep(receiver)
        }),
    ]
}
