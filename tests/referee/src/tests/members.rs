//! Who counts, where not all do (§6; thesis §4.2.1).

use raft_interface::{Change, Configuration, Servers};

use super::script::{Script, at};

/// S0 to S2 vote, S3 learns, and S4 is not there yet.
fn three_voters() -> Script {
    let first = Configuration { learners: Servers::NONE.with(3), ..Configuration::of(Servers::first(3)) };
    Script::new(5).all_is_told().begins_with(first)
}

#[test]
fn learners_elect_nobody_and_commit_nothing() {
    let mut s = three_voters();
    s.elect(0, 1, at(0, 0), &[1]);
    s.replicate(0, 1, 1, at(0, 0), &[1], 0);
    s.replicate(0, 3, 1, at(0, 0), &[1], 1);
    s.keeps_the_rules();
    let mut s = three_voters();
    s.elect(0, 1, at(0, 0), &[3, 4]);
    s.append(0, 1, 1, at(0, 0), &[], 0);
    s.breaks("votes of a majority");
    let mut s = three_voters();
    s.elect(0, 1, at(0, 0), &[1]);
    s.replicate(0, 3, 1, at(0, 0), &[1], 0);
    s.replicate(0, 4, 1, at(0, 0), &[1], 0);
    s.append(0, 1, 1, at(0, 0), &[1], 1);
    s.breaks("when a majority stores it");
}

#[test]
fn who_has_no_vote_does_not_stand() {
    for server in [3, 4] {
        let mut s = three_voters();
        s.ask(server, 0, 1, at(0, 0));
        s.breaks("who has no vote");
    }
    let mut s = three_voters();
    s.may_change(Change::Promote(3));
    s.ask(3, 0, 1, at(0, 0));
    s.keeps_the_rules();
}

#[test]
fn majority_is_that_of_any_configuration_that_there_may_be() {
    // Four voters: two are not enough, whether the change has come about or not.
    let mut s = three_voters();
    s.may_change(Change::Promote(3));
    s.elect(0, 1, at(0, 0), &[3]);
    s.append(0, 1, 1, at(0, 0), &[], 0);
    s.breaks("votes of a majority");
    let mut s = three_voters();
    s.may_change(Change::Promote(3));
    s.elect(0, 1, at(0, 0), &[2, 3]);
    s.replicate(0, 3, 1, at(0, 0), &[1], 0);
    s.replicate(0, 1, 1, at(0, 0), &[1], 0);
    s.append(0, 1, 1, at(1, 1), &[], 1);
    s.keeps_the_rules();
}

#[test]
fn change_can_make_what_was_acknowledged_before_enough() {
    let mut s = Script::new(4).all_is_told().begins_with(Configuration::of(Servers::first(4)));
    s.elect(0, 1, at(0, 0), &[1, 2]);
    s.replicate(0, 1, 1, at(0, 0), &[1], 0);
    s.may_change(Change::Remove(3));
    // S0 appends {S0 S1 S2}: S0 and S1 are two of three.
    s.append(0, 1, 1, at(1, 1), &[1], 1);
    s.keeps_the_rules();
}

#[test]
fn who_decides_alone_commits_without_a_word() {
    let mut s = Script::new(3).all_is_told().begins_with(Configuration::of(Servers::first(1)));
    s.apply(0, 1, 1);
    s.append(0, 1, 1, at(1, 1), &[], 1);
    s.keeps_the_rules();
}

#[test]
fn who_is_no_member_gets_no_heartbeats() {
    let mut s = three_voters();
    s.elect(0, 1, at(0, 0), &[1]);
    for _ in 0..50 {
        s.wait(100);
        for to in [1, 2, 3] {
            let call = s.append(0, to, 1, at(0, 0), &[], 0);
            s.confirm(call, 1);
        }
    }
    s.keeps_the_rules();
    let mut s = three_voters();
    s.elect(0, 1, at(0, 0), &[1]);
    for _ in 0..50 {
        s.wait(100);
        let call = s.append(0, 1, 1, at(0, 0), &[], 0);
        if s.is_broken() {
            break;
        }
        s.confirm(call, 1);
    }
    s.breaks("heartbeats to every server");
}
