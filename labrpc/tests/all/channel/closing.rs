//! Channels that end: one side goes away, or the run is over.

use std::time::Duration;

use labrpc::channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, after, bounded,
    unbounded,
};
use labrpc::sim::Sim;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use crate::support::{in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

/// Runs a function when it is dropped.
struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

#[test]
fn receivers_get_what_is_left_and_then_hear_that_all_senders_are_gone() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        let second = sender.clone();
        sender.send(1).unwrap();
        drop(sender);
        second.send(2).unwrap();
        drop(second);
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv_timeout(MS), Ok(2));
        assert_eq!(receiver.recv(), Err(RecvError));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv_timeout(MS), Err(RecvTimeoutError::Disconnected));
        assert_eq!(receiver.into_iter().count(), 0);
    });
}

#[test]
fn waiting_threads_hear_of_a_disconnection() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded::<i32>(capacity);
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let receiver = receiver.clone();
                    thread::spawn(move || receiver.recv())
                })
                .collect();
            thread::sleep(MS);
            drop(sender);
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == Err(RecvError)));

            let (sender, receiver) = bounded::<i32>(capacity);
            (0..capacity).for_each(|_| sender.send(0).unwrap());
            let waiting: Vec<_> = (0..3)
                .map(|i| {
                    let sender = sender.clone();
                    thread::spawn(move || sender.send(i))
                })
                .collect();
            thread::sleep(MS);
            drop(receiver);
            for (i, thread) in (0..).zip(waiting) {
                assert_eq!(thread.join().unwrap(), Err(SendError(i)), "the message comes back");
            }
        }
    });
}

#[test]
fn send_without_receivers_gives_the_message_back() {
    in_both_worlds(|| {
        for capacity in [None, Some(0), Some(1)] {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            drop(receiver.clone());
            drop(receiver);
            assert_eq!(sender.send(1), Err(SendError(1)));
            assert_eq!(sender.try_send(1), Err(TrySendError::Disconnected(1)));
            assert_eq!(sender.send_timeout(1, MS), Err(SendTimeoutError::Disconnected(1)));
        }
    });
}

#[test]
fn messages_are_dropped_with_the_last_receiver() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        let message = Arc::new(());
        sender.send(Arc::clone(&message)).unwrap();
        sender.send(Arc::clone(&message)).unwrap();
        assert_eq!(Arc::strong_count(&message), 3);
        drop(receiver);
        assert_eq!(Arc::strong_count(&message), 1, "the sender still lives, the messages do not");
        drop(sender);
    });
}

#[test]
fn destructor_of_a_message_may_use_its_channel() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        let own = sender.clone();
        let ran = Arc::new(Mutex::new(false));
        let flag = Arc::clone(&ran);
        let act = move || {
            assert!(matches!(own.try_send(OnDrop(None)), Err(TrySendError::Disconnected(_))));
            *flag.lock() = true;
        };
        sender.send(OnDrop(Some(Box::new(act)))).map_err(|_| "no receiver").unwrap();
        drop(receiver);
        assert!(*ran.lock());
    });
}

#[test]
fn messages_that_a_run_leaves_behind_can_be_received_outside() {
    let ((sender, receiver), _) = Sim::new(1)
        .run(|| {
            let (sender, receiver) = unbounded();
            (0..3).for_each(|i| sender.send(i).unwrap());
            (sender, receiver)
        })
        .unwrap();
    assert_eq!(receiver.len(), 3);
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(sender.clone().send(9), Err(SendError(9)), "nobody would receive it");
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [2], "ends though a sender lives");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    let other = Sim::new(2).run(move || receiver.recv_timeout(MS)).unwrap().0;
    assert_eq!(other, Err(RecvTimeoutError::Disconnected));
}

#[test]
fn nothing_waits_once_the_run_is_over() {
    let (results, collected) = labrpc::channel::unbounded();
    Sim::new(1)
        .run(move || {
            let (full, kept) = bounded(1);
            let (idle, empty) = unbounded::<i32>();
            let idle_too = empty.clone();
            full.send(0).unwrap();
            thread::spawn(move || {
                let _at_end = OnDrop(Some(Box::new(move || {
                    results
                        .send((
                            full.try_send(1),
                            empty.recv_timeout(MS),
                            kept.recv(),
                            kept.try_recv(),
                            after(MS).recv().is_ok(),
                        ))
                        .unwrap();
                    // It waits, as it would have while the run went on, and never comes back.
                    let _ = idle_too.recv();
                    unreachable!("a sender lives");
                })));
                let _idle = idle;
                thread::sleep(Duration::from_secs(1000));
            });
            thread::sleep(MS);
        })
        .unwrap();
    let full = Err(TrySendError::Full(1));
    let (nothing, timeout) = (Err(TryRecvError::Empty), Err(RecvTimeoutError::Timeout));
    assert_eq!(collected.recv(), Ok((full, timeout, Ok(0), nothing, true)));
}

#[test]
fn loop_that_tries_again_and_again_ends_with_the_run() {
    in_simulation(|| {
        let (sender, receiver) = unbounded::<i32>();
        let lock = Arc::new(Mutex::new(()));
        for kind in 0..3 {
            let (lock, receiver, sender) = (Arc::clone(&lock), receiver.clone(), sender.clone());
            // When the run ends while a thread takes a lock, the thread goes on until its next step.
            thread::spawn(move || {
                loop {
                    drop(lock.lock());
                    match kind {
                        0 => while receiver.recv() == Err(RecvError) {},
                        1 => while sender.send(1).is_err() {},
                        _ => {
                            while labrpc::channel::select! { recv(receiver) -> message => message.is_err() } {
                            }
                        }
                    }
                }
            });
        }
        for _ in 0..10 {
            drop(lock.lock());
        }
    });
}
