//! Channels in both worlds: the same body on real threads and under many simulated schedules.

use std::time::Duration;

use labrpc::channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, after, at, bounded,
    never, tick, unbounded,
};
use labrpc::rand::{RngExt as _, rng};
use labrpc::sim::{Cause, NodeHandle, Sim, is_active};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation, misuse, outcomes_in_fixed_order};

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
fn a_bounded_channel_holds_its_capacity_and_no_more() {
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
fn a_sender_waits_for_room() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(1);
        sender.send(0).unwrap();
        let (said, heard) = unbounded();
        let sending = thread::spawn(move || {
            sender.send(1).unwrap();
            said.send("sent").unwrap();
        });
        thread::sleep(2 * MS);
        assert_eq!(heard.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(receiver.recv(), Ok(0));
        assert_eq!(heard.recv(), Ok("sent"));
        assert_eq!(receiver.recv(), Ok(1));
        sending.join().unwrap();
    });
}

#[test]
fn a_channel_of_capacity_0_passes_messages_from_hand_to_hand() {
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
fn a_rendezvous_send_returns_only_when_its_message_was_taken() {
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
fn a_wait_with_timeout_ends_when_the_other_side_comes() {
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
fn those_who_wait_hear_of_a_disconnection() {
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
fn without_receivers_a_send_gives_the_message_back() {
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
fn the_destructor_of_a_message_may_use_its_channel() {
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
fn an_inspected_receiver_shows_each_message_however_it_is_received() {
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

#[test]
fn after_comes_once_at_its_time() {
    in_both_worlds(|| {
        let start = Instant::now();
        let timer = after(2 * MS);
        if is_active() {
            // On a busy machine two milliseconds may go by between two lines.
            assert_eq!(timer.try_recv(), Err(TryRecvError::Empty));
            assert_eq!(timer.recv_timeout(MS), Err(RecvTimeoutError::Timeout));
        }
        let came = timer.recv().unwrap();
        assert!(came >= start + 2 * MS && came <= Instant::now() && start.elapsed() >= 2 * MS);
        assert_eq!(timer.recv_timeout(3 * MS), Err(RecvTimeoutError::Timeout), "it comes only once");
        let moment = Instant::now() + MS;
        assert_eq!(at(moment).recv(), Ok(moment));
    });
}

#[test]
fn an_after_has_one_message_for_all_its_receivers() {
    in_both_worlds(|| {
        let timer = after(MS);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let timer = timer.clone();
                thread::spawn(move || timer.recv_timeout(4 * MS).is_ok())
            })
            .collect();
        let came = waiting.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(came.filter(|&came| came).count(), 1);
    });
}

#[test]
fn ticks_come_again_and_again_and_do_not_pile_up() {
    in_both_worlds(|| {
        let start = Instant::now();
        let clock = tick(2 * MS);
        assert_eq!(clock.capacity(), Some(1));
        for i in 1..=3 {
            clock.recv().unwrap();
            assert!(start.elapsed() >= 2 * MS * i);
        }
        thread::sleep(7 * MS);
        assert_eq!(clock.len(), 1);
        assert!(clock.is_full());
        assert!(clock.try_recv().is_ok());
        if is_active() {
            assert_eq!(clock.try_recv(), Err(TryRecvError::Empty), "missed ticks are not made up for");
        }
    });
}

#[test]
fn nothing_comes_from_never() {
    in_both_worlds(|| {
        let nothing = never::<i32>();
        assert_eq!(nothing.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(nothing.recv_timeout(2 * MS), Err(RecvTimeoutError::Timeout));
        assert!(nothing.is_empty() && nothing.is_full());
        assert_eq!((nothing.len(), nothing.capacity()), (0, Some(0)));
    });
}

// ----- the simulated world -----

#[test]
fn the_seed_decides_who_is_served() {
    let seen = outcomes_in_fixed_order(|| {
        let (sender, receiver) = unbounded();
        let (said, heard) = unbounded();
        for name in ["a", "b", "c"] {
            let (receiver, said) = (receiver.clone(), said.clone());
            thread::spawn(move || receiver.recv().map(|()| said.send(name)));
        }
        thread::sleep(MS);
        sender.send(()).unwrap();
        heard.recv().unwrap()
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn a_receive_that_can_never_end_is_a_deadlock() {
    let failure = failure(|| {
        let (sender, receiver) = unbounded::<i32>();
        let _keep = sender;
        thread::Builder::new()
            .name("reader".into())
            .spawn(move || receiver.recv())
            .unwrap()
            .join()
            .unwrap()
            .unwrap();
    });
    let Cause::Deadlock { threads, .. } = &failure.cause else { panic!("{failure}") };
    let reader =
        threads.iter().find(|thread| thread.thread == "tester/reader").expect("the reader is listed");
    assert!(reader.activity.starts_with("waits for a message from a channel at "), "{}", reader.activity);
    assert!(reader.activity.contains(file!()), "{}", reader.activity);
}

#[test]
fn a_send_that_can_never_end_is_a_deadlock() {
    let failure = failure(|| {
        let (sender, _receiver) = bounded(0);
        sender.send(1).unwrap();
    });
    assert!(failure.to_string().contains("waits for room in a channel at "), "{failure}");
}

#[test]
fn waits_take_virtual_time_only() {
    let (elapsed, _) = Sim::new(1)
        .run(|| {
            let (_sender, receiver) = unbounded::<i32>();
            let start = Instant::now();
            assert_eq!(receiver.recv_timeout(Duration::from_secs(3600)), Err(RecvTimeoutError::Timeout));
            after(Duration::from_secs(3600)).recv().unwrap();
            start.elapsed()
        })
        .unwrap();
    let hours = elapsed.as_secs_f64() / 3600.0;
    assert!((2.0..2.01).contains(&hours), "{elapsed:?}");
}

#[test]
fn a_channel_of_the_real_world_can_be_used_but_not_waited_for() {
    let (sender, receiver) = bounded(1);
    let (back, answers) = unbounded();
    Sim::new(1)
        .run({
            let receiver = receiver.clone();
            let sender = sender.clone();
            move || {
                sender.send(1).unwrap();
                assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
                back.send(receiver.recv().unwrap()).unwrap();
                assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            }
        })
        .unwrap();
    assert_eq!(answers.recv(), Ok(1));

    let failed = Sim::new(1).run({
        let receiver = receiver.clone();
        move || receiver.recv()
    });
    let message = failed.unwrap_err().to_string();
    assert!(message.contains("Make the channel inside Sim::run") && message.contains(file!()), "{message}");
    let failed = Sim::new(1).run(move || receiver.recv_timeout(MS));
    assert!(matches!(failed.unwrap_err().cause, Cause::Misuse { .. }));
    sender.send(1).unwrap_err();
}

#[test]
fn waiting_for_a_timer_of_the_real_world_is_a_misuse() {
    static TIMER: std::sync::OnceLock<labrpc::channel::Receiver<Instant>> = std::sync::OnceLock::new();
    TIMER.set(after(Duration::from_secs(60))).unwrap();
    let message = misuse(|| {
        let _ = TIMER.get().expect("set above").recv();
    });
    assert!(message.contains(file!()), "{message}");
}

#[test]
fn what_a_run_leaves_behind_can_be_received_outside() {
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
fn a_real_thread_must_not_use_a_channel_of_a_run_that_goes_on() {
    let said = Sim::new(1)
        .run(|| {
            let (sender, receiver) = unbounded::<i32>();
            std::thread::spawn(move || {
                let (clone, _) = (sender.clone(), receiver.clone());
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| clone.send(1)));
                *outcome.unwrap_err().downcast::<&str>().unwrap()
            })
            .join()
            .unwrap()
        })
        .unwrap()
        .0;
    assert!(said.contains("labrpc::thread::spawn"), "{said}");
}

#[test]
fn once_the_run_is_over_nothing_waits() {
    let (said, heard) = labrpc::channel::unbounded();
    Sim::new(1)
        .run(move || {
            let (full, kept) = bounded(1);
            let (idle, empty) = unbounded::<i32>();
            full.send(0).unwrap();
            thread::spawn(move || {
                let _at_end = OnDrop(Some(Box::new(move || {
                    said.send((
                        full.send(1),
                        empty.recv(),
                        kept.recv(),
                        kept.recv(),
                        after(MS).recv().is_err(),
                    ))
                    .unwrap();
                })));
                let _idle = idle;
                thread::sleep(Duration::from_secs(1000));
            });
            thread::sleep(MS);
        })
        .unwrap();
    assert_eq!(heard.recv(), Ok((Err(SendError(1)), Err(RecvError), Ok(0), Err(RecvError), true)));
}

#[test]
fn a_loop_that_tries_again_and_again_ends_with_the_run() {
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

// ----- crashes, pauses and clocks -----

#[test]
fn a_crashed_receiver_does_not_swallow_messages_that_come_later() {
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
fn a_crashed_sender_takes_its_message_with_it_and_blocks_nobody() {
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
fn a_paused_receiver_takes_nothing_until_it_goes_on() {
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
fn while_one_receiver_is_paused_another_is_served() {
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
fn a_paused_sender_gives_nothing_until_it_goes_on() {
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
fn a_change_of_the_clock_loses_no_message_and_moves_the_timeout() {
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

#[test]
fn a_slower_clock_lets_a_timer_come_later() {
    in_simulation(|| {
        let node = NodeHandle::new("S1");
        let waiting = node.spawn("waiting", || {
            after(Duration::from_secs(1)).recv().unwrap();
            labrpc::sim::elapsed().unwrap()
        });
        let (_sender, receiver) = unbounded::<()>();
        let timing_out = node.spawn("timing out", move || {
            receiver.recv_timeout(Duration::from_secs(1)).unwrap_err();
            labrpc::sim::elapsed().unwrap()
        });
        thread::sleep(MS);
        node.set_clock_rate(100_000);
        let (came, timed_out) =
            (waiting.join().unwrap().as_secs_f64(), timing_out.join().unwrap().as_secs_f64());
        assert!((9.9..10.1).contains(&came), "{came}");
        assert!((9.9..10.1).contains(&timed_out), "{timed_out}");
    });
}
