//! Reads without an entry in the log (thesis §6.4).

use super::{Script, step};
use crate::read::{Read, ReadError};

fn begin(s: &mut Script, id: usize) -> Result<Read, ReadError> {
    step(s, id, |state, _| state.begin_read())
}

/// A leader of three with one command committed; nothing is due.
fn leader_with_a_command() -> Script {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.start(0, "x");
    s.exchange_all(0, 1);
    s.exchange_all(0, 2);
    s.after(1);
    s.exchange_all(0, 1);
    s.exchange_all(0, 2);
    s
}

#[test]
fn read_is_confirmed_by_messages_that_left_after_it() {
    let mut s = leader_with_a_command();
    s.start(0, "y");
    let before = s.send(0, 1);
    let read = begin(&mut s, 0).expect("a leader");
    s.answer(&before);
    assert_eq!(s.servers[0].outcome_of(read), None, "that message had left before");
    s.exchange(0, 1);
    assert_eq!(s.servers[0].outcome_of(read), Some(Ok(1)), "2 was not committed when the read arrived");
}

#[test]
fn reads_share_a_round_that_has_not_begun() {
    let mut s = leader_with_a_command();
    let (first, second) = (begin(&mut s, 0).unwrap(), begin(&mut s, 0).unwrap());
    assert_eq!(first, second);
    let sent = s.send(0, 1);
    let third = begin(&mut s, 0).unwrap();
    assert_ne!(first, third, "that round has begun");
    s.answer(&sent);
    assert_eq!((s.servers[0].outcome_of(second), s.servers[0].outcome_of(third)), (Some(Ok(1)), None));
    s.exchange(0, 1);
    assert_eq!(s.servers[0].outcome_of(third), Some(Ok(1)));
    s.silent(0, 1);
}

#[test]
fn failed_round_is_asked_again_and_late_answers_do_not_confirm_later_reads() {
    let mut s = leader_with_a_command();
    let first = begin(&mut s, 0).unwrap();
    let hangs = s.send(0, 1);
    s.after(100);
    let fails = s.send(0, 1);
    s.receive(&fails, None);
    let later = begin(&mut s, 0).unwrap();
    s.answer(&hangs);
    assert_eq!(s.servers[0].outcome_of(first), Some(Ok(1)));
    assert_eq!(s.servers[0].outcome_of(later), None, "it left before the later read");
    s.after(20);
    s.exchange(0, 1);
    assert_eq!(s.servers[0].outcome_of(later), Some(Ok(1)));
}

#[test]
fn who_cannot_answer_reads() {
    let mut s = Script::new(3);
    assert_eq!(begin(&mut s, 1), Err(ReadError::NotLeader { leader: None }));
    s.elect(0, &[1]);
    s.exchange(0, 1);
    assert_eq!(begin(&mut s, 1), Err(ReadError::NotLeader { leader: Some(0) }));
    assert_eq!(begin(&mut s, 0), Err(ReadError::NothingCommitted), "no entry of this term is committed");
    s.start(0, "x");
    s.exchange_all(0, 1);
    let read = begin(&mut s, 0).unwrap();
    s.stand(2);
    s.after(500);
    s.stand(2);
    s.exchange(2, 0);
    assert_eq!(s.servers[0].outcome_of(read), Some(Err(ReadError::NotLeader { leader: None })), "deposed");
}
