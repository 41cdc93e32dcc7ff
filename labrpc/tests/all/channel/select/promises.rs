//! Messages that a select has promised, and nodes that crash or pause meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use labrpc::channel::{Sender, TryRecvError, TrySendError, bounded, never, select, unbounded};
use labrpc::sim::NodeHandle;
use labrpc::thread;

use crate::support::{in_both_worlds, in_simulation};

const MS: Duration = Duration::from_millis(1);

#[test]
fn message_may_take_its_time_to_be_made() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let taking = thread::spawn(move || receiver.recv_timeout(Duration::from_secs(10)));
            thread::sleep(MS);
            select! {
                send(sender, { thread::sleep(2 * MS); 3 }) -> result => result.unwrap(),
            }
            assert_eq!(taking.join().unwrap(), Ok(3));
        }
    });
}

#[test]
fn promised_message_is_waited_for_beyond_the_timeout() {
    in_simulation(|| {
        let (sender, receiver) = bounded(0);
        let taking = thread::spawn(move || receiver.recv_timeout(3 * MS));
        thread::sleep(MS);
        select! {
            send(sender, { thread::sleep(20 * MS); 3 }) -> result => result.unwrap(),
        }
        assert_eq!(taking.join().unwrap(), Ok(3), "the receiver had been chosen within its time");
    });
}

#[test]
fn reserved_place_is_nobody_elses() {
    in_simulation(|| {
        let (sender, receiver) = bounded(1);
        let other = sender.clone();
        let choosing = thread::spawn(move || {
            select! {
                send(sender, { thread::sleep(4 * MS); 3 }) -> result => result.unwrap(),
            }
        });
        thread::sleep(MS);
        assert_eq!(other.try_send(9), Err(TrySendError::Full(9)));
        assert!(other.is_full() && other.is_empty());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.recv(), Ok(3));
        choosing.join().unwrap();
    });
}

fn never_made() -> i32 {
    thread::sleep(2 * MS);
    panic!("no message")
}

#[test]
fn promise_that_a_panic_breaks_lets_others_go_on() {
    in_simulation(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let theirs = sender.clone();
            // The thread outlives its panic.
            thread::spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    select! {
                        send(theirs, never_made()) -> _ => unreachable!(),
                    }
                }));
                assert!(outcome.is_err());
                thread::sleep(Duration::from_secs(1000));
            });
            let taking = thread::spawn(move || receiver.recv());
            thread::sleep(5 * MS);
            sender.send(4).unwrap();
            assert_eq!(taking.join().unwrap(), Ok(4));
        }
    });
}

#[test]
fn promise_that_a_crash_breaks_lets_others_go_on() {
    in_simulation(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let theirs = sender.clone();
            let node = NodeHandle::new("S1");
            node.spawn("chooser", move || {
                select! {
                    send(theirs, { thread::sleep(2 * MS); 3 }) -> result => result.unwrap(),
                }
            });
            let taking = thread::spawn(move || receiver.recv_timeout(Duration::from_secs(10)));
            let (sent, is_sent) = unbounded();
            let sending = thread::spawn(move || sent.send(sender.send(4)).unwrap());
            thread::sleep(MS);
            node.crash();
            assert_eq!(taking.join().unwrap(), Ok(4), "capacity {capacity}");
            assert_eq!(is_sent.recv(), Ok(Ok(())));
            sending.join().unwrap();
        }
    });
}

#[test]
fn select_of_a_crashed_node_is_not_served() {
    in_simulation(|| {
        for capacity in [0, 1] {
            let (sender, receiver): (Sender<i32>, _) = bounded(capacity);
            let node = NodeHandle::new("S1");
            let theirs = receiver.clone();
            node.spawn("chooser", move || {
                select! { recv(theirs) -> _ => unreachable!(), recv(never::<()>()) -> _ => () }
            });
            thread::sleep(MS);
            node.crash();
            let mine = thread::spawn(move || receiver.recv());
            sender.send(1).unwrap();
            assert_eq!(mine.join().unwrap(), Ok(1));
        }
    });
}

#[test]
fn select_of_a_paused_node_looks_again_when_it_goes_on() {
    in_simulation(|| {
        let (sender, receiver) = unbounded();
        let node = NodeHandle::new("S1");
        let chooser = node.spawn("chooser", move || {
            select! { recv(receiver) -> number => number, recv(never::<()>()) -> _ => unreachable!() }
        });
        thread::sleep(MS);
        node.pause();
        sender.send(1).unwrap();
        thread::sleep(MS);
        assert_eq!(sender.len(), 1, "a paused thread took a message");
        node.resume();
        assert_eq!(chooser.join().unwrap(), Ok(1));
    });
}
