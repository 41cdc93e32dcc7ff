//! Followers: what they accept, keep and apply.

use super::script::{EMPTY, INSTALLED, Script, appending, at, snapshot};
use raft_interface::Index;

use crate::message::Reply;

/// S0 leads term 1, and S1 has acknowledged three entries.
fn three_entries() -> Script {
    let mut s = Script::new(3).all_is_told();
    s.elect(0, 1, EMPTY, &[1]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1, 1], 0);
    s
}

/// The same among five, of which S3 and S4 have nothing.
fn three_entries_of_five() -> Script {
    let mut s = Script::new(5).all_is_told();
    s.elect(0, 1, EMPTY, &[1, 2]);
    s.replicate(0, 1, 1, EMPTY, &[1, 1, 1], 0);
    s
}

/// Then S2 leads term 2, and S0 and S3 take two entries of it. S1 has still what it had.
fn two_others_of_five() -> Script {
    let mut s = three_entries_of_five();
    s.elect(2, 2, EMPTY, &[3, 4]);
    s.replicate(2, 0, 2, EMPTY, &[2, 2], 0);
    s.replicate(2, 3, 2, EMPTY, &[2, 2], 0);
    s
}

#[test]
fn success_after_an_entry_that_was_never_sent() {
    let mut s = three_entries();
    s.replicate(0, 2, 1, at(3, 1), &[1], 0);
    s.breaks("entry at prevLogIndex");
}

#[test]
fn heartbeat_that_succeeds_on_a_log_that_differs() {
    let mut s = three_entries_of_five();
    s.elect(2, 2, EMPTY, &[3, 4]);
    s.replicate(2, 0, 2, EMPTY, &[2, 2], 0);
    s.replicate(2, 1, 2, at(2, 2), &[], 0);
    s.breaks("entry at prevLogIndex");
}

/// The follower tells its service before it answers.
#[test]
fn heartbeat_that_is_taken_on_a_log_that_differs() {
    let mut s = two_others_of_five();
    s.append(2, 1, 2, at(2, 2), &[], 2);
    s.apply(1, 1, 1);
    s.breaks("entry at prevLogIndex");
}

/// A commit index that an earlier message brought is not the fault of this one.
#[test]
fn wrong_entry_that_was_known_to_be_committed_before() {
    let mut s = two_others_of_five();
    s.replicate(2, 1, 2, EMPTY, &[2], 2);
    s.append(2, 1, 2, at(2, 2), &[], 2);
    s.apply(1, 1, 1);
    s.breaks("receiver 3");
}

#[test]
fn success_after_entries_that_an_overtaken_message_brought() {
    let mut s = three_entries();
    // The second message is delivered first, and handled second.
    let (first, second) = (
        s.send(0, 2, super::script::appending(1, EMPTY, &[1, 1, 1], 0)),
        s.send(0, 2, super::script::appending(1, at(3, 1), &[1], 0)),
    );
    s.deliver(second);
    s.deliver(first);
    s.succeed(second, 1);
    s.succeed(first, 1);
    s.keeps_the_rules();
}

#[test]
fn success_after_an_entry_of_its_own_or_from_a_snapshot() {
    let mut s = three_entries();
    s.replicate(0, 1, 1, at(3, 1), &[], 3);
    let snapshot = s.request(0, 2, snapshot(1, at(3, 1)));
    s.answer(snapshot, INSTALLED);
    s.replicate(0, 2, 1, at(3, 1), &[], 3);
    s.elect(1, 2, at(3, 1), &[2]);
    s.replicate(1, 2, 2, at(3, 1), &[2], 3);
    s.elect(2, 3, at(4, 2), &[0]);
    s.replicate(2, 1, 3, at(4, 2), &[3], 3);
    s.keeps_the_rules();
}

#[test]
fn entries_lost_in_a_restart_show_in_a_rejection() {
    let mut s = three_entries();
    s.restart(1);
    let next = s.append(0, 1, 1, at(3, 1), &[1], 0);
    s.reject(next, 1, 1);
    s.breaks("acknowledged entries stay");
}

#[test]
fn entries_lost_in_a_restart_show_in_a_candidacy() {
    let mut s = three_entries();
    s.restart(1);
    s.wait(300);
    s.ask(1, 2, 2, at(2, 1));
    s.breaks("acknowledged entries stay");
}

#[test]
fn entries_of_a_leader_that_counted_itself_and_did_not_save() {
    let mut s = three_entries();
    s.append(0, 2, 1, EMPTY, &[1, 1, 1], 3);
    s.restart(0);
    s.wait(300);
    s.ask(0, 2, 2, EMPTY);
    s.breaks("acknowledged entries stay");
}

#[test]
fn log_cut_by_a_late_and_shorter_message() {
    let mut s = three_entries();
    s.replicate(0, 1, 1, EMPTY, &[1], 0);
    let next = s.append(0, 1, 1, at(3, 1), &[1], 0);
    s.reject(next, 1, 2);
    s.breaks("acknowledged entries stay");
}

#[test]
fn log_dropped_for_a_late_snapshot() {
    let mut s = three_entries();
    s.replicate(0, 1, 1, at(3, 1), &[], 3);
    s.trim(1, 1);
    let late = s.request(0, 1, snapshot(1, at(1, 1)));
    s.answer(late, INSTALLED);
    let next = s.append(0, 1, 1, at(3, 1), &[1], 3);
    s.reject(next, 1, 2);
    s.breaks("acknowledged entries stay");
}

/// S1 answers entries up to 5 with a success that says up to where the log matches, and then rejects what follows them.
fn rejection_after_a_success(matched: Option<Index>) -> Script {
    let mut s = three_entries();
    let late = s.append(0, 1, 1, at(1, 1), &[1, 1, 1, 1], 3);
    s.answer(late, Reply::Append { term: 1, success: true, conflict: None, matched });
    let next = s.append(0, 1, 1, at(5, 1), &[1], 3);
    s.reject(next, 1, 4);
    s
}

#[test]
fn success_that_covers_less_than_the_request() {
    // etcd: the request begins below what is committed, so nothing is taken of it.
    rejection_after_a_success(Some(3)).keeps_the_rules();
    rejection_after_a_success(None).breaks("acknowledged entries stay");
    rejection_after_a_success(Some(7)).breaks("acknowledged entries stay");
}

/// S2 answers a snapshot up to entry 3, and then stands for election with an empty log.
fn candidacy_after_a_snapshot(reply: Reply) -> Script {
    let mut s = three_entries();
    s.replicate(0, 1, 1, at(3, 1), &[], 3);
    let install = s.request(0, 2, snapshot(1, at(3, 1)));
    s.answer(install, reply);
    s.ask(2, 1, 2, EMPTY);
    s
}

#[test]
fn snapshot_that_was_answered_and_not_taken() {
    // MIT's lab of 2021: the service decides later whether it is taken.
    candidacy_after_a_snapshot(INSTALLED).keeps_the_rules();
    // Who says that it has taken it has it.
    let taken = Reply::Snapshot { term: 1, has_taken: Some(true) };
    candidacy_after_a_snapshot(taken).breaks("acknowledged entries stay");
}

#[test]
fn rejection_of_what_was_replaced_or_is_in_a_snapshot() {
    let mut s = three_entries();
    // The follower may reject what its snapshot covers, and says where to go on.
    s.replicate(0, 1, 1, at(3, 1), &[], 3);
    let covered = s.append(0, 1, 1, at(1, 1), &[1], 3);
    s.reject(covered, 1, 4);
    s.keeps_the_rules();

    let mut s = three_entries_of_five();
    s.elect(2, 2, EMPTY, &[3, 4]);
    // Maybe handled before the rejection, maybe not.
    s.append(2, 1, 2, EMPTY, &[2], 0);
    s.wait(300);
    s.ask(1, 0, 3, at(1, 2));
    s.elect(2, 4, at(1, 2), &[3, 4]);
    let next = s.append(2, 1, 4, at(1, 2), &[4], 0);
    s.reject(next, 4, 1);
    s.keeps_the_rules();
}

#[test]
fn entries_that_were_committed_and_not_in_a_snapshot_are_not_rejected() {
    let reject = |trimmed| {
        let mut s = three_entries();
        s.replicate(0, 1, 1, at(3, 1), &[], 3);
        s.trim(1, trimmed);
        let again = s.append(0, 1, 1, at(2, 1), &[1], 3);
        s.reject(again, 1, 1);
        s
    };
    reject(1).breaks("acknowledged entries stay");
    reject(2).keeps_the_rules();
}

/// A commit index stays true when its leader goes.
#[test]
fn commit_index_heard_from_the_leader_before() {
    let mut s = three_entries_of_five();
    s.replicate(0, 2, 1, EMPTY, &[1, 1, 1], 0);
    // S3 hears of commit index 3 and gets the entries from the next leader, who does not know it yet.
    s.append(0, 3, 1, EMPTY, &[1], 3);
    s.elect(1, 2, at(3, 1), &[2, 4]);
    s.append(1, 3, 2, EMPTY, &[1, 1, 1], 0);
    s.apply(3, 3, 1);
    s.keeps_the_rules();
}

#[test]
fn refusal_because_of_the_term_says_nothing_about_the_log() {
    let mut s = three_entries();
    s.elect(2, 2, at(3, 1), &[1]);
    let late = s.append(0, 1, 1, at(3, 1), &[1], 0);
    s.reject(late, 2, 1);
    s.keeps_the_rules();
}

#[test]
fn entry_applied_beyond_what_was_compared() {
    let mut s = three_entries();
    s.append(0, 1, 1, at(3, 1), &[], 3);
    // S2 hears of commit index 3 with one entry only.
    s.append(0, 2, 1, EMPTY, &[1], 3);
    s.apply(2, 1, 1);
    s.apply(2, 2, 1);
    s.breaks("min(leaderCommit");
}

/// A server may tell its service first and answer then.
#[test]
fn entry_applied_before_the_answer() {
    let mut s = three_entries();
    s.apply(0, 3, 1);
    s.append(0, 1, 1, at(3, 1), &[], 3);
    s.apply(1, 3, 1);
    s.append(0, 2, 1, EMPTY, &[1, 1, 1], 0);
    s.append(0, 2, 1, EMPTY, &[], 3);
    s.apply(2, 3, 1);
    s.keeps_the_rules();
}

/// A server that was stopped has messages of two leaders to handle, and takes the older first.
#[test]
fn entry_applied_between_two_leaders() {
    let mut s = three_entries();
    s.append(0, 1, 1, at(3, 1), &[], 3);
    let older = s.send(0, 2, appending(1, EMPTY, &[1, 1, 1], 3));
    s.elect(1, 2, at(3, 1), &[0]);
    let later = s.append(1, 2, 2, at(3, 1), &[], 0);
    s.deliver(older);
    s.succeed(older, 1);
    s.succeed(later, 2);
    s.apply(2, 3, 1);
    s.keeps_the_rules();
}

#[test]
fn another_entry_applied_than_the_committed_one() {
    let mut s = three_entries();
    s.replicate(0, 1, 1, at(3, 1), &[], 3);
    s.apply(1, 3, 2);
    s.breaks("receiver 3");
}

/// It refuses, and commits all the same; its applier comes later.
#[test]
fn another_entry_applied_after_a_refusal() {
    let mut s = two_others_of_five();
    let call = s.append(2, 1, 2, at(2, 2), &[], 2);
    s.reject(call, 2, 1);
    s.apply(1, 1, 1);
    s.breaks("receiver 3");
}

/// The leader has compared nothing but the beginning.
#[test]
fn another_entry_applied_behind_what_was_compared() {
    let mut s = two_others_of_five();
    s.replicate(2, 0, 2, at(2, 2), &[], 2);
    s.append(2, 1, 2, EMPTY, &[], 2);
    s.apply(1, 2, 1);
    s.breaks("min(leaderCommit");
}
