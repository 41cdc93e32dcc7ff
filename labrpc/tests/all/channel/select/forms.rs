//! What can be written in a `select!`.

use std::time::Duration;

use labrpc::channel::{Receiver, RecvError, SendError, bounded, never, select, select_biased, unbounded};

use crate::support::in_both_worlds;

const MS: Duration = Duration::from_millis(1);

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
fn message_of_an_arm_that_is_not_chosen_is_not_made() {
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
