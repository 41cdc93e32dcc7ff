//! What a channel is in a simulation only, and what happens where the two worlds meet.

use std::time::Duration;

use labrpc::channel::{RecvTimeoutError, TryRecvError, TrySendError, after, bounded, unbounded};
use labrpc::sim::{Cause, Sim};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, outcomes_in_fixed_order};

const MS: Duration = Duration::from_millis(1);

#[test]
fn seed_decides_who_is_served() {
    let seen = outcomes_in_fixed_order(|| {
        let (sender, receiver) = unbounded();
        let (winners, winner) = unbounded();
        for name in ["a", "b", "c"] {
            let (receiver, winners) = (receiver.clone(), winners.clone());
            thread::spawn(move || receiver.recv().map(|()| winners.send(name)));
        }
        thread::sleep(MS);
        sender.send(()).unwrap();
        winner.recv().unwrap()
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn receive_that_can_never_end_is_a_deadlock() {
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
fn send_that_can_never_end_is_a_deadlock() {
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
fn channel_of_the_real_world_can_be_used_but_not_waited_for() {
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
fn real_thread_must_not_use_a_channel_of_a_run_that_goes_on() {
    let message = Sim::new(1)
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
    assert!(message.contains("labrpc::thread::spawn"), "{message}");
}
