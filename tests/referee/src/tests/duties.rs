//! What servers leave undone.

use super::script::{EMPTY, Script, at};
use crate::message::{Reply, Request};

const REFUSED: bool = false;

fn script() -> Script {
    Script::new(3).all_is_told()
}

#[test]
fn handler_that_waits_for_seconds() {
    let mut s = script();
    let call = s.ask(1, 0, 1, EMPTY);
    s.wait(5000);
    s.answer(call, Reply::Vote { term: 1, granted: true });
    s.breaks("answers soon");
}

/// The network may deliver a request once more.
#[test]
fn handler_that_waits_while_the_same_request_comes_again() {
    let mut s = script();
    let call = s.ask(1, 0, 1, EMPTY);
    s.wait(5000);
    s.deliver(call);
    s.breaks("answers soon");
}

#[test]
fn handler_that_never_returns() {
    let mut s = script();
    s.ask(1, 0, 1, EMPTY);
    s.wait(5000);
    s.ask(1, 0, 2, EMPTY);
    s.breaks("answers soon");
}

#[test]
fn handler_on_a_server_that_was_stopped_or_in_real_time() {
    let mut s = script();
    let call = s.ask(1, 0, 1, EMPTY);
    s.wait(5000);
    s.resume(0);
    s.answer(call, Reply::Vote { term: 1, granted: true });
    s.keeps_the_rules();

    let mut s = Script::new(3);
    let call = s.ask(1, 0, 1, EMPTY);
    s.wait(5000);
    s.answer(call, Reply::Vote { term: 1, granted: true });
    s.keeps_the_rules();

    let mut s = script();
    s.ask(1, 0, 1, EMPTY);
    s.restart(0);
    s.wait(5000);
    s.ask(1, 0, 2, EMPTY);
    s.keeps_the_rules();
}

/// Two entries are committed, S0 and S1 know it, and four seconds pass.
fn two_committed(then: impl FnOnce(&mut Script)) -> Script {
    let mut s = script();
    s.elect(0, 1, EMPTY, &[1]);
    s.accept(0, 1, 1);
    s.accept(0, 2, 1);
    s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
    let told = s.append(0, 1, 1, at(2, 1), &[], 2);
    s.succeed(told, 1);
    then(&mut s);
    s.wait(4000);
    s
}

#[test]
fn leader_that_does_not_apply() {
    let mut s = two_committed(|s| s.apply(1, 2, 1));
    s.append(0, 1, 1, at(2, 1), &[], 2);
    s.breaks("applies what it knows");
}

#[test]
fn follower_that_does_not_apply() {
    let mut s = two_committed(|s| s.apply(0, 2, 1));
    let again = s.append(0, 1, 1, at(2, 1), &[], 2);
    s.succeed(again, 1);
    s.breaks("applies what it knows");
}

#[test]
fn servers_that_apply_or_were_stopped_or_start_with_a_snapshot() {
    let mut s = two_committed(|s| {
        s.apply(0, 2, 1);
        s.apply(1, 2, 1);
    });
    s.replicate(0, 1, 1, at(2, 1), &[], 2);
    s.keeps_the_rules();

    // A message that cannot be read hides what servers have, and not what they apply.
    let mut s = two_committed(|s| {
        s.other_method(true);
        s.apply(0, 2, 1);
        s.apply(1, 2, 1);
    });
    s.replicate(0, 1, 1, at(2, 1), &[], 2);
    s.keeps_the_rules();

    let mut s = two_committed(|s| s.apply(0, 2, 1));
    s.resume(1);
    s.replicate(0, 1, 1, at(2, 1), &[], 2);
    s.keeps_the_rules();
}

/// Candidates with all that S0 can have ask S0 in terms 1 to 8, and are refused.
fn eight_refusals(mut between: impl FnMut(&mut Script, u64)) -> Script {
    let mut s = script();
    for term in 1..=8 {
        s.wait(300);
        let call = s.ask(1, 0, term, EMPTY);
        s.answer(call, Reply::Vote { term, granted: REFUSED });
        if s.is_broken() {
            break;
        }
        between(&mut s, term);
    }
    s
}

#[test]
fn votes_refused_without_a_reason() {
    // It stands once, so its other candidacies would show, too.
    eight_refusals(|s, term| {
        if term == 2 {
            s.ask(0, 2, term, EMPTY);
        }
    })
    .breaks("free vote");
}

#[test]
fn votes_refused_by_a_candidate_or_for_an_entry_of_its_own() {
    eight_refusals(|s, term| {
        s.ask(0, 2, term, EMPTY);
    })
    .keeps_the_rules();
    eight_refusals(|_, _| ()).keeps_the_rules(); // maybe it stood, and cannot send
    let mut own = script();
    own.accept(0, 1, 1);
    for term in 2..=9 {
        own.wait(300);
        let call = own.ask(1, 0, term, EMPTY);
        own.answer(call, Reply::Vote { term, granted: REFUSED });
    }
    own.keeps_the_rules();
}

#[test]
fn votes_refused_for_an_entry_that_a_leader_did_not_send() {
    // S0 is elected and begins its term with an entry. Before it sends that, it hears of the next term.
    let refuses = |s: &mut Script| {
        for term in 2..=9 {
            s.wait(300);
            let call = s.ask(1, 0, term, EMPTY);
            s.answer(call, Reply::Vote { term, granted: REFUSED });
            if s.is_broken() {
                return;
            }
            if term == 3 {
                s.ask(0, 2, term, EMPTY);
            }
        }
    };
    let mut elected = script();
    let call = elected.ask(0, 1, 1, EMPTY);
    elected.answer(call, Reply::Vote { term: 1, granted: !REFUSED });
    refuses(&mut elected);
    elected.keeps_the_rules();
    let mut alone = script();
    let call = alone.ask(0, 1, 1, EMPTY);
    alone.answer(call, Reply::Vote { term: 1, granted: REFUSED });
    refuses(&mut alone);
    alone.breaks("free vote");
}

/// S0 stands for election after these times.
fn stands_after(waits: impl IntoIterator<Item = u64>) -> Script {
    let mut s = script();
    for (term, wait) in (1..).zip(waits) {
        s.wait(wait);
        s.send(0, 1, Request::Vote { term, last: EMPTY });
        if s.is_broken() {
            break;
        }
    }
    s
}

#[test]
fn elections_always_after_the_same_time() {
    stands_after([200; 24]).breaks("drawn at random");
    // The last one is another, and it is the one that would be accused.
    stands_after([200; 22].into_iter().chain([250])).keeps_the_rules();
    // A clock that is looked at every 50 ms: three times, for long the same one.
    stands_after([300; 15].into_iter().chain([350, 400]).chain([300; 15])).keeps_the_rules();
    stands_after((0..40).map(|n| 150 + n * 37 % 150)).keeps_the_rules();
}
