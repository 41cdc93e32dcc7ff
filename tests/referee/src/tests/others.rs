//! What other Rafts legally do: late and repeated messages, threads that live on, replies and indexes of another kind.

use super::script::{EMPTY, Script, appending, at};
use crate::message::{Reply, Request};

/// S0 led term 1, hears of term 2, and sends what it had built before, again and again.
fn deposed(then: impl Fn(&mut Script, u64)) -> Script {
    deposed_on(false, then)
}

/// The same, where its saves may take long.
fn deposed_on(disk_is_slow: bool, then: impl Fn(&mut Script, u64)) -> Script {
    let mut s = Script::new(3);
    s.slow_disk(0, disk_is_slow);
    s.elect(0, 1, EMPTY, &[1]);
    let call = s.append(0, 1, 1, EMPTY, &[], 0);
    s.elect(2, 2, EMPTY, &[1]);
    s.answer(call, Reply::Append { term: 2, success: false, conflict: None, matched: None });
    s.hear(call, Reply::Append { term: 2, success: false, conflict: None, matched: None });
    for _ in 0..30 {
        s.wait(100);
        let call = s.append(0, 1, 1, EMPTY, &[], 0);
        if s.is_broken() {
            break;
        }
        then(&mut s, call);
    }
    s
}

#[test]
fn request_that_nobody_answers_is_repeated_in_a_later_term() {
    deposed(|_, _| ()).keeps_the_rules();
}

#[test]
fn request_that_was_answered_is_sent_once_more_in_a_later_term() {
    let refused = Reply::Append { term: 2, success: false, conflict: None, matched: None };
    let s = deposed(|s, call| {
        s.answer(call, refused);
        s.hear(call, refused);
    });
    s.breaks("leaves its own");
}

/// The answer has arrived, and waits until what came before is handled and saved.
#[test]
fn leader_whose_saves_take_long_has_not_read_of_a_later_term() {
    let refused = Reply::Append { term: 2, success: false, conflict: None, matched: None };
    let s = deposed_on(true, |s, call| {
        s.answer(call, refused);
        s.hear(call, refused);
    });
    s.keeps_the_rules();
}

/// S0's messages of term 1 arrive after the new leader has cut its log: they say what was in it before.
#[test]
fn message_built_before_the_log_was_cut_and_sent_after() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1, 1], 0);
    s.elect(2, 2, EMPTY, &[1]);
    let cut = s.append(2, 0, 2, EMPTY, &[2], 0);
    s.send(0, 1, appending(1, at(1, 1), &[1], 0));
    s.succeed(cut, 2);
    // It has entry 1 of term 2 and no other.
    let more = s.append(2, 0, 2, at(1, 2), &[2], 0);
    s.succeed(more, 2);
    s.elect(1, 3, at(2, 2), &[0]);
    let third = s.append(1, 0, 3, at(2, 2), &[], 0);
    s.succeed(third, 3);
    s.keeps_the_rules();
}

#[test]
fn vote_granted_in_a_reply_with_the_term_of_before() {
    let mut s = Script::new(3);
    let call = s.ask(0, 1, 1, EMPTY);
    s.answer(call, Reply::Vote { term: 0, granted: true });
    s.send(0, 2, appending(1, EMPTY, &[], 0));
    let call = s.ask(2, 1, 2, EMPTY);
    s.answer(call, Reply::Vote { term: 1, granted: true });
    s.send(2, 0, appending(2, EMPTY, &[], 0));
    s.keeps_the_rules();
}

/// Handlers that hang fill the memory of calls. The request that was just delivered is not the one to forget.
#[test]
fn thousands_of_open_calls() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for _ in 0..9000 {
        s.ask(0, 2, 1, EMPTY);
    }
    let call = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.succeed(call, 1);
    let call = s.append(0, 1, 1, at(1, 1), &[1], 1);
    s.succeed(call, 1);
    s.apply(1, 1, 1);
    s.keeps_the_rules();
}

#[test]
fn vote_of_a_handler_whose_call_was_forgotten() {
    let mut s = Script::new(3);
    let vote = s.ask(0, 1, 1, EMPTY);
    for _ in 0..9000 {
        s.ask(0, 2, 1, EMPTY);
    }
    s.answer_if_forgotten(vote, Reply::Vote { term: 1, granted: true });
    s.send(0, 1, appending(1, EMPTY, &[], 0));
    s.keeps_the_rules();
}

#[test]
fn entries_in_messages_of_other_names() {
    let mut s = Script::new(3);
    s.other_method(true);
    s.apply(1, 1, 1);
    s.keeps_the_rules();

    // A pre-vote brings no entries.
    let mut s = Script::new(3);
    s.other_method(false);
    s.apply(1, 1, 1);
    s.breaks("a follower commits");
}

/// After many leaders with entries of their own the first command is delivered, before the call that gave it has told its index.
#[test]
fn first_command_that_is_delivered_while_it_is_given() {
    for is_being_given in [true, false] {
        let mut s = Script::new(3).all_is_told();
        s.elect(0, 1, EMPTY, &[1]);
        s.replicate(0, 1, 1, EMPTY, &[1], 0);
        s.elect(0, 2, at(1, 1), &[1]);
        s.replicate(0, 1, 2, at(1, 1), &[2, 2], 0);
        let call = s.append(0, 1, 2, at(3, 2), &[], 3);
        s.succeed(call, 2);
        if is_being_given {
            s.begin_start();
        }
        s.apply(1, 1, 2);
        if is_being_given {
            s.keeps_the_rules();
        } else {
            s.breaks("is deleted");
        }
    }
}

/// The first command is given to a leader that has sent no entry yet, and so has told only as a candidate how long its log is.
#[test]
fn first_command_after_an_entry_that_nobody_has_seen() {
    let mut s = Script::new(3).all_is_told();
    // An entry of its own in each term; that of the first was never sent.
    s.elect(0, 1, EMPTY, &[1]);
    s.elect(0, 2, at(1, 1), &[1]);
    s.accept(0, 1, 2);
    s.replicate(0, 1, 2, EMPTY, &[1, 2, 2], 0);
    s.replicate(0, 1, 2, at(3, 2), &[], 3);
    s.apply(1, 1, 2);
    s.keeps_the_rules();
}

/// Each leader begins with an entry of its own, which its service never sees.
#[test]
fn no_op_entries_that_are_not_counted_above() {
    let mut s = Script::new(3).all_is_told();
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.replicate(0, 1, 1, at(1, 1), &[], 1);
    s.wait(5000);
    s.accept(0, 1, 1);
    s.replicate(0, 1, 1, at(1, 1), &[1], 1);
    s.replicate(0, 1, 1, at(2, 1), &[], 2);
    s.apply(0, 1, 1);
    s.apply(1, 1, 1);
    s.elect(1, 2, at(2, 1), &[0]);
    s.replicate(1, 0, 2, at(2, 1), &[2], 2);
    s.accept(1, 2, 2);
    s.replicate(1, 0, 2, at(3, 2), &[2], 3);
    s.replicate(1, 0, 2, at(4, 2), &[], 4);
    s.apply(1, 2, 2);
    s.wait(5000);
    s.replicate(1, 0, 2, at(4, 2), &[], 4);
    s.keeps_the_rules();
}

/// A killed server's threads stand for election before they see that they were killed.
#[test]
fn threads_of_a_server_that_is_gone() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.stop(0);
    s.send(0, 1, Request::Vote { term: 2, last: EMPTY });
    s.restart(0);
    let call = s.ask(1, 0, 2, EMPTY);
    s.answer(call, Reply::Vote { term: 2, granted: true });
    s.send(1, 0, appending(2, EMPTY, &[], 0));
    s.keeps_the_rules();
}

/// A leader tells a follower no more than what that one has confirmed.
#[test]
fn commit_index_of_each_follower() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
    for _ in 0..10 {
        s.wait(100);
        let call = s.append(0, 1, 1, at(2, 1), &[], 2);
        s.confirm(call, 1);
        s.append(0, 2, 1, EMPTY, &[], 0);
    }
    s.keeps_the_rules();
}

/// A hundred messages are built before the first confirmation is read, and leave one after the other.
#[test]
fn burst_of_entries_that_were_confirmed_meanwhile() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    let call = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.confirm(call, 1);
    for count in 2..150 {
        s.send(0, 1, appending(1, EMPTY, &vec![1; count], 0));
    }
    s.keeps_the_rules();
}

/// Each confirmation comes a tenth of a second after its request, when its caller has given up.
#[test]
fn replies_that_come_after_the_caller_has_given_up() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for _ in 0..30 {
        let call = s.append(0, 1, 1, EMPTY, &[1], 0);
        s.succeed(call, 1);
        s.wait(100);
        s.hear(call, Reply::Append { term: 1, success: true, conflict: None, matched: None });
        let other = s.append(0, 2, 1, EMPTY, &[], 0);
        s.confirm(other, 1);
    }
    s.keeps_the_rules();
}

/// On real threads a server may send while the tester takes it down. The message may arrive.
#[test]
fn entries_that_a_server_sent_while_it_was_taken_down() {
    let mut s = Script::new(3).all_is_told();
    s.elect(1, 1, at(0, 0), &[2]);
    s.replicate(1, 2, 1, at(0, 0), &[1], 0);
    s.stop(1);
    let late = s.deliver_late(1, 2, appending(1, at(1, 1), &[1, 1], 0));
    s.succeed(late, 1);
    s.restart(1);
    s.elect(1, 2, at(3, 1), &[2]);
    s.replicate(1, 2, 2, at(3, 1), &[], 0);
    s.keeps_the_rules();
}
