//! Which arm is chosen, and when.

use std::time::Duration;

use labrpc::channel::{
    Receiver, RecvError, Select, after, bounded, never, select, select_biased, tick, unbounded,
};
use labrpc::sim::{Sim, is_active};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{in_both_worlds, outcomes_in_fixed_order};

const MS: Duration = Duration::from_millis(1);

#[test]
fn each_of_several_ready_arms_is_chosen_now_and_then() {
    let seen = outcomes_in_fixed_order(|| {
        let (sender, receiver) = unbounded();
        let (other, others) = unbounded();
        sender.send(0).unwrap();
        other.send(1).unwrap();
        select! {
            recv(receiver) -> number => number.unwrap(),
            recv(others) -> number => number.unwrap(),
            send(sender, 7) -> _ => 2,
        }
    });
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn ready_arms_are_chosen_about_equally_often() {
    let (counts, _) = Sim::new(3)
        .run(|| {
            let channels: Vec<_> = (0..4).map(|_| unbounded()).collect();
            channels.iter().for_each(|(sender, _)| (0..4000).for_each(|i| sender.send(i).unwrap()));
            let mut counts = [0; 4];
            for _ in 0..4000 {
                let mut select = Select::new();
                channels.iter().for_each(|(_, receiver)| assert!(select.recv(receiver) < 4));
                let operation = select.select();
                let index = operation.index();
                counts[index] += 1;
                operation.recv(&channels[index].1).unwrap();
            }
            counts
        })
        .unwrap();
    // 1000 expected of each, with a standard deviation of 27.
    assert!(counts.iter().all(|count| (860..=1140).contains(count)), "{counts:?}");
}

#[test]
fn biased_select_takes_the_first_that_is_ready() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        let (other, others) = unbounded();
        for _ in 0..5 {
            sender.send(1).unwrap();
            other.send(2).unwrap();
        }
        let order: Vec<i32> = (0..10)
            .map(|_| {
                select_biased! {
                    recv(receiver) -> number => number.unwrap(),
                    recv(others) -> number => number.unwrap(),
                }
            })
            .collect();
        assert_eq!(order, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    });
}

#[test]
fn select_waits_for_the_first_message() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(0);
        let (_quiet, silence) = unbounded::<i32>();
        let sending = thread::spawn(move || {
            thread::sleep(2 * MS);
            sender.send(5).unwrap();
            sender
        });
        select! {
            recv(silence) -> _ => unreachable!(),
            recv(receiver) -> number => assert_eq!(number, Ok(5)),
        }
        drop(sending.join().unwrap());
        select! {
            recv(silence) -> _ => unreachable!(),
            recv(receiver) -> number => assert_eq!(number, Err(RecvError)),
        }
    });
}

#[test]
fn waiting_select_is_served_once() {
    in_both_worlds(|| {
        let channels: Vec<_> = (0..3).map(|_| bounded(1)).collect();
        let receivers: Vec<Receiver<i32>> = channels.iter().map(|(_, receiver)| receiver.clone()).collect();
        let waiting = thread::spawn(move || {
            select! {
                recv(receivers[0]) -> number => number,
                recv(receivers[1]) -> number => number,
                recv(receivers[2]) -> number => number,
            }
        });
        let senders = channels.iter().enumerate().map(|(i, (sender, _))| {
            let sender = sender.clone();
            thread::spawn(move || sender.send(i as i32).unwrap())
        });
        senders.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        let got = waiting.join().unwrap().unwrap();
        let mut rest: Vec<i32> = channels.iter().flat_map(|(_, receiver)| receiver.try_iter()).collect();
        rest.push(got);
        rest.sort_unstable();
        assert_eq!(rest, [0, 1, 2]);
    });
}

#[test]
fn select_waits_for_room() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            (0..capacity).for_each(|_| sender.send(0).unwrap());
            let taking = thread::spawn(move || {
                thread::sleep(2 * MS);
                (0..=capacity).map(|_| receiver.recv().unwrap()).collect::<Vec<_>>()
            });
            select! {
                send(sender, 7) -> result => result.unwrap(),
                default(Duration::from_secs(10)) => unreachable!(),
            }
            assert_eq!(taking.join().unwrap().pop(), Some(7));
        }
    });
}

#[test]
fn two_selects_meet_at_a_channel_of_capacity_0() {
    in_both_worlds(|| {
        for i in 0..10 {
            let (sender, receiver) = bounded(0);
            let (quiet, silence) = bounded::<i32>(0);
            let other = thread::spawn({
                let (quiet, silence) = (quiet.clone(), silence.clone());
                move || {
                    select! {
                        send(sender, i) -> result => result.unwrap(),
                        // The other select has these arms too; it must not meet itself, nor this one twice.
                        recv(silence) -> number => { number.unwrap(); }
                        send(quiet, -1) -> result => result.unwrap(),
                    }
                }
            });
            let got = select! {
                recv(receiver) -> number => number.unwrap(),
                recv(silence) -> number => number.unwrap(),
                send(quiet, -1) -> result => { result.unwrap(); -1 },
            };
            assert!(got == i || got == -1);
            other.join().unwrap();
        }
    });
}

#[test]
fn select_does_not_meet_itself() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(0);
        select! {
            send(sender, 1) -> _ => unreachable!(),
            recv(receiver) -> _ => unreachable!(),
            default(2 * MS) => {}
        }
    });
}

#[test]
fn many_selects_pass_every_message_once() {
    in_both_worlds(|| {
        for capacity in [0, 1, 2] {
            let (one, ones) = bounded(capacity);
            let (two, twos) = bounded(capacity);
            let got = Arc::new(Mutex::new(Vec::new()));
            thread::scope(|scope| {
                for part in 0..2 {
                    let (one, two) = (one.clone(), two.clone());
                    scope.spawn(move || {
                        for i in 0..8 {
                            select! {
                                send(one, part * 8 + i) -> result => result.unwrap(),
                                send(two, part * 8 + i) -> result => result.unwrap(),
                            }
                        }
                    });
                }
                drop((one, two));
                for _ in 0..2 {
                    let (ones, twos, got) = (ones.clone(), twos.clone(), Arc::clone(&got));
                    scope.spawn(move || receive_all(ones, twos, &got));
                }
            });
            let mut got = got.lock().clone();
            got.sort_unstable();
            assert_eq!(got, (0..16).collect::<Vec<_>>(), "{capacity}");
        }
    });
}

fn receive_all(mut ones: Receiver<i32>, mut twos: Receiver<i32>, got: &Mutex<Vec<i32>>) {
    for _ in 0..2 {
        loop {
            select! {
                recv(ones) -> number => match number {
                    Ok(number) => got.lock().push(number),
                    Err(_) => { ones = never(); break }
                },
                recv(twos) -> number => match number {
                    Ok(number) => got.lock().push(number),
                    Err(_) => { twos = never(); break }
                },
            }
        }
    }
}

#[test]
fn timers_are_arms() {
    in_both_worlds(|| {
        let start = Instant::now();
        let clock = tick(2 * MS);
        let end = after(7 * MS);
        let mut ticks = 0;
        loop {
            select! {
                recv(clock) -> moment => { assert!(moment.unwrap() >= start + 2 * MS); ticks += 1; }
                recv(end) -> moment => { assert!(moment.unwrap() >= start + 7 * MS); break }
            }
        }
        assert!(!is_active() || (2..=3).contains(&ticks), "{ticks}");
        select! {
            recv(end) -> _ => unreachable!("it comes only once"),
            default(2 * MS) => {}
        }
    });
}
