//! Leaders: what they send and commit.

use super::script::{EMPTY, Script, appending, at, snapshot};
use crate::message::{Entry, Position, Reply, Request};

#[test]
fn another_command_for_an_index_and_a_term() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1, 1], 0);
    let entries = vec![Entry { term: 1, digest: 99 }];
    s.send(0, 2, Request::Append { term: 1, prev: at(1, 1), entries, commit: 0 });
    s.breaks("name one entry");
}

#[test]
fn another_past_of_an_entry() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1, 1], 0);
    s.elect(1, 3, at(2, 1), &[2]);
    s.append(1, 2, 3, at(1, 1), &[1, 3], 0);
    s.elect(0, 4, at(3, 3), &[2]);
    s.send(0, 2, appending(4, at(2, 2), &[3], 0));
    s.breaks("name one entry");
}

#[test]
fn leader_that_changes_its_own_log() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.elect(1, 2, at(1, 1), &[2]);
    s.append(1, 2, 2, at(1, 1), &[2], 0);
    // As after a snapshot whose last term was lost.
    s.send(1, 0, appending(2, at(1, 0), &[2], 0));
    s.breaks("name one entry");
}

/// Another term, so another entry: Log Matching says nothing against it.
#[test]
fn entry_replaced_by_a_later_leader() {
    let mut s = Script::new(5);
    s.elect(0, 1, EMPTY, &[1, 3]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.elect(2, 2, EMPTY, &[3, 4]);
    s.append(2, 0, 2, EMPTY, &[2, 2], 0);
    s.keeps_the_rules();
}

/// As in Figure 8, and the leader has never sent the entry itself: only one that comes after it.
#[test]
fn entry_of_an_earlier_term_that_lies_before_what_was_sent() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
    s.replicate(0, 2, 1, EMPTY, &[1, 1], 0);
    s.elect(1, 2, at(2, 1), &[2]);
    s.replicate(1, 2, 2, at(2, 1), &[], 0);
    s.apply(1, 1, 1);
    let headline = s.breaks("when a majority stores it");
    assert_eq!(headline, "S1 commits entry 1 of term 1 in term 2 by counting copies");
}

/// So many terms that the first is forgotten, if they count.
const MANY: std::ops::Range<u64> = 2..100;

/// S0 leads term 1 among five, and S4 stands for many terms, without success.
fn with_a_candidate_of_many_terms(asks: impl Fn(&mut Script, Request)) -> Script {
    let mut s = Script::new(5);
    s.elect(0, 1, EMPTY, &[1, 2]);
    s.replicate(0, 1, 1, EMPTY, &[], 0);
    for term in MANY {
        s.wait(100 + term % 7 * 50);
        asks(&mut s, Request::Vote { term, last: EMPTY });
    }
    s
}

#[test]
fn candidate_that_nobody_hears_does_not_blind_the_referee() {
    let mut s = with_a_candidate_of_many_terms(|s, request| s.send_to_nobody(4, 0, request));
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.append(0, 2, 1, EMPTY, &[1], 1);
    s.breaks("when a majority stores it");
}

#[test]
fn what_is_committed_in_a_forgotten_term_is_not_known() {
    let mut s = with_a_candidate_of_many_terms(|s, request| _ = s.send(4, 0, request));
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.replicate(0, 2, 1, EMPTY, &[1], 0);
    s.append(0, 1, 1, at(1, 1), &[], 1);
    s.apply(0, 1, 1);
    s.keeps_the_rules();
}

#[test]
fn entry_committed_with_half_of_the_servers() {
    let mut s = Script::new(4);
    s.elect(0, 1, EMPTY, &[1, 2]);
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.append(0, 2, 1, EMPTY, &[1], 1);
    s.breaks("when a majority stores it");
}

#[test]
fn entry_that_its_leader_applies_alone() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.apply(0, 1, 1);
    s.breaks("when a majority stores it");
}

#[test]
fn entry_of_an_earlier_term_committed_by_counting() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.elect(0, 2, at(1, 1), &[1]);
    s.replicate(0, 1, 2, EMPTY, &[1], 0);
    s.append(0, 2, 2, EMPTY, &[1], 1);
    s.breaks("when a majority stores it");
}

#[test]
fn entry_of_an_earlier_term_committed_with_one_of_this_term() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.elect(0, 2, at(1, 1), &[1]);
    s.replicate(0, 1, 2, EMPTY, &[1, 2], 0);
    s.append(0, 2, 2, EMPTY, &[1, 2], 2);
    s.keeps_the_rules();
}

#[test]
fn commit_index_that_its_leader_knew_and_never_told() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    // Committed, applied, put into a snapshot; then S0 restarts.
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.apply(0, 1, 1);
    s.restart(0);
    s.elect(0, 2, at(1, 1), &[1]);
    s.append(0, 1, 2, at(1, 1), &[], 1);
    s.keeps_the_rules();
}

#[test]
fn leader_elected_without_a_committed_entry() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    let entry = s.append(0, 1, 1, EMPTY, &[1], 0);
    s.wait(300);
    // Whether S1 had the entry when this came does not show. It must have, for it accepted it in term 1.
    let vote = s.ask(2, 1, 2, EMPTY);
    s.succeed(entry, 1);
    s.append(0, 2, 1, EMPTY, &[1], 1);
    s.answer(vote, Reply::Vote { term: 2, granted: true });
    s.send(2, 0, appending(2, EMPTY, &[], 0));
    s.breaks("holds all that was committed");
}

#[test]
fn deposed_leader_with_another_entry_where_one_is_committed() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[], 0);
    s.elect(2, 2, EMPTY, &[1]);
    s.replicate(2, 1, 2, EMPTY, &[2], 0);
    s.append(2, 1, 2, at(1, 2), &[], 1);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.keeps_the_rules();
}

#[test]
fn snapshot_of_what_is_not_committed() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.append(0, 1, 1, EMPTY, &[1], 0);
    s.request(0, 2, snapshot(1, at(1, 1)));
    s.breaks("a snapshot holds committed entries");
}

#[test]
fn snapshot_with_another_term_than_was_sent() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.request(0, 2, snapshot(1, at(1, 0)));
    s.breaks("name one entry");
}

#[test]
fn index_below_zero() {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.send(0, 1, appending(1, at(u64::MAX - 1, 0), &[], 0));
    s.breaks("name one entry");
}

/// S0 has told commit index 2, and then sends these in its messages, one every 200 ms.
fn commits(later: &[u64]) -> Script {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1], 0);
    s.append(0, 1, 1, at(2, 1), &[], 2);
    for &commit in later {
        s.wait(200);
        let call = s.append(0, 1, 1, at(2, 1), &[], commit);
        if s.is_broken() {
            break;
        }
        s.confirm(call, 1);
    }
    s
}

#[test]
fn commit_index_that_goes_back() {
    // From the second on: before, S1 has confirmed nothing.
    commits(&[1; 7]).breaks("commit index never goes back");
}

/// Threads overtake each other, but none of them has forgotten for long.
#[test]
fn messages_with_the_commit_index_of_before() {
    commits(&[1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1]).keeps_the_rules();
}

/// S0 has told commit index 2 with entries that were lost, and then sends empty messages after `prev` with this commit index, which S1
/// confirms.
fn heartbeats_after_a_loss(prev: Position, commit: u64) -> Script {
    let mut s = Script::new(3);
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    s.replicate(0, 2, 1, EMPTY, &[1, 1], 0);
    s.append(0, 1, 1, at(1, 1), &[1], 2);
    for _ in 0..8 {
        s.wait(200);
        let call = s.append(0, 1, 1, prev, &[], commit);
        if s.is_broken() {
            break;
        }
        s.confirm(call, 1);
    }
    s
}

/// As etcd does: no more than the server is known to have.
#[test]
fn commit_index_of_what_the_server_has_confirmed() {
    heartbeats_after_a_loss(at(1, 1), 1).keeps_the_rules();
    heartbeats_after_a_loss(at(1, 1), 0).breaks("commit index never goes back");
}

/// As hashicorp does: after nothing, and so with nothing to commit.
#[test]
fn commit_index_of_heartbeats_after_nothing() {
    heartbeats_after_a_loss(EMPTY, 0).keeps_the_rules();
}
