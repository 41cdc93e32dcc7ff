//! `Select`, the list that is built at run time, and its misuse.

use std::time::Duration;

use labrpc::channel::{Select, after, bounded, never, select, unbounded};
use labrpc::sim::{Cause, Sim};
use labrpc::thread;
use labrpc::time::Instant;

use crate::support::{failure, in_both_worlds};

const MS: Duration = Duration::from_millis(1);

#[test]
fn list_of_operations_is_chosen_from_and_completed() {
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

#[test]
fn select_without_operations_panics() {
    let failed = failure(|| {
        let _ = Select::new().select();
    });
    assert!(failed.to_string().contains("no operations have been added"), "{failed}");
}

#[test]
fn operation_that_is_not_completed_panics() {
    let failed = failure(|| {
        let (sender, _receiver) = bounded::<i32>(1);
        let mut select = Select::new();
        select.send(&sender);
        drop(select.select());
    });
    assert!(failed.to_string().contains("dropped `SelectedOperation`"), "{failed}");
}

#[test]
fn operation_completed_with_another_handle_panics() {
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
fn select_that_would_wait_for_the_real_world_is_a_misuse() {
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
fn select_that_can_never_end_is_a_deadlock() {
    let failed = failure(|| {
        let (_sender, receiver) = unbounded::<i32>();
        select! { recv(receiver) -> _ => (), recv(never::<()>()) -> _ => () }
    });
    assert!(failed.to_string().contains("waits for an arm of a select at "), "{failed}");
}
