//! `select!` and `Select` in both worlds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use labrpc::channel::{
    Receiver, RecvError, Select, SendError, Sender, TryRecvError, TrySendError, after, bounded, never,
    select, select_biased, tick, unbounded,
};
use labrpc::sim::{Cause, NodeHandle, Sim, is_active};
use labrpc::sync::{Arc, Mutex};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds, in_simulation, outcomes_in_fixed_order};

const MS: Duration = Duration::from_millis(1);

// ----- the macro's forms -----

#[test]
fn every_form_of_arm_is_read() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        sender.send(1).unwrap();
        select! { recv(receiver) -> message => assert_eq!(message, Ok(1)) }
        sender.send(2).unwrap();
        select! { recv(&receiver,) -> message => { assert_eq!(message, Ok(2)) } }
        let got = select! {
            recv(receiver) -> _ => "message",
            default => "nothing",
        };
        assert_eq!(got, "nothing");
        let got = select! {
            recv(receiver) -> _ => { "message" }
            default() => { "nothing" }
        };
        assert_eq!(got, "nothing");
        let got = select! {
            default(MS) => "late",
            recv(receiver) -> _ => "message",
        };
        assert_eq!(got, "late");
        let result = select! {
            send(sender, 3) -> result => result,
            recv(never::<i32>()) -> _ => unreachable!()
        };
        assert_eq!(result, Ok(()));
        let choice = Some(&receiver).filter(|receiver| !receiver.is_empty());
        let doubled = select! {
            recv(choice.unwrap_or(&never())) -> message => message.map(|number| number * 2).unwrap_or(0),
            recv(never()) -> nothing => { let _: Result<(), RecvError> = nothing; 0 }
        };
        assert_eq!(doubled, 6);
        select_biased! {
            recv(receiver) -> _ => unreachable!(),
            send(&sender, 4,) -> _ => {},
        }
        assert_eq!(receiver.recv(), Ok(4));
        let only = select! { default => 5 };
        assert_eq!(only, 5);
    });
}

#[test]
fn bodies_may_leave_the_loop_and_the_function() {
    fn first_even(numbers: &Receiver<i32>) -> Result<Option<i32>, RecvError> {
        let mut seen = 0;
        loop {
            select! {
                recv(numbers) -> number => {
                    let number = number?;
                    if number % 2 == 1 {
                        seen += 1;
                        continue;
                    }
                    if number == 0 {
                        break;
                    }
                    return Ok(Some(number + seen));
                }
                default => return Ok(None),
            }
        }
        Ok(Some(-seen))
    }
    in_both_worlds(|| {
        let (sender, receiver) = unbounded();
        let ask = |numbers: &[i32]| {
            numbers.iter().for_each(|&number| sender.send(number).unwrap());
            first_even(&receiver)
        };
        assert_eq!(ask(&[1, 3, 10]), Ok(Some(12)));
        assert_eq!(ask(&[1, 0]), Ok(Some(-1)));
        assert_eq!(ask(&[1, 1]), Ok(None));
        drop(sender);
        assert_eq!(first_even(&receiver), Err(RecvError));
    });
}

#[test]
fn patterns_are_bound_to_results() {
    in_both_worlds(|| {
        let (sender, receiver) = unbounded::<(i32, String)>();
        sender.send((1, "one".into())).unwrap();
        select! {
            recv(receiver) -> message => {
                let Ok((number, ref name)) = message else { unreachable!() };
                assert_eq!((number, name.as_str()), (1, "one"));
            }
        }
        drop(receiver);
        select! {
            send(sender, (2, "two".to_owned())) -> result => {
                let SendError((number, _)) = result.unwrap_err();
                assert_eq!(number, 2);
            }
        }
    });
}

#[test]
fn the_message_of_an_arm_that_is_not_chosen_is_not_made() {
    in_both_worlds(|| {
        let (sender, _receiver) = bounded::<i32>(0);
        let make = || -> i32 { panic!("made a message that nobody takes") };
        select! {
            send(sender, make()) -> _ => unreachable!(),
            default => {}
        }
    });
}

#[test]
fn many_arms_are_read() {
    in_both_worlds(|| {
        let n = || never::<()>();
        let (sender, receiver) = unbounded();
        sender.send(9).unwrap();
        select! {
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(n()) -> _ => unreachable!(),
            recv(receiver) -> message => assert_eq!(message, Ok(9)),
            default => unreachable!(),
        }
    });
}

// ----- choosing -----

#[test]
fn of_several_ready_arms_each_is_chosen_now_and_then() {
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
fn a_biased_select_takes_the_first_that_is_ready() {
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
fn a_select_waits_for_the_first_message() {
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
fn a_waiting_select_is_served_once() {
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
fn a_select_waits_for_room() {
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
fn a_select_does_not_meet_itself() {
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

// ----- the list -----

#[test]
fn a_list_of_operations_is_chosen_from_and_completed() {
    in_both_worlds(|| {
        let (sender, receiver) = bounded(1);
        let (_keep, silence) = unbounded::<i32>();
        let mut select = Select::new();
        let (first, second, third) = (select.recv(&silence), select.recv(&receiver), select.send(&sender));
        assert_eq!((first, second, third), (0, 1, 2));
        let operation = select.select();
        assert_eq!(operation.index(), third);
        assert_eq!(operation.send(&sender, 4), Ok(()));
        let operation = select.try_select().unwrap();
        assert_eq!(operation.index(), second);
        assert_eq!(operation.recv(&receiver), Ok(4));
        select.remove(third);
        assert!(select.try_select().is_err());
        let start = Instant::now();
        assert!(select.select_timeout(MS).is_err());
        assert!(select.select_deadline(start + 2 * MS).is_err());
        assert!(start.elapsed() >= 2 * MS);
        sender.send(5).unwrap();
        assert_eq!(select.select_timeout(MS).unwrap().recv(&receiver), Ok(5));
        assert!(select.clone().try_select().is_err());
        assert!(Select::new().select_timeout(MS).is_err(), "nothing to wait for but the time");
    });
}

#[test]
fn readiness_is_seen_and_nothing_is_done() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let mut select = Select::new_biased();
            let index = select.recv(&receiver);
            assert!(select.try_ready().is_err());
            assert!(select.ready_timeout(MS).is_err());
            assert!(select.ready_deadline(Instant::now() + MS).is_err());
            let sending = thread::spawn(move || {
                thread::sleep(MS);
                sender.send(1).unwrap();
            });
            assert_eq!(select.ready(), index);
            assert_eq!(select.ready_timeout(MS), Ok(index));
            assert_eq!(receiver.try_recv(), Ok(1));
            sending.join().unwrap();
            assert_eq!(select.ready(), index, "disconnected is ready");
        }
        let timer = after(2 * MS);
        let mut select = Select::new();
        select.recv(&timer);
        assert_eq!(select.ready(), 0);
        assert!(timer.try_recv().is_ok());
    });
}

#[test]
fn room_is_seen_as_readiness_to_send() {
    in_both_worlds(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            (0..capacity).for_each(|_| sender.send(0).unwrap());
            let taking = thread::spawn(move || {
                thread::sleep(MS);
                (0..=capacity).map(|_| receiver.recv().unwrap()).collect::<Vec<_>>()
            });
            let mut select = Select::new();
            select.send(&sender);
            assert_eq!(select.ready(), 0);
            sender.send(8).unwrap();
            assert_eq!(taking.join().unwrap().pop(), Some(8));
        }
    });
}

// ----- misuse -----

#[test]
fn a_select_without_operations_panics() {
    let failed = failure(|| {
        let _ = Select::new().select();
    });
    assert!(failed.to_string().contains("no operations have been added"), "{failed}");
}

#[test]
fn an_operation_that_is_not_completed_panics() {
    let failed = failure(|| {
        let (sender, _receiver) = bounded::<i32>(1);
        let mut select = Select::new();
        select.send(&sender);
        drop(select.select());
    });
    assert!(failed.to_string().contains("dropped `SelectedOperation`"), "{failed}");
}

#[test]
fn an_operation_completed_with_another_handle_panics() {
    let failed = failure(|| {
        let (sender, _receiver) = bounded::<i32>(1);
        let (other, _others) = bounded::<i32>(1);
        let mut select = Select::new();
        select.send(&sender);
        let _ = select.select().send(&other, 1);
    });
    assert!(failed.to_string().contains("wasn't selected"), "{failed}");
}

#[test]
fn channels_of_both_worlds_do_not_mix() {
    let (_keep, real) = unbounded::<i32>();
    let failed = Sim::new(1)
        .run(move || {
            let (_sender, simulated) = unbounded::<i32>();
            select! { recv(real) -> _ => (), recv(simulated) -> _ => () }
        })
        .unwrap_err();
    assert!(failed.to_string().contains("channels of both worlds"), "{failed}");
}

#[test]
fn a_select_that_would_wait_for_the_real_world_is_a_misuse() {
    let (sender, real) = unbounded::<i32>();
    sender.send(1).unwrap();
    let body = move || {
        select! { recv(real) -> number => assert_eq!(number, Ok(1)), default => unreachable!() }
        select! { recv(real) -> _ => unreachable!(), default => () }
        select! { recv(real) -> _ => () }
    };
    let failed = Sim::new(1).run(body).unwrap_err();
    assert!(matches!(failed.cause, Cause::Misuse { .. }), "{failed}");
    assert!(failed.to_string().contains(file!()), "{failed}");
}

#[test]
fn a_select_that_can_never_end_is_a_deadlock() {
    let failed = failure(|| {
        let (_sender, receiver) = unbounded::<i32>();
        select! { recv(receiver) -> _ => (), recv(never::<()>()) -> _ => () }
    });
    assert!(failed.to_string().contains("waits for an arm of a select at "), "{failed}");
}

// ----- promises, crashes and pauses -----

#[test]
fn a_message_may_take_its_time_to_be_made() {
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
fn a_promised_message_is_waited_for_beyond_the_timeout() {
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
fn a_reserved_place_is_nobody_elses() {
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
fn a_promise_that_a_panic_breaks_lets_others_go_on() {
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
fn a_promise_that_a_crash_breaks_lets_others_go_on() {
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
fn a_select_of_a_crashed_node_is_not_served() {
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
fn a_select_of_a_paused_node_looks_again_when_it_goes_on() {
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
