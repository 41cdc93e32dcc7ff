//! Terms, votes and leaders.

use super::script::{EMPTY, Script, at, snapshot};
use crate::message::Reply;

#[test]
fn answer_below_an_earlier_answer() {
    let mut s = Script::new(3);
    s.vote(1, 0, 5, EMPTY);
    let late = s.ask(2, 0, 4, EMPTY);
    s.answer(late, Reply::Vote { term: 4, granted: false });
    s.breaks("term never goes back");
}

/// The server has only said the wrong thing: see `rules/reply_terms.rs`.
#[test]
fn refusal_that_repeats_the_term_of_the_request() {
    for is_of_a_leader in [false, true] {
        let mut s = Script::new(3);
        s.elect(2, 4, EMPTY, &[1]);
        s.vote(1, 0, 5, EMPTY);
        if is_of_a_leader {
            let old = s.append(2, 0, 4, EMPTY, &[], 0);
            s.answer(old, Reply::Append { term: 4, success: false, conflict: None, matched: None });
        } else {
            let old = s.ask(2, 0, 4, EMPTY);
            s.answer(old, Reply::Vote { term: 4, granted: false });
        }
        s.breaks("its replies bear it");
    }
}

/// Who gives what was asked for in an old term takes part in it.
#[test]
fn vote_in_a_term_that_is_over() {
    let mut s = Script::new(3);
    s.vote(1, 0, 5, EMPTY);
    let late = s.ask(2, 0, 4, EMPTY);
    s.answer(late, Reply::Vote { term: 4, granted: true });
    s.breaks("also across restarts");
}

/// The second leader of a term has not been elected: that says more than that there are two.
#[test]
fn second_leader_without_votes() {
    let mut s = Script::new(4);
    s.elect(0, 5, EMPTY, &[1, 2]);
    s.append(0, 1, 5, EMPTY, &[], 0);
    s.ask(3, 1, 5, EMPTY);
    s.append(3, 1, 5, EMPTY, &[], 0);
    s.breaks("votes of a majority");
}

/// S0 handled the request of term 4 first; its answer only left later.
#[test]
fn answers_of_handlers_that_ran_at_one_time_overtake_each_other() {
    let mut s = Script::new(3);
    let (first, second) = (s.ask(1, 0, 4, EMPTY), s.ask(2, 0, 5, EMPTY));
    s.answer(second, Reply::Vote { term: 5, granted: true });
    s.answer(first, Reply::Vote { term: 4, granted: true });
    s.keeps_the_rules();
}

#[test]
fn term_that_a_restart_has_lost() {
    let mut s = Script::new(3);
    s.ask(0, 1, 3, EMPTY);
    s.restart(0);
    s.wait(300);
    s.ask(0, 1, 2, EMPTY);
    s.breaks("term never goes back");
}

/// The second request of the election was built with the first one.
#[test]
fn request_that_was_built_before_the_term_changed() {
    let mut s = Script::new(3);
    s.ask(0, 1, 2, EMPTY);
    let other = s.ask(1, 0, 3, EMPTY);
    s.answer(other, Reply::Vote { term: 3, granted: true });
    s.ask(0, 2, 2, EMPTY);
    s.keeps_the_rules();
}

#[test]
fn first_request_after_a_restart_that_an_answer_overtakes() {
    let mut s = Script::new(3);
    s.ask(0, 1, 2, EMPTY);
    s.restart(0);
    s.wait(300);
    // The new incarnation builds a request of term 3, adopts term 4, answers, and only then the request leaves.
    let other = s.ask(1, 0, 4, EMPTY);
    s.answer(other, Reply::Vote { term: 4, granted: true });
    s.ask(0, 2, 3, EMPTY);
    s.keeps_the_rules();
}

#[test]
fn two_votes_in_one_term() {
    let mut s = Script::new(3);
    s.vote(1, 0, 2, EMPTY);
    s.restart(0);
    s.vote(2, 0, 2, EMPTY);
    s.breaks("one vote per server");
}

#[test]
fn candidate_that_votes_for_another_in_its_term() {
    let mut s = Script::new(3);
    s.ask(0, 1, 2, EMPTY);
    s.vote(2, 0, 2, EMPTY);
    s.breaks("one vote per server");
}

#[test]
fn same_vote_twice_and_votes_in_two_terms() {
    let mut s = Script::new(3);
    s.vote(1, 0, 2, EMPTY);
    s.vote(1, 0, 2, EMPTY);
    s.vote(2, 0, 3, EMPTY);
    s.keeps_the_rules();
}

#[test]
fn vote_for_a_log_that_is_behind() {
    for behind in [at(1, 1), EMPTY] {
        let mut s = Script::new(3);
        s.elect(0, 1, EMPTY, &[1]);
        s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
        s.vote(2, 1, 2, behind);
        s.breaks("at least as up to date");
    }
}

#[test]
fn vote_of_a_leader_for_a_log_without_what_it_has_sent() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.vote(2, 0, 2, EMPTY);
    s.breaks("at least as up to date");
}

/// The network delivers a request once more, after the candidate has become leader and sent entries: the vote is the same.
#[test]
fn vote_that_is_given_again_after_entries_have_come() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
    s.vote(0, 1, 1, EMPTY);
    s.keeps_the_rules();
}

/// A leader may send before it has saved: nobody has counted it yet.
#[test]
fn vote_of_a_leader_that_had_not_saved_what_it_sent() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.restart(0);
    s.vote(2, 0, 2, EMPTY);
    s.keeps_the_rules();
}

#[test]
fn vote_for_a_shorter_log_with_a_later_term_and_of_a_log_that_was_cut() {
    let mut s = Script::new(5);
    s.elect(0, 1, EMPTY, &[1, 2]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1, 1], 0);
    s.elect(2, 2, EMPTY, &[3, 4]);
    s.replicate(2, 3, 2, EMPTY, &[2], 0);
    s.elect(3, 3, at(1, 2), &[1, 4]);
    s.replicate(3, 4, 3, EMPTY, &[2], 0);
    // Either S1 has handled this and cut its log, or not: what it has is not certain.
    s.append(3, 1, 3, EMPTY, &[2], 0);
    s.elect(4, 4, at(1, 2), &[1, 2]);
    s.keeps_the_rules();
}

#[test]
fn old_leader_that_is_accepted() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.elect(2, 2, EMPTY, &[1]);
    let old = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.succeed(old, 2);
    s.breaks("older term is refused");
}

#[test]
fn old_leader_that_is_refused_or_was_in_time() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    let in_time = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.elect(2, 2, EMPTY, &[1]);
    s.succeed(in_time, 1);
    let late = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.reject(late, 2, 1);
    s.keeps_the_rules();
}

#[test]
fn half_of_the_votes_are_no_majority() {
    let mut s = Script::new(4);
    s.elect(0, 1, EMPTY, &[1]);
    // The same voter again: a repeated request, answered twice.
    s.vote(0, 1, 1, EMPTY);
    s.append(0, 2, 1, EMPTY, &[], 0);
    s.breaks("votes of a majority");
}

#[test]
fn leader_without_an_election() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[], 0);
    s.append(0, 1, 2, EMPTY, &[], 0);
    s.breaks("votes of a majority");
}

#[test]
fn two_leaders_of_a_term_and_one_that_survives_its_restart() {
    let mut s = Script::new(5);
    s.elect(0, 1, EMPTY, &[1, 2]);
    s.append(0, 1, 1, EMPTY, &[], 0);
    s.restart(0);
    s.append(0, 1, 1, EMPTY, &[], 0);
    s.breaks("at most one leader");
}

/// A restart takes the role, and not the right to be elected.
#[test]
fn leader_that_is_elected_again_in_a_later_term() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[], 0);
    s.restart(0);
    s.elect(0, 2, EMPTY, &[1]);
    s.append(0, 1, 2, EMPTY, &[], 0);
    s.keeps_the_rules();
}

#[test]
fn elections_right_after_a_granted_vote() {
    let mut s = Script::new(3);
    s.ask(0, 1, 1, EMPTY);
    for term in [2, 4] {
        s.wait(300);
        s.vote(2, 0, term, EMPTY);
        s.wait(5);
        s.ask(0, 1, term + 1, EMPTY);
    }
    s.breaks("no election within");
}

#[test]
fn one_election_right_after_a_granted_vote() {
    let mut s = Script::new(3);
    s.ask(0, 1, 1, EMPTY);
    s.wait(300);
    s.vote(2, 0, 2, EMPTY);
    s.ask(0, 1, 3, EMPTY);
    s.ask(0, 2, 3, EMPTY); // the same election
    s.keeps_the_rules();
}

/// S0 is asked twice in terms above its own, and answers with its own.
fn two_terms_not_adopted(after: impl FnOnce(&mut Script)) -> Script {
    let mut s = Script::new(3);
    after(&mut s);
    for term in [5, 6] {
        let call = s.ask(1, 0, term, EMPTY);
        s.answer(call, Reply::Vote { term: 1, granted: false });
        if s.is_broken() {
            break;
        }
    }
    s
}

#[test]
fn higher_term_that_is_not_adopted() {
    two_terms_not_adopted(|s| {
        s.ask(0, 2, 1, EMPTY);
    })
    .breaks("term never goes back");
}

/// Thesis §4.2.3. The last case has heard from nobody for seconds.
#[test]
fn candidate_that_is_ignored_by_who_has_a_leader_or_leads() {
    two_terms_not_adopted(|s| {
        s.elect(2, 1, EMPTY, &[0]);
        s.replicate(2, 0, 1, EMPTY, &[], 0);
    })
    .keeps_the_rules();
    two_terms_not_adopted(|s| {
        s.elect(0, 1, EMPTY, &[1]);
        s.replicate(0, 1, 1, EMPTY, &[], 0);
    })
    .keeps_the_rules();
    two_terms_not_adopted(|s| {
        s.elect(2, 1, EMPTY, &[0]);
        s.replicate(2, 0, 1, EMPTY, &[], 0);
        s.wait(5000);
    })
    .breaks("term never goes back");
}

/// Before its answer has left it hears of a term between, by an answer to what it had sent as a leader, and says so to a third one.
#[test]
fn candidate_that_is_ignored_by_who_leads_no_more_when_it_answers() {
    let mut s = Script::new(3);
    s.elect(0, 6, EMPTY, &[1]);
    s.replicate(0, 1, 6, EMPTY, &[], 0);
    let beat = s.append(0, 2, 6, EMPTY, &[], 0);
    let ignored = s.ask(2, 0, 8, EMPTY);
    let other = s.ask(1, 0, 7, EMPTY);
    s.answer(beat, Reply::Append { term: 7, success: false, conflict: None, matched: None });
    s.hear(beat, Reply::Append { term: 7, success: false, conflict: None, matched: None });
    s.answer(other, Reply::Vote { term: 7, granted: false });
    s.answer(ignored, Reply::Vote { term: 6, granted: false });
    let late = s.ask(2, 0, 7, EMPTY);
    s.answer(late, Reply::Vote { term: 7, granted: false });
    s.keeps_the_rules();
}

/// Thesis §6.4.1: it may have promised a leader to leave candidates alone for a while, and does not know any more.
#[test]
fn candidate_that_is_ignored_by_who_has_just_started_again() {
    let restarted = |wait: u64| {
        two_terms_not_adopted(|s| {
            s.ask(0, 2, 1, EMPTY);
            s.wait(9000);
            s.restart(0);
            s.wait(wait);
        })
    };
    restarted(100).keeps_the_rules();
    restarted(9000).breaks("term never goes back");
}

#[test]
fn election_after_a_timeout_or_after_a_refused_vote() {
    let mut s = Script::new(3);
    s.ask(0, 1, 1, EMPTY);
    s.wait(300);
    s.vote(2, 0, 2, EMPTY);
    s.wait(100);
    s.ask(0, 1, 3, EMPTY);
    let refused = s.ask(1, 0, 4, EMPTY);
    s.answer(refused, Reply::Vote { term: 4, granted: false });
    s.ask(0, 1, 5, EMPTY);
    s.keeps_the_rules();
}

#[test]
fn leader_that_ignores_a_later_term_in_replies() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    for _ in 0..20 {
        s.wait(100);
        let beat = s.append(0, 2, 1, EMPTY, &[], 0);
        if s.is_broken() {
            break;
        }
        let reply = Reply::Append { term: 7, success: false, conflict: None, matched: None };
        s.answer(beat, reply);
        s.hear(beat, reply);
    }
    s.breaks("leaves its own");
}

#[test]
fn messages_that_a_paused_leader_had_built_before() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    let beat = s.append(0, 2, 1, EMPTY, &[], 0);
    let reply = Reply::Append { term: 7, success: false, conflict: None, matched: None };
    s.answer(beat, reply);
    s.hear(beat, reply);
    s.wait(5000);
    for _ in 0..20 {
        s.append(0, 1, 1, EMPTY, &[], 0);
    }
    s.keeps_the_rules();
}

#[test]
fn snapshot_request_is_of_a_leader() {
    let mut s = Script::new(3);
    s.request(0, 1, snapshot(1, at(1, 1)));
    s.breaks("votes of a majority");
}
