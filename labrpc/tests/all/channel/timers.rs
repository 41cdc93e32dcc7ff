//! Receivers that time sends to.

use std::time::Duration;

use labrpc::channel::{RecvTimeoutError, TryRecvError, after, at, never, tick, unbounded};
use labrpc::sim::{NodeHandle, is_active};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{in_both_worlds, in_simulation, misuse};

const MS: Duration = Duration::from_millis(1);

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
fn after_has_one_message_for_all_its_receivers() {
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
fn slower_clock_lets_a_timer_come_later() {
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
