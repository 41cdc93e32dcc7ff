//! Channels with std's names, in both worlds.

use std::time::Duration;

use labrpc::sim::Cause;
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicUsize, Ordering};
use labrpc::sync::mpsc::{self, RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, outcomes};

const MS: Duration = Duration::from_millis(1);

#[test]
fn messages_of_all_senders_come_in_the_order_of_each() {
    in_both_worlds(|| {
        let (sender, receiver) = mpsc::channel();
        let senders: Vec<_> = (0..3)
            .map(|i| {
                let sender = sender.clone();
                thread::spawn(move || (0..5).for_each(|j| sender.send((i, j)).unwrap()))
            })
            .collect();
        drop(sender);
        let mut received: Vec<(u32, u32)> = receiver.into_iter().collect();
        received.sort_by_key(|(sender, _)| *sender); // stable: each one's stay in their order
        let expected: Vec<_> = (0..3).flat_map(|i| (0..5).map(move |j| (i, j))).collect();
        assert_eq!(received, expected);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn errors_are_those_of_std() {
    in_both_worlds(|| {
        let (sender, receiver) = mpsc::sync_channel(1);
        assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Err(TrySendError::Full(2))));
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
        let start = Instant::now();
        assert_eq!(receiver.recv_timeout(2 * MS), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= 2 * MS);
        sender.clone().send(3).unwrap();
        drop(sender);
        assert_eq!(receiver.recv_timeout(MS), Ok(3), "what was sent before the last sender went is received");
        assert_eq!((receiver.recv(), receiver.try_recv()), (Err(RecvError), Err(TryRecvError::Disconnected)));
        assert_eq!(receiver.recv_timeout(MS), Err(RecvTimeoutError::Disconnected));

        let (sender, receiver) = mpsc::channel();
        drop(receiver);
        assert_eq!(sender.send(1), Err(SendError(1)));
        let (sender, receiver) = mpsc::sync_channel(0);
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)), "nobody waits for it");
        drop(receiver);
        assert_eq!(
            (sender.send(1), sender.try_send(2)),
            (Err(SendError(1)), Err(TrySendError::Disconnected(2)))
        );
    });
}

#[test]
fn iterators_wait_or_do_not() {
    in_both_worlds(|| {
        let (sender, receiver) = mpsc::channel();
        (0..3).for_each(|i| sender.send(i).unwrap());
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
        let late = thread::spawn(move || {
            thread::sleep(MS);
            sender.send(3).unwrap();
        });
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [3]);
        assert_eq!((&receiver).into_iter().next(), None);
        late.join().unwrap();
    });
}

#[test]
fn sender_waits_for_room_and_without_any_for_the_receiver() {
    in_both_worlds(|| {
        for bound in [0, 2] {
            let (sender, receiver) = mpsc::sync_channel(bound);
            let sent = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&sent);
            let sending = thread::spawn(move || {
                for i in 0..6 {
                    sender.send(i).unwrap();
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
            for i in 0..6 {
                assert!(sent.load(Ordering::SeqCst) <= i + bound);
                assert_eq!(receiver.recv(), Ok(i));
            }
            sending.join().unwrap();
        }
    });
}

#[test]
fn senders_race() {
    let firsts = outcomes(|| {
        let (sender, receiver) = mpsc::channel();
        for i in 0..3 {
            let sender = sender.clone();
            thread::spawn(move || _ = sender.send(i));
        }
        receiver.recv().unwrap()
    });
    assert_eq!(firsts.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn receive_that_can_never_end_is_a_deadlock_and_shows_its_place() {
    let failure = failure(|| {
        let (_sender, receiver) = mpsc::channel::<u32>();
        let _ = receiver.recv();
    });
    let Cause::Deadlock { threads, .. } = &failure.cause else { panic!("{failure}") };
    assert!(threads[0].activity.contains(file!()), "{}", threads[0].activity);
}
