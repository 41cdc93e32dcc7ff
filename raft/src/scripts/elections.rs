//! Votes and terms (§5.2, §5.4.1).

use expect_test::expect;

use super::{Reply, Script};
use crate::status::RoleName;

/// A fresh cluster elects who stands first; that one speaks at once, and the others follow it.
#[test]
fn first_election() {
    let mut s = Script::new(3);
    s.stand(0);
    s.exchange(0, 1);
    s.note("a majority: S2's vote is not needed, and a heartbeat is due at once");
    s.exchange(0, 1);
    s.exchange(0, 2);
    s.silent(0, 1);
    s.after(100);
    s.exchange(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        # a majority: S2's vote is not needed, and a heartbeat is due at once
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [] commit 0
           S2 answers  T1 success
        S0 -> S1  nothing
        ... 100 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0: Leader T1 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T1 vote - log [] committed 0
    "#]]);
}

/// One vote per term: whoever asks second is refused, even after the voter has restarted, and the same candidate
/// may ask again.
#[test]
fn one_vote_per_term() {
    let mut s = Script::with_logs(&[(0, &[]), (0, &[]), (1, &[])]);
    s.note("S2 is in T1 already: the vote is all that it has to save");
    s.stand(0);
    s.stand(1);
    let first = s.send(0, 2);
    let second = s.send(1, 2);
    s.deliver(&first);
    s.deliver(&second);
    s.restart(2);
    s.deliver(&second);
    s.note("S0's reply was lost: it asks again, and the vote is still its own");
    s.receive(&first, None);
    s.silent(0, 2);
    s.after(20);
    s.exchange(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        # S2 is in T1 already: the vote is all that it has to save
        S0 stands for election: Candidate of T1
        S1 stands for election: Candidate of T1
        S0 -> S2  RequestVote T1 last 0:0
        S1 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
           S2 answers  T1 no
        S2 restarts
           S2 answers  T1 no
        # S0's reply was lost: it asks again, and the vote is still its own
           S0 gets no reply from S2
        S0 -> S2  nothing
        ... 20 ms
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
        S0: Leader T1 vote S0 log [] committed 0
        S1: Candidate T1 vote S1 log [] committed 0
        S2: Follower T1 vote S0 log [] committed 0
    "#]]);
}

/// A follower that got a heartbeat keeps its vote of that term.
#[test]
fn heartbeat_does_not_free_the_vote() {
    let mut s = Script::new(5);
    s.stand(4);
    let late = s.send(4, 2);
    s.elect(0, &[1, 2]);
    s.exchange(0, 2);
    s.deliver(&late);
    s.show();
    s.ends_as(&expect![[r#"
        S4 stands for election: Candidate of T1
        S4 -> S2  RequestVote T1 last 0:0
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
        S0 -> S2  AppendEntries T1 prev 0:0 [] commit 0
           S2 answers  T1 success
           S2 answers  T1 no
        S0: Leader T1 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T1 vote S0 log [] committed 0
        S3: Follower T0 vote - log [] committed 0
        S4: Candidate T1 vote S4 log [] committed 0
    "#]]);
}

/// §5.4.1: the later last term wins, then the longer log.
#[test]
fn only_an_up_to_date_log_gets_a_vote() {
    let mut s = Script::with_logs(&[(3, &[1, 1, 2, 2]), (3, &[1, 1, 3]), (3, &[1, 1, 2])]);
    s.note("a longer log of an earlier term is refused");
    s.stand(0);
    s.exchange(0, 1);
    s.note("a shorter log of the same term is refused");
    s.after(500);
    s.stand(2);
    s.exchange(2, 0);
    s.note("a shorter log of a later term wins");
    s.after(500);
    s.stand(1);
    s.exchange(1, 0);
    s.show();
    s.ends_as(&expect![[r#"
        # a longer log of an earlier term is refused
        S0 stands for election: Candidate of T4
        S0 -> S1  RequestVote T4 last 4:2
           S1 answers  T4 no
        # a shorter log of the same term is refused
        ... 500 ms
        S2 stands for election: Candidate of T4
        S2 -> S0  RequestVote T4 last 3:2
           S0 answers  T4 no
        # a shorter log of a later term wins
        ... 500 ms
        S1 stands for election: Candidate of T5
        S1 -> S0  RequestVote T5 last 3:3
           S0 answers  T5 yes
        S0: Follower T5 vote S1 log [1 1 2 2] committed 0
        S1: Leader T5 vote S1 log [1 1 3] committed 0
        S2: Candidate T4 vote S2 log [1 1 2] committed 0
    "#]]);
}

/// Four servers: two votes are half, and half is no majority.
#[test]
fn half_the_votes_are_not_enough() {
    let mut s = Script::new(4);
    s.stand(0);
    s.exchange(0, 1);
    s.show();
    s.note("three of four are");
    s.exchange(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0: Candidate T1 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
        S3: Follower T0 vote - log [] committed 0
        # three of four are
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T1 yes
        S0: Leader T1 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T1 vote S0 log [] committed 0
        S3: Follower T0 vote - log [] committed 0
    "#]]);
}

/// Duplicate answers of one voter do not add up to a majority.
#[test]
fn voters_are_counted_and_not_replies() {
    let mut s = Script::new(5);
    s.stand(0);
    let carried = s.send(0, 1);
    let reply = s.deliver(&carried);
    for _ in 0..4 {
        s.receive(&carried, Some(&reply));
    }
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0: Candidate T1 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
        S3: Follower T0 vote - log [] committed 0
        S4: Follower T0 vote - log [] committed 0
    "#]]);
}

/// A higher term in any message, request or reply, ends a leadership or a candidacy.
#[test]
fn higher_term_deposes() {
    let mut s = Script::with_logs(&[(0, &[]), (0, &[]), (7, &[])]);
    s.note("in a vote reply");
    s.stand(0);
    s.exchange(0, 2);
    s.show();
    s.note("in the reply to a heartbeat");
    s.after(500);
    s.elect(0, &[1]);
    s.servers[2].current_term = 20;
    s.exchange(0, 2);
    s.show();
    s.note("in a vote request, although the vote is refused");
    s.after(500);
    s.start(0, "ignored");
    s.elect(0, &[1]);
    s.start(0, "x");
    s.stand(2);
    s.after(500);
    s.stand(2);
    s.exchange(2, 0);
    s.show();
    s.ends_as(&expect![[r#"
        # in a vote reply
        S0 stands for election: Candidate of T1
        S0 -> S2  RequestVote T1 last 0:0
           S2 answers  T7 no
        S0: Follower T7 vote - log [] committed 0
        S1: Follower T0 vote - log [] committed 0
        S2: Follower T7 vote - log [] committed 0
        # in the reply to a heartbeat
        ... 500 ms
        S0 stands for election: Candidate of T8
        S0 -> S1  RequestVote T8 last 0:0
           S1 answers  T8 yes
        S0 -> S2  AppendEntries T8 prev 0:0 [] commit 0
           S2 answers  T20 refused
        S0: Follower T20 vote - log [] committed 0
        S1: Follower T8 vote S0 log [] committed 0
        S2: Follower T20 vote - log [] committed 0
        # in a vote request, although the vote is refused
        ... 500 ms
        S0 start ignored: no leader of T20
        S0 stands for election: Candidate of T21
        S0 -> S1  RequestVote T21 last 0:0
           S1 answers  T21 yes
        S0 start x: index 1 of T21
        S2 stands for election: Candidate of T21
        ... 500 ms
        S2 stands for election: Candidate of T22
        S2 -> S0  RequestVote T22 last 0:0
           S0 answers  T22 no
        S0: Follower T22 vote - log [21] committed 0
        S1: Follower T21 vote S0 log [] committed 0
        S2: Candidate T22 vote S2 log [] committed 0
    "#]]);
}

/// Late answers to an earlier candidacy, and a vote that arrives when the election is over, change nothing.
#[test]
fn stale_votes_do_not_count() {
    let mut s = Script::new(3);
    s.stand(0);
    let old = s.send(0, 1);
    let yes = s.deliver(&old);
    s.after(500);
    s.stand(0);
    s.note("the vote of T1 arrives in T2");
    s.receive(&old, Some(&yes));
    s.show();
    s.note("an answer from a server that was killed: term 0");
    let asked = s.send(0, 2);
    s.receive(&asked, Some(&Reply::Vote(Default::default())));
    s.silent(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        ... 500 ms
        S0 stands for election: Candidate of T2
        # the vote of T1 arrives in T2
        S0: Candidate T2 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
        # an answer from a server that was killed: term 0
        S0 -> S2  RequestVote T2 last 0:0
        S0 -> S2  nothing
        S0: Candidate T2 vote S0 log [] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// The timer restarts when a vote is granted and when the current leader speaks, and at nothing else.
#[test]
fn what_restarts_the_election_timer() {
    let mut s = Script::with_logs(&[(1, &[1]), (1, &[]), (1, &[1])]);
    let deadline = |s: &Script, id: usize| s.servers[id].election_deadline - s.now;
    s.after(300);
    s.stand(1);
    s.exchange(1, 2);
    assert_eq!(deadline(&s, 2).as_millis(), 200, "a refused vote restarts nothing");
    s.stand(0);
    s.exchange(0, 2);
    assert_eq!(deadline(&s, 2).as_millis(), 500, "a granted vote restarts the timer");
    s.after(50);
    let heartbeat = s.send(0, 2);
    s.deliver(&heartbeat);
    assert_eq!(deadline(&s, 2).as_millis(), 500, "the leader restarts the timer");
    s.after(50);
    s.stand(1);
    s.after(50);
    s.stand(1);
    s.exchange(1, 2);
    assert_eq!(deadline(&s, 2).as_millis(), 400, "a new term restarts nothing");
    s.deliver(&heartbeat);
    assert_eq!(deadline(&s, 2).as_millis(), 400, "an old leader restarts nothing");
    s.exchange(1, 0);
    assert_eq!(deadline(&s, 0).as_millis(), 500, "a leader that steps down waits a full timeout");
    assert_eq!(s.servers[0].role_name(), RoleName::Follower);
}

/// The hint is the leader that was heard of, never the candidate that got the vote, and it ends with its term.
#[test]
fn leader_hint_follows_the_term() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    assert_eq!(s.servers[1].leader, None, "a vote is no leader");
    s.exchange(0, 1);
    assert_eq!((s.servers[0].leader, s.servers[1].leader), (Some(0), Some(0)));
    s.stand(2);
    s.after(500);
    s.stand(2);
    s.exchange(2, 1);
    assert_eq!(s.servers[1].leader, None, "the term has moved on without a leader");
}
