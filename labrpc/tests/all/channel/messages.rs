//! Messages from hand to hand: order, room, timeouts, and what the handles say of their channel.

use std::time::Duration;

use labrpc::channel::{
    RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError, after, bounded, never, unbounded,
};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::in_both_worlds;

const MS: Duration = Duration::from_millis(1);

#[test]
fn messages_of_one_sender_come_in_the_order_sent() {
    in_both_worlds(|| {
        for capacity in [None, Some(0), Some(1), Some(7)] {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let sending = thread::spawn(move || {
                for i in 0..30 {
                    sender.send(i).unwrap();
                }
            });
            assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..30).collect::<Vec<_>>(), "{capacity:?}");
            sending.join().unwrap();
        }
    });
}

#[test]
fn every_message_comes_once_among_many_threads() {
    in_both_worlds(|| {
        for capacity in [None, Some(0), Some(1), Some(3)] {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let got = Arc::new(Mutex::new(Vec::new()));
            thread::scope(|scope| {
                for part in 0..3 {
                    let sender = sender.clone();
                    scope.spawn(move || (0..10).for_each(|i| sender.send(part * 10 + i).unwrap()));
                }
                drop(sender);
                for _ in 0..3 {
                    let (receiver, got) = (receiver.clone(), Arc::clone(&got));
                    scope.spawn(move || receiver.iter().for_each(|i| got.lock().push(i)));
                }
            });
            let mut got = got.lock().clone();
            got.sort_unstable();
            assert_eq!(got, (0..30).collect::<Vec<_>>(), "{capacity:?}");
        }
    });
}

#[test]
fn bounded_channel_holds_its_capacity_and_no_more() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(2);
        assert_eq!((sender.capacity(), receiver.capacity()), (Some(2), Some(2)));
        assert!(sender.is_empty() && receiver.is_empty() && !sender.is_full());
        assert_eq!(sender.try_send(1), Ok(()));
        assert_eq!((sender.len(), receiver.len()), (1, 1));
        assert_eq!(sender.try_send(2), Ok(()));
        assert!(sender.is_full() && receiver.is_full());
        assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(sender.try_send(3), Ok(()));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn sender_waits_for_room() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(1);
        sender.send(0).unwrap();
        let (results, collected) = unbounded();
        let sending = thread::spawn(move || {
            sender.send(1).unwrap();
            results.send("sent").unwrap();
        });
        thread::sleep(2 * MS);
        assert_eq!(collected.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.recv(), Ok(0));
        assert_eq!(collected.recv(), Ok("sent"));
        assert_eq!(receiver.recv(), Ok(1));
        sending.join().unwrap();
    });
}

#[test]
fn channel_of_capacity_0_passes_messages_from_hand_to_hand() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(0);
        assert_eq!(sender.capacity(), Some(0));
        assert!(sender.is_full() && sender.is_empty());
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)), "nobody receives");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "nobody sends");
        let taking = thread::spawn(move || (receiver.recv(), receiver.recv()));
        // Succeeds once the other thread waits.
        while sender.try_send(7).is_err() {
            thread::sleep(MS);
        }
        sender.send(8).unwrap();
        assert_eq!(taking.join().unwrap(), (Ok(7), Ok(8)));
    });
}

#[test]
fn rendezvous_send_returns_only_when_its_message_was_taken() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(0);
        let taken = Arc::new(Mutex::new(false));
        let flag = Arc::clone(&taken);
        let taking = thread::spawn(move || {
            thread::sleep(2 * MS);
            *flag.lock() = true;
            receiver.recv()
        });
        sender.send(1).unwrap();
        assert!(*taken.lock());
        assert_eq!(taking.join().unwrap(), Ok(1));
    });
}

#[test]
fn timeouts_give_the_message_back() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            for i in 0..capacity {
                sender.send(i).unwrap();
            }
            let start = Instant::now();
            assert_eq!(sender.send_timeout(9, 2 * MS), Err(SendTimeoutError::Timeout(9)));
            assert_eq!(sender.send_deadline(9, start), Err(SendTimeoutError::Timeout(9)));
            assert!(start.elapsed() >= 2 * MS);
            assert_eq!(receiver.try_iter().count(), capacity, "a message that was given back came");
            let start = Instant::now();
            assert_eq!(receiver.recv_timeout(2 * MS), Err(RecvTimeoutError::Timeout));
            assert_eq!(receiver.recv_deadline(start + 3 * MS), Err(RecvTimeoutError::Timeout));
            assert!(start.elapsed() >= 3 * MS);
        }
    });
}

#[test]
fn wait_with_timeout_ends_when_the_other_side_comes() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let taking = thread::spawn(move || {
                let first = receiver.recv_timeout(Duration::from_secs(10));
                thread::sleep(2 * MS);
                (first, receiver.recv_deadline(Instant::now() + Duration::from_secs(10)), receiver.recv())
            });
            thread::sleep(MS);
            for i in 0..3 {
                assert_eq!(sender.send_timeout(i, Duration::from_secs(10)), Ok(()));
            }
            assert_eq!(taking.join().unwrap(), (Ok(0), Ok(1), Ok(2)));
        }
    });
}

#[test]
fn inspected_receiver_shows_each_message_however_it_is_received() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(8);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let looking = Arc::clone(&seen);
        let receiver = receiver.inspect(move |&message: &u32| looking.lock().push(message));
        (0..6).for_each(|message| sender.send(message).unwrap());
        assert_eq!(receiver.recv(), Ok(0));
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.recv_timeout(MS), Ok(2));
        assert_eq!(receiver.clone().iter().next(), Some(3));
        labrpc::channel::select! {
            recv(receiver) -> message => assert_eq!(message, Ok(4)),
        }
        assert_eq!(*seen.lock(), [0, 1, 2, 3, 4], "who receives sees a message that was shown");
        drop(sender);
        assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [5]);
        assert_eq!(*seen.lock(), [0, 1, 2, 3, 4, 5], "the end of a channel shows nothing");
    });
}

#[test]
fn handles_know_their_channel() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded::<i32>();
        let (other_sender, other_receiver) = unbounded::<i32>();
        assert!(sender.same_channel(&sender.clone()) && receiver.same_channel(&receiver.clone()));
        assert!(!sender.same_channel(&other_sender) && !receiver.same_channel(&other_receiver));
        assert!(never::<i32>().same_channel(&never()));
        let timer = after(MS);
        assert!(timer.same_channel(&timer.clone()) && !timer.same_channel(&after(MS)));
        assert_eq!(format!("{sender:?} {receiver:?}"), "Sender { .. } Receiver { .. }");
    });
}
