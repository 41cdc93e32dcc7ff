//! Servers that go: a removal that is not committed yet, and messages that were meant for an earlier member or voter.

use expect_test::expect;
use raft_interface::{Change, ChangeError};

use super::membership::members;
use super::step;
use crate::state::Moment;
use crate::status::RoleName;

/// Thesis §4.2.2: of two servers S0 removes itself, and nobody else has that entry. S1 cannot win without S0's vote, and does not
/// get it: S0 stands, with S1's vote alone, commits its removal, and goes; S1 leads at once, for S0 tells it to stand.
#[test]
fn leader_that_removed_itself_may_still_be_needed() {
    let mut s = members(2, &[0, 1], &[]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1]);
    s.change(0, Change::Remove(0));
    s.restart(0);
    s.after(1000);
    s.stand(1);
    s.exchange(1, 0);
    s.after(1000);
    assert!(s.servers[0].may_stand());
    s.elect(0, &[1]);
    s.exchange_with(0, &[1]);
    s.show();
    assert!(!s.servers[0].may_stand() && s.servers[1].is_leader());
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [1(no-op)] commit 0
           S1 answers  T1 success
        S0 Remove(0): entry 2: {S1}
        S0 restarts
        ... 1000 ms
        S1 stands for election: Candidate of T2
        S1 -> S0  RequestVote T2 last 1:1
           S0 answers  T2 no, without a vote
        ... 1000 ms
        S0 stands for election: Candidate of T3
        S0 -> S1  RequestVote T3 last 2:1
           S1 answers  T3 yes
        S0 -> S1  AppendEntries T3 prev 2:1 [3(no-op)] commit 0
           S1 answers  T3 conflict: log ends before 2
        S0 -> S1  AppendEntries T3 prev 1:1 [1({S1}) 3(no-op)] commit 0
           S1 answers  T3 success
        S0 -> S1  TimeoutNow T3
           S1 answers  T4
        S0: Follower T4 vote - log [1 1 3] committed 3
        S1: Leader T4 vote S1 log [1 1 3 4] committed 4
    "#]]);
}

/// The same after a restart, by which S1 forgets that its vote is committed: its log has the configuration that gave it one.
#[test]
fn vote_that_is_not_known_to_be_committed_is_enough_to_stand() {
    let mut s = members(2, &[0], &[1]);
    s.elect(0, &[]);
    s.exchange_with(0, &[1]);
    s.change(0, Change::Promote(1));
    s.exchange_with(0, &[1]);
    s.after(1000);
    s.elect(1, &[0]);
    s.exchange_with(1, &[0]);
    s.change(1, Change::Remove(1));
    s.restart(1);
    s.after(1000);
    s.stand(0);
    s.exchange(0, 1);
    assert!(s.servers[1].may_stand(), "S0 gets no vote of S1");
}

/// Whom a leader without a vote tells to stand is down. It does not wait for long: its heartbeats keep the others from standing.
#[test]
fn leader_without_a_vote_goes_although_nobody_takes_over() {
    let mut s = members(3, &[0, 1, 2], &[]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1, 2]);
    s.change(0, Change::Remove(0));
    [1, 2].into_iter().for_each(|peer| s.exchange(0, peer));
    assert!(s.servers[0].is_leader() && !s.servers[0].may_accept());
    let again = s.servers[0].change_configuration(Change::AddLearner(0), &Moment::now());
    assert_eq!(again, Err(ChangeError::HandingOver));
    s.after(100);
    step(&mut s, 0, |state, moment| state.on_alarm(moment));
    assert_eq!(s.servers[0].role_name(), RoleName::Follower);
    assert!(!s.servers[0].may_stand());
}

/// An order to stand that finds a server without a vote is none (thesis §4.2.1).
#[test]
fn learner_obeys_no_late_order_to_stand() {
    let mut s = members(4, &[0, 1, 2, 3], &[]);
    s.set_features(|features| features.leadership_transfer = true);
    s.elect(0, &[1, 2]);
    s.exchange_with(0, &[1, 2, 3]);
    s.after(100);
    s.exchange_with(0, &[1, 2, 3]);
    let begun = step(&mut s, 0, |state, moment| state.begin_handover(3, moment));
    assert_eq!(begun, Ok(()));
    s.change(0, Change::Demote(3));
    let order = s.send(0, 3);
    s.after(450);
    step(&mut s, 0, |state, moment| state.on_alarm(moment));
    s.change(0, Change::Demote(3));
    for _ in 0..2 {
        s.exchange_with(0, &[1, 2, 3]);
        s.after(100);
    }
    s.deliver(&order);
    assert_eq!(s.servers[3].role_name(), RoleName::Follower);
    assert!(s.page.contains("Demote(3): the leader is handing its office"), "{}", s.page);
}

/// S2 goes, is set up anew, and comes back: what it has acknowledged in its earlier life says nothing of this one.
#[test]
fn late_answer_of_an_earlier_member_does_not_count() {
    let mut s = members(3, &[0, 1], &[2]);
    s.elect(0, &[1]);
    s.exchange_with(0, &[1, 2]);
    s.after(100);
    s.start(0, "a");
    let late = s.send(0, 2);
    let answer = s.deliver(&late);
    s.exchange_with(0, &[1]);
    s.change(0, Change::Remove(2));
    s.exchange_with(0, &[1]);
    let mut anew = members(3, &[0, 1], &[2]);
    s.servers[2] = anew.servers.remove(2);
    s.disks[2] = anew.disks.remove(2);
    s.change(0, Change::AddLearner(2));
    s.exchange_with(0, &[1]);
    s.receive(&late, Some(&answer));
    for _ in 0..3 {
        s.after(100);
        s.exchange_with(0, &[1, 2]);
    }
    assert_eq!(s.servers[2].log.last_index(), s.servers[0].log.last_index());
}
