//! Timers that can be set anew, in both worlds.

use std::time::Duration;

use labrpc::channel::{Select, TryRecvError, select, unbounded};
use labrpc::sim::{Cause, NodeHandle, is_active};
use labrpc::sync::Arc;
use labrpc::thread;
use labrpc::time::{Instant, Timer};

use crate::support::{failure, in_both_worlds, in_simulation, outcomes};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn message_comes_once_and_in_time() {
    in_both_worlds(|| {
        let start = Instant::now();
        let timer = Timer::after(2 * MS);
        let came = timer.channel().recv().unwrap();
        assert!(came >= start + 2 * MS && start.elapsed() >= 2 * MS);
        assert!(!is_active() || came < start + 3 * MS, "virtual time is exact but for the steps");
        assert!(timer.channel().recv_timeout(MS).is_err());
        assert!(!timer.stop() && !timer.reset(MS), "its message was received");
        assert!(timer.channel().recv().unwrap() > came);
    });
}

#[test]
fn timer_that_is_put_off_is_late_and_one_that_is_brought_forward_is_early() {
    in_both_worlds(|| {
        let start = Instant::now();
        let timer = Timer::after(MS);
        assert!(timer.reset(3 * MS) && timer.reset(5 * MS));
        timer.channel().recv().unwrap();
        assert!(start.elapsed() >= 5 * MS);
        assert!(!timer.reset(HOUR) && timer.reset(MS), "it was active the second time");
        timer.channel().recv().unwrap();
        assert!(start.elapsed() < HOUR);
        timer.reset(HOUR);
        timer.reset(Duration::ZERO);
        timer.channel().recv().unwrap();
        assert!(!timer.reset(Duration::MAX) && timer.stop(), "an endless delay is no overflow");
    });
}

#[test]
fn nothing_of_the_time_before_comes_after_a_stop_or_a_reset() {
    in_both_worlds(|| {
        let timer = Timer::after(Duration::ZERO);
        thread::sleep(2 * MS);
        assert!(timer.stop(), "nobody has received it, so it was active");
        assert_eq!(timer.channel().try_recv(), Err(TryRecvError::Empty));
        assert!(!timer.stop() && timer.channel().is_empty());
        assert!(!timer.reset(Duration::ZERO));
        while timer.channel().is_empty() {
            thread::yield_now();
        }
        assert_eq!((timer.channel().len(), timer.channel().capacity()), (1, Some(1)));
        assert!(timer.reset(HOUR));
        assert!(timer.channel().recv_timeout(2 * MS).is_err());
        assert!(timer.stop());
    });
}

#[test]
fn who_waits_is_told_of_the_new_time() {
    in_both_worlds(|| {
        for way in 0..4 {
            let timer = Arc::new(Timer::after(HOUR));
            if way == 1 {
                timer.stop();
            }
            let theirs = Arc::clone(&timer);
            let waiting = thread::spawn(move || {
                let channel = theirs.channel();
                let (_sender, other) = unbounded::<u32>();
                match way {
                    0 | 1 => channel.recv().unwrap(),
                    2 => select! {
                        recv(channel) -> came => came.unwrap(),
                        recv(other) -> _ => unreachable!(),
                    },
                    _ => {
                        let mut select = Select::new();
                        select.recv(channel);
                        select.recv(&other);
                        assert_eq!(select.ready(), 0);
                        channel.try_recv().unwrap()
                    }
                }
            });
            thread::sleep(MS);
            timer.reset(MS);
            let start = Instant::now();
            assert!(waiting.join().unwrap() < start + HOUR / 2);
            assert!(start.elapsed() < HOUR / 2, "it went on waiting until the old time");
        }
    });
}

#[test]
fn one_of_those_who_wait_gets_the_message() {
    in_both_worlds(|| {
        let timer = Timer::after(HOUR);
        let (sender, got) = unbounded();
        for i in 0..3 {
            let (channel, sender) = (timer.channel().clone(), sender.clone());
            thread::spawn(move || {
                channel.recv().unwrap();
                sender.send(i).unwrap();
            });
        }
        thread::sleep(MS);
        timer.reset(MS);
        let first = got.recv().unwrap();
        assert!(got.recv_timeout(2 * MS).is_err());
        timer.reset(Duration::ZERO);
        assert_ne!(got.recv().unwrap(), first);
        timer.reset(Duration::ZERO);
        got.recv().unwrap();
    });
}

#[test]
fn channel_outlives_its_timer() {
    in_both_worlds(|| {
        let start = Instant::now();
        let channel = Timer::after(2 * MS).channel().clone();
        let copy = channel.clone();
        drop(channel);
        assert!(copy.recv().unwrap() >= start + 2 * MS);
        assert_eq!(copy.try_recv(), Err(TryRecvError::Empty), "it is not disconnected");
    });
}

#[test]
fn stop_and_message_race() {
    let seen = outcomes(|| {
        let timer = Arc::new(Timer::after(5 * MS));
        let theirs = Arc::clone(&timer);
        let receiving = thread::spawn(move || theirs.channel().recv_timeout(10 * MS).is_ok());
        thread::sleep(5 * MS);
        let was_active = timer.stop();
        let was_received = receiving.join().unwrap();
        assert_ne!(was_active, was_received, "either is told that it came first");
        was_active
    });
    assert_eq!(seen.len(), 2);
}

#[test]
fn those_who_stop_a_timer_race() {
    let seen = outcomes(|| {
        let timer = Arc::new(Timer::after(HOUR));
        let theirs = Arc::clone(&timer);
        let stopping = thread::spawn(move || theirs.stop());
        let mine = timer.stop();
        assert_ne!(stopping.join().unwrap(), mine);
        mine
    });
    assert_eq!(seen.len(), 2);
}

#[test]
fn wait_for_a_timer_that_is_stopped_is_a_deadlock() {
    let failure = failure(|| {
        let timer = Timer::after(MS);
        timer.stop();
        timer.channel().recv().unwrap();
    });
    let Cause::Deadlock { threads, .. } = &failure.cause else { panic!("{failure}") };
    assert!(threads[0].activity.contains(file!()), "{}", threads[0].activity);
}

#[test]
fn crash_of_who_waits_leaves_the_message_to_others() {
    in_simulation(|| {
        let timer = Arc::new(Timer::after(HOUR));
        let node = NodeHandle::new("S1");
        let theirs = Arc::clone(&timer);
        node.spawn("waits", move || theirs.channel().recv());
        thread::sleep(MS);
        node.crash();
        assert!(timer.reset(MS));
        timer.channel().recv().unwrap();
        assert!(!timer.stop());
    });
}
