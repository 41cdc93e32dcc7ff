//! Channels between nodes that crash, pause, and have clocks that drift.

use std::time::Duration;

use labrpc::channel::{RecvTimeoutError, TryRecvError, TrySendError, bounded, unbounded};
use labrpc::rand::{RngExt as _, rng};
use labrpc::sim::NodeHandle;
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;

use crate::support::in_simulation;

const MS: Duration = Duration::from_millis(1);

#[test]
fn crashed_receiver_does_not_swallow_messages_that_come_later() {
    in_simulation(|| {
        for capacity in [None, Some(0), Some(1)] {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let node = NodeHandle::new("S1");
            let theirs = receiver.clone();
            node.spawn("reader", move || while theirs.recv().is_ok() {});
            thread::sleep(MS);
            node.crash();
            let mine = thread::spawn(move || (receiver.recv(), receiver.recv()));
            sender.send(1).unwrap();
            sender.send(2).unwrap();
            assert_eq!(mine.join().unwrap(), (Ok(1), Ok(2)), "{capacity:?}");
        }
    });
}

#[test]
fn receivers_of_other_nodes_go_on_when_one_crashes_at_any_moment() {
    in_simulation(|| {
        for capacity in [None, Some(0), Some(1)] {
            let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
            let node = NodeHandle::new("S1");
            let theirs = receiver.clone();
            let lost = Arc::new(Mutex::new(0));
            let count = Arc::clone(&lost);
            node.spawn("reader", move || theirs.iter().for_each(|_| *count.lock() += 1));
            let mine = thread::spawn(move || receiver.iter().count());
            let sending = thread::spawn(move || (0..10).for_each(|i| sender.send(i).unwrap()));
            for _ in 0..rng().random_range(0..30) {
                thread::yield_now();
            }
            node.crash();
            sending.join().unwrap();
            let mine = mine.join().unwrap();
            let theirs = *lost.lock();
            // The crashed thread may have had one message in its hands.
            assert!((9..=10).contains(&(mine + theirs)), "{capacity:?}: {mine} here, {theirs} there");
        }
    });
}

#[test]
fn crashed_sender_takes_its_message_with_it_and_blocks_nobody() {
    in_simulation(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            (0..capacity).for_each(|_| sender.send("first").unwrap());
            let node = NodeHandle::new("S1");
            let theirs = sender.clone();
            node.spawn("writer", move || theirs.send("lost"));
            thread::sleep(MS);
            node.crash();
            let mine = thread::spawn(move || sender.send("last"));
            thread::sleep(MS);
            if capacity > 0 {
                assert_eq!(receiver.recv(), Ok("first"));
            }
            assert_eq!(receiver.recv(), Ok("last"));
            mine.join().unwrap().unwrap();
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
    });
}

#[test]
fn paused_receiver_takes_nothing_until_it_goes_on() {
    in_simulation(|| {
        for capacity in [0, 4] {
            let (sender, receiver) = bounded(capacity);
            let node = NodeHandle::new("S1");
            let theirs = receiver.clone();
            let reader = node.spawn("reader", move || theirs.recv());
            thread::sleep(MS);
            node.pause();
            if capacity == 0 {
                assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)), "nobody here to take it");
                let sending = thread::spawn(move || sender.send(1));
                thread::sleep(MS);
                node.resume();
                sending.join().unwrap().unwrap();
            } else {
                sender.send(1).unwrap();
                assert_eq!(sender.len(), 1, "a paused thread took a message");
                thread::sleep(MS);
                node.resume();
            }
            assert_eq!(reader.join().unwrap(), Ok(1));
        }
    });
}

#[test]
fn receiver_is_served_while_another_is_paused() {
    in_simulation(|| {
        let (sender, receiver) = unbounded();
        let node = NodeHandle::new("S1");
        let theirs = receiver.clone();
        let reader = node.spawn("reader", move || theirs.recv());
        let mine = thread::spawn(move || receiver.recv());
        thread::sleep(MS);
        node.pause();
        sender.send(1).unwrap();
        assert_eq!(mine.join().unwrap(), Ok(1));
        sender.send(2).unwrap();
        node.resume();
        assert_eq!(reader.join().unwrap(), Ok(2));
    });
}

#[test]
fn paused_sender_gives_nothing_until_it_goes_on() {
    in_simulation(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            (0..capacity).for_each(|i| sender.send(i).unwrap());
            let node = NodeHandle::new("S1");
            let writer = node.spawn("writer", move || sender.send(7));
            thread::sleep(MS);
            node.pause();
            assert_eq!(receiver.try_iter().count(), capacity);
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "{capacity}");
            node.resume();
            assert_eq!(receiver.recv(), Ok(7));
            writer.join().unwrap().unwrap();
        }
    });
}

#[test]
fn change_of_the_clock_loses_no_message_and_moves_the_timeout() {
    in_simulation(|| {
        let (sender, receiver) = unbounded();
        let node = NodeHandle::new("S1");
        let reader = node.spawn("reader", move || {
            let first = receiver.recv_timeout(Duration::from_secs(10));
            let start = labrpc::sim::elapsed().unwrap();
            let second = receiver.recv_timeout(Duration::from_secs(10));
            (first, second, labrpc::sim::elapsed().unwrap() - start)
        });
        thread::sleep(MS);
        node.set_clock_rate(500_000);
        sender.send(1).unwrap();
        thread::sleep(Duration::from_secs(1));
        // Half of what is left of the ten seconds goes by at full speed: 1 s of half time, then 9.5 s.
        node.set_clock_rate(1_000_000);
        let (first, second, waited) = reader.join().unwrap();
        assert_eq!((first, second), (Ok(1), Err(RecvTimeoutError::Timeout)));
        let waited = waited.as_secs_f64();
        assert!((10.49..10.51).contains(&waited), "{waited}");
    });
}
