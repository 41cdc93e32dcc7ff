//! Leaders: how often they send, and what they send again.

use super::script::{EMPTY, INSTALLED, Script, appending, at, snapshot};
use crate::message::Reply;

/// S0 leads, an entry is committed, and S2 has confirmed a snapshot of it.
fn with_snapshot() -> Script {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s
}

#[test]
fn snapshot_sent_for_ever() {
    let mut s = with_snapshot();
    for _ in 0..9 {
        let call = s.request(0, 2, snapshot(1, at(1, 1)));
        s.answer(call, INSTALLED);
        s.hear(call, INSTALLED);
        s.wait(100);
    }
    s.request(0, 2, snapshot(1, at(1, 1)));
    s.breaks("nextIndex moves");
}

#[test]
fn snapshots_of_what_was_acknowledged() {
    let mut s = with_snapshot();
    let call = s.append(0, 1, 1, at(1, 1), &[1], 1);
    s.succeed(call, 1);
    s.hear(call, Reply::Append { term: 1, success: true, conflict: None, matched: None });
    for _ in 0..8 {
        let call = s.request(0, 1, snapshot(1, at(1, 1)));
        s.answer(call, INSTALLED);
        s.hear(call, INSTALLED);
        s.send(0, 2, appending(1, EMPTY, &[], 1));
        s.wait(100);
    }
    s.request(0, 1, snapshot(1, at(1, 1)));
    s.breaks("nextIndex moves");
}

/// S0 sends all of its log each time.
fn log_as_a_whole(s: &mut Script) {
    for count in 1..20 {
        s.wait(100);
        let call = s.append(0, 1, 1, EMPTY, &vec![1; count], 1);
        if s.is_broken() {
            break;
        }
        s.succeed(call, 1);
        s.hear(call, Reply::Append { term: 1, success: true, conflict: None, matched: None });
        s.send(0, 2, appending(1, EMPTY, &[], 1));
    }
}

#[test]
fn log_sent_as_a_whole_each_time() {
    let mut s = with_snapshot();
    log_as_a_whole(&mut s);
    s.breaks("nextIndex moves");
}

/// The answers have arrived, and wait: the leader handles one message after the other, and saves after each.
#[test]
fn log_sent_as_a_whole_by_a_leader_whose_saves_take_long() {
    let mut s = with_snapshot();
    s.slow_disk(0, true);
    log_as_a_whole(&mut s);
    s.slow_disk(0, false);
    s.keeps_the_rules();

    // Once the disk is fast again, it has read them.
    let mut s = with_snapshot();
    s.slow_disk(0, true);
    log_as_a_whole(&mut s);
    s.slow_disk(0, false);
    log_as_a_whole(&mut s);
    s.breaks("nextIndex moves");

    // Another server's disk is no excuse.
    let mut s = with_snapshot();
    s.slow_disk(1, true);
    log_as_a_whole(&mut s);
    s.breaks("nextIndex moves");
}

/// Every acknowledgement is lost on its way.
#[test]
fn entries_sent_again_because_no_answer_came() {
    let mut s = with_snapshot();
    for _ in 0..30 {
        s.wait(100);
        let call = s.append(0, 1, 1, at(1, 1), &[1], 1);
        s.succeed(call, 1);
        s.send(0, 2, appending(1, EMPTY, &[], 1));
    }
    s.keeps_the_rules();
}

#[test]
fn snapshot_repeated_until_it_is_confirmed() {
    let mut s = with_snapshot();
    for _ in 0..30 {
        s.wait(100);
        s.request(0, 2, snapshot(1, at(1, 1)));
        s.replicate(0, 1, 1, at(1, 1), &[], 1);
    }
    s.keeps_the_rules();
}

#[test]
fn storm_of_heartbeats() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for _ in 0..100 {
        s.send(0, 1, appending(1, EMPTY, &[], 0));
        s.wait(4);
    }
    s.send(0, 1, appending(1, EMPTY, &[], 0));
    s.breaks("neither missing nor a storm");
}

#[test]
fn many_messages_with_entries_and_a_heartbeat_now_and_then() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for index in 0..500 {
        let prev = at(index, u64::from(index > 0));
        s.send(0, 1, appending(1, prev, &[1], 0));
        s.send(0, 2, appending(1, prev, &[1], 0));
    }
    for _ in 0..50 {
        s.wait(50);
        s.send(0, 1, appending(1, at(500, 1), &[], 0));
        s.send(0, 2, appending(1, at(500, 1), &[], 0));
    }
    s.keeps_the_rules();
}

#[test]
fn server_to_which_a_leader_sends_nothing() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.send(0, 2, appending(1, EMPTY, &[], 0));
    for _ in 0..30 {
        s.wait(100);
        let call = s.append(0, 1, 1, EMPTY, &[], 0);
        if s.is_broken() {
            break;
        }
        s.confirm(call, 1);
    }
    s.breaks("neither missing nor a storm");
}

/// Ten seconds without a message to anybody: a long garbage collection, not a neglected follower.
#[test]
fn leader_that_was_stopped_for_a_while() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.send(0, 2, appending(1, EMPTY, &[], 0));
    s.send(0, 1, appending(1, EMPTY, &[], 0));
    s.wait(10_000);
    s.send(0, 1, appending(1, EMPTY, &[], 0));
    s.send(0, 2, appending(1, EMPTY, &[], 0));
    s.keeps_the_rules();
}

#[test]
fn rejection_that_moves_nothing() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    for _ in 0..12 {
        s.wait(110);
        let call = s.append(0, 2, 1, at(1, 1), &[], 0);
        s.reject(call, 1, 1);
        s.hear(call, Reply::Append { term: 1, success: false, conflict: Some(1), matched: None });
    }
    s.append(0, 2, 1, at(1, 1), &[], 0);
    s.breaks("nextIndex moves");
}

/// One entry at a time, as Figure 2 has it.
#[test]
fn rejection_after_which_the_leader_goes_back() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0);
    for index in (1..13).rev() {
        s.wait(200);
        let call = s.append(0, 2, 1, at(index, 1), &[], 0);
        s.reject(call, 1, index);
        s.hear(call, Reply::Append { term: 1, success: false, conflict: Some(index), matched: None });
        s.append(0, 1, 1, at(13, 1), &[], 0);
    }
    s.keeps_the_rules();
}
