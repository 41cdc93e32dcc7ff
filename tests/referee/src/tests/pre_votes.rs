//! Questions for votes that do not count (thesis §9.6), and orders to stand (thesis §3.10).

use super::script::{EMPTY, Script};
use crate::message::Reply;

/// S0 leads term 1, S2 asks S1 again and again whether it would vote for it in the next term, and S1 is in that term whenever it
/// answers S0, which leads on in the term after. `then` happens after each answer.
fn moved(times: u64, then: impl Fn(&mut Script, u64)) -> Script {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[2]);
    for round in 0..times {
        let term = 1 + 2 * round;
        let asked = s.append(0, 1, term, EMPTY, &[], 0);
        s.succeed(asked, term);
        s.wait(500);
        s.pre_vote(2, 1, term + 1);
        let heartbeat = s.append(0, 1, term, EMPTY, &[], 0);
        s.reject(heartbeat, term + 1, 1);
        if s.is_broken() {
            break;
        }
        then(&mut s, term + 1);
        s.elect(0, term + 2, EMPTY, &[2]);
    }
    s
}

#[test]
fn term_of_a_pre_vote_is_adopted() {
    let headline = moved(3, |_, _| {}).breaks("a pre-vote moves neither");
    assert_eq!(headline, "S1 moves to term 6 because it was asked whether it would vote in it");
}

#[test]
fn twice_it_may_have_stood_itself() {
    moved(2, |_, _| {}).keeps_the_rules();
}

#[test]
fn server_stands_itself_and_asks_later() {
    moved(6, |s, term| {
        s.ask(1, 2, term, EMPTY);
    })
    .keeps_the_rules();
}

/// It stood, stored that and lost its power, each time.
#[test]
fn server_starts_again_in_a_term_in_which_it_stood() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[2]);
    for term in [2, 3] {
        s.pre_vote(2, 1, term);
        s.restart(1);
        let heartbeat = s.append(0, 1, 1, EMPTY, &[], 0);
        s.reject(heartbeat, term, 1);
    }
    s.keeps_the_rules();
}

/// S2 stood in a term, lost its power before it told anybody, and tells it in a refusal. S1 takes it from there.
#[test]
fn term_that_comes_with_a_refusal() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for term in [3, 6, 9, 12] {
        s.pre_vote(2, 1, term - 1);
        s.answered_pre_vote(1, 2, term - 1, Reply::Vote { term, granted: false });
        let heartbeat = s.append(0, 1, term - 2, EMPTY, &[], 0);
        s.reject(heartbeat, term, 1);
        s.elect(0, term + 1, EMPTY, &[1]);
    }
    s.keeps_the_rules();
}

/// S2 asks in term 2 and then stands in it: S1 knows the term from its request.
#[test]
fn term_that_somebody_has_told() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for term in [2, 4, 6, 8] {
        s.pre_vote(2, 1, term);
        s.vote(2, 1, term, EMPTY);
        let heartbeat = s.append(0, 1, term - 1, EMPTY, &[], 0);
        s.reject(heartbeat, term, 1);
        s.elect(0, term + 1, EMPTY, &[1]);
    }
    s.keeps_the_rules();
}

/// S1 stands right after it has heard its leader, again and again. Told to, it may.
#[test]
fn who_is_told_to_stand_need_not_wait() {
    let run = |is_told: bool| {
        let mut s = Script::new(3);
        s.elect(0, 1, EMPTY, &[1]);
        for term in [1, 3, 5] {
            let heartbeat = s.append(0, 1, term, EMPTY, &[], 0);
            s.succeed(heartbeat, term);
            if is_told {
                s.tell_to_stand(1);
            }
            s.ask(1, 2, term + 1, EMPTY);
            if s.is_broken() {
                return s;
            }
            s.elect(0, term + 2, EMPTY, &[1]);
        }
        s
    };
    run(true).keeps_the_rules();
    run(false).breaks("no election within an election timeout");
}
