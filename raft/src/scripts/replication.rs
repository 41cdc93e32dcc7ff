//! Logs that differ, fast backup, commitment, late messages (§5.3, §5.4.2).

use expect_test::expect;

use super::{Message, Script};

/// Figure 7: the leader of term 8, and six followers that may exist when it comes to power. Each is brought into
/// line within few messages, whatever it lacks or has too much.
#[test]
fn figure_7() {
    let mut s = Script::with_logs(&[
        (7, &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]),
        (6, &[1, 1, 1, 4, 4, 5, 5, 6, 6]),
        (4, &[1, 1, 1, 4]),
        (6, &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]),
        (7, &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]),
        (4, &[1, 1, 1, 4, 4, 4, 4]),
        (3, &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]),
    ]);
    s.elect(0, &[1, 2, 5]);
    s.page.clear();
    s.start(0, "x");
    for (letter, id) in [('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6)] {
        s.note(&format!("({letter})"));
        s.exchange_all(0, id);
    }
    s.show();
    s.ends_as(&expect![[r#"
        S0 start x: index 11 of T8
        # (a)
        S0 -> S1  AppendEntries T8 prev 10:6 [8] commit 0
           S1 answers  T8 conflict: log ends before 10
        S0 -> S1  AppendEntries T8 prev 9:6 [6 8] commit 0
           S1 answers  T8 success
        # (b)
        S0 -> S2  AppendEntries T8 prev 10:6 [8] commit 0
           S2 answers  T8 conflict: log ends before 5
        S0 -> S2  AppendEntries T8 prev 4:4 [4 5 5 6 6 6 8] commit 0
           S2 answers  T8 success
        # (c)
        S0 -> S3  AppendEntries T8 prev 10:6 [8] commit 0
           S3 answers  T8 success
        # (d)
        S0 -> S4  AppendEntries T8 prev 10:6 [8] commit 11
           S4 answers  T8 success
        # (e)
        S0 -> S5  AppendEntries T8 prev 10:6 [8] commit 11
           S5 answers  T8 conflict: log ends before 8
        S0 -> S5  AppendEntries T8 prev 7:5 [6 6 6 8] commit 11
           S5 answers  T8 conflict: term 4 from 4
        S0 -> S5  AppendEntries T8 prev 5:4 [5 5 6 6 6 8] commit 11
           S5 answers  T8 success
        # (f)
        S0 -> S6  AppendEntries T8 prev 10:6 [8] commit 11
           S6 answers  T8 conflict: term 3 from 7
        S0 -> S6  AppendEntries T8 prev 6:5 [5 6 6 6 8] commit 11
           S6 answers  T8 conflict: term 2 from 4
        S0 -> S6  AppendEntries T8 prev 3:1 [4 4 5 5 6 6 6 8] commit 11
           S6 answers  T8 success
        S0: Leader T8 vote S0 log [1 1 1 4 4 5 5 6 6 6 8] committed 11
        S1: Follower T8 vote S0 log [1 1 1 4 4 5 5 6 6 6 8] committed 0
        S2: Follower T8 vote S0 log [1 1 1 4 4 5 5 6 6 6 8] committed 0
        S3: Follower T8 vote - log [1 1 1 4 4 5 5 6 6 6 8] committed 0
        S4: Follower T8 vote - log [1 1 1 4 4 5 5 6 6 6 8] committed 11
        S5: Follower T8 vote S0 log [1 1 1 4 4 5 5 6 6 6 8] committed 11
        S6: Follower T8 vote - log [1 1 1 4 4 5 5 6 6 6 8] committed 11
    "#]]);
}

/// Figure 8 before (c): S0 has led term 2 and is about to lead term 4; S4 has led term 3.
fn figure_8() -> Script {
    let mut s = Script::with_logs(&[(3, &[1, 2]), (2, &[1, 2]), (2, &[1]), (2, &[1]), (4, &[1, 3])]);
    s.elect(0, &[1, 2]);
    s.page.clear();
    s
}

/// Figure 8 (c) and (d): an entry of an earlier term on a majority may still be overwritten, so it must not be
/// committed.
#[test]
fn figure_8_c_d() {
    let mut s = figure_8();
    s.note("(c) S0 leads term 4 and brings the entry of term 2 to a majority");
    s.exchange_all(0, 2);
    s.exchange_all(0, 1);
    s.show();
    s.note("(d) S4 can still be elected, and overwrites it");
    s.elect(4, &[1, 2]);
    s.exchange_all(4, 1);
    s.exchange_all(4, 2);
    s.show();
    s.ends_as(&expect![[r#"
        # (c) S0 leads term 4 and brings the entry of term 2 to a majority
        S0 -> S2  AppendEntries T4 prev 2:2 [] commit 0
           S2 answers  T4 conflict: log ends before 2
        S0 -> S2  AppendEntries T4 prev 1:1 [2] commit 0
           S2 answers  T4 success
        S0 -> S1  AppendEntries T4 prev 2:2 [] commit 0
           S1 answers  T4 success
        S0: Leader T4 vote S0 log [1 2] committed 0
        S1: Follower T4 vote S0 log [1 2] committed 0
        S2: Follower T4 vote S0 log [1 2] committed 0
        S3: Follower T2 vote - log [1] committed 0
        S4: Follower T4 vote - log [1 3] committed 0
        # (d) S4 can still be elected, and overwrites it
        S4 stands for election: Candidate of T5
        S4 -> S1  RequestVote T5 last 2:3
           S1 answers  T5 yes
        S4 -> S2  RequestVote T5 last 2:3
           S2 answers  T5 yes
        S4 -> S1  AppendEntries T5 prev 2:3 [] commit 0
           S1 answers  T5 conflict: term 2 from 2
        S4 -> S1  AppendEntries T5 prev 1:1 [3] commit 0
           S1 answers  T5 success
        S4 -> S2  AppendEntries T5 prev 2:3 [] commit 0
           S2 answers  T5 conflict: term 2 from 2
        S4 -> S2  AppendEntries T5 prev 1:1 [3] commit 0
           S2 answers  T5 success
        S0: Leader T4 vote S0 log [1 2] committed 0
        S1: Follower T5 vote S4 log [1 3] committed 0
        S2: Follower T5 vote S4 log [1 3] committed 0
        S3: Follower T2 vote - log [1] committed 0
        S4: Leader T5 vote S4 log [1 3] committed 0
    "#]]);
}

/// Figure 8 (e): the entry of the earlier term is committed along with one of the leader's own term, and S4 cannot
/// be elected any more.
#[test]
fn figure_8_e() {
    let mut s = figure_8();
    s.start(0, "x");
    s.exchange_all(0, 1);
    s.exchange_all(0, 2);
    s.stand(4);
    s.exchange(4, 1);
    s.exchange(4, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 start x: index 3 of T4
        S0 -> S1  AppendEntries T4 prev 2:2 [4] commit 0
           S1 answers  T4 success
        S0 -> S2  AppendEntries T4 prev 2:2 [4] commit 0
           S2 answers  T4 conflict: log ends before 2
        S0 -> S2  AppendEntries T4 prev 1:1 [2 4] commit 0
           S2 answers  T4 success
        S4 stands for election: Candidate of T5
        S4 -> S1  RequestVote T5 last 2:3
           S1 answers  T5 no
        S4 -> S2  RequestVote T5 last 2:3
           S2 answers  T5 no
        S0: Leader T4 vote S0 log [1 2 4] committed 3
        S1: Follower T5 vote - log [1 2 4] committed 0
        S2: Follower T5 vote - log [1 2 4] committed 0
        S3: Follower T2 vote - log [1] committed 0
        S4: Candidate T5 vote S4 log [1 3] committed 0
    "#]]);
}

/// The three cases of fast backup, as drawn in the module's documentation, and a follower with many conflicting
/// terms: one round per term and not one per entry.
#[test]
fn fast_backup() {
    let mut s = Script::with_logs(&[
        (6, &[4, 6, 6, 6]),
        (5, &[4, 5, 5, 5]),
        (4, &[4]),
        (5, &[4, 4, 4, 4, 4, 5, 5, 5, 5]),
        (6, &[4, 6, 6, 6]),
    ]);
    s.elect(0, &[1, 2, 4]);
    s.note("a conflicting term that the leader does not have");
    s.exchange_all(0, 1);
    s.note("a log that is too short");
    s.exchange_all(0, 2);
    s.note("a term that the leader has, but less of");
    s.exchange_all(0, 3);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T7
        S0 -> S1  RequestVote T7 last 4:6
           S1 answers  T7 yes
        S0 -> S2  RequestVote T7 last 4:6
           S2 answers  T7 yes
        S0 -> S4  AppendEntries T7 prev 4:6 [] commit 0
           S4 answers  T7 success
        # a conflicting term that the leader does not have
        S0 -> S1  AppendEntries T7 prev 4:6 [] commit 0
           S1 answers  T7 conflict: term 5 from 2
        S0 -> S1  AppendEntries T7 prev 1:4 [6 6 6] commit 0
           S1 answers  T7 success
        # a log that is too short
        S0 -> S2  AppendEntries T7 prev 4:6 [] commit 0
           S2 answers  T7 conflict: log ends before 2
        S0 -> S2  AppendEntries T7 prev 1:4 [6 6 6] commit 0
           S2 answers  T7 success
        # a term that the leader has, but less of
        S0 -> S3  AppendEntries T7 prev 4:6 [] commit 0
           S3 answers  T7 conflict: term 4 from 1
        S0 -> S3  AppendEntries T7 prev 1:4 [6 6 6] commit 0
           S3 answers  T7 success
        S0: Leader T7 vote S0 log [4 6 6 6] committed 0
        S1: Follower T7 vote S0 log [4 6 6 6] committed 0
        S2: Follower T7 vote S0 log [4 6 6 6] committed 0
        S3: Follower T7 vote - log [4 6 6 6] committed 0
        S4: Follower T7 vote - log [4 6 6 6] committed 0
    "#]]);
}

/// A late AppendEntries that holds less than was acknowledged since takes nothing away.
#[test]
fn a_late_message_does_not_truncate() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.start(0, "x");
    let late = s.send(0, 1);
    s.start(0, "y");
    s.silent(0, 1);
    s.note("the heartbeat carries what is not acknowledged");
    s.after(100);
    s.exchange(0, 1);
    s.note("now the first message arrives");
    let reply = s.deliver(&late);
    s.receive(&late, Some(&reply));
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 start x: index 1 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
        S0 start y: index 2 of T1
        S0 -> S1  nothing
        # the heartbeat carries what is not acknowledged
        ... 100 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [1 1] commit 0
           S1 answers  T1 success
        # now the first message arrives
           S1 answers  T1 success
        S0: Leader T1 vote S0 log [1 1] committed 2
        S1: Follower T1 vote S0 log [1 1] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// An acknowledgement counts for what was sent, not for what the leader has by now.
#[test]
fn an_answer_counts_for_what_was_sent() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.start(0, "x");
    let sent = s.send(0, 1);
    s.start(0, "y");
    let reply = s.deliver(&sent);
    s.receive(&sent, Some(&reply));
    s.show();
    s.note("the same answer once more: nothing moves");
    s.receive(&sent, Some(&reply));
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 start x: index 1 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
        S0 start y: index 2 of T1
           S1 answers  T1 success
        S0: Leader T1 vote S0 log [1 1] committed 1
        S1: Follower T1 vote S0 log [1] committed 0
        S2: Follower T0 vote - log [] committed 0
        # the same answer once more: nothing moves
        S0: Leader T1 vote S0 log [1 1] committed 1
        S1: Follower T1 vote S0 log [1] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// A follower commits only what is known to match: not its own tail, whatever the leader has committed.
#[test]
fn a_divergent_tail_is_not_committed() {
    let mut s = Script::with_logs(&[(2, &[1, 2, 2]), (2, &[1, 2, 2]), (1, &[1, 1, 1])]);
    s.elect(0, &[1]);
    s.start(0, "x");
    s.exchange_all(0, 1);
    s.note("the leader has committed 4; a heartbeat that ends at 1 commits 1 on S2, not 3");
    let mut shortened = s.send(0, 2);
    if let Message::AppendEntries(args) = &mut shortened.message {
        (args.prev_log_index, args.prev_log_term) = (1, 1);
        args.entries.clear();
    }
    s.deliver(&shortened);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T3
        S0 -> S1  RequestVote T3 last 3:2
           S1 answers  T3 yes
        S0 start x: index 4 of T3
        S0 -> S1  AppendEntries T3 prev 3:2 [3] commit 0
           S1 answers  T3 success
        # the leader has committed 4; a heartbeat that ends at 1 commits 1 on S2, not 3
        S0 -> S2  AppendEntries T3 prev 3:2 [3] commit 4
           S2 answers  T3 success
        S0: Leader T3 vote S0 log [1 2 2 3] committed 4
        S1: Follower T3 vote S0 log [1 2 2 3] committed 0
        S2: Follower T3 vote - log [1 1 1] committed 1
    "#]]);
}

/// A heartbeat is checked like any other message.
#[test]
fn a_heartbeat_checks_the_log() {
    let mut s = Script::with_logs(&[(2, &[2, 2]), (2, &[2, 2]), (1, &[1, 1])]);
    s.elect(0, &[1]);
    s.exchange(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T3
        S0 -> S1  RequestVote T3 last 2:2
           S1 answers  T3 yes
        S0 -> S2  AppendEntries T3 prev 2:2 [] commit 0
           S2 answers  T3 conflict: term 1 from 1
        S0: Leader T3 vote S0 log [2 2] committed 0
        S1: Follower T3 vote S0 log [2 2] committed 0
        S2: Follower T3 vote - log [1 1] committed 0
    "#]]);
}

/// Four servers: two copies are half, and half is no majority.
#[test]
fn half_the_copies_do_not_commit() {
    let mut s = Script::new(4);
    s.elect(0, &[1, 2]);
    s.start(0, "x");
    s.exchange_all(0, 1);
    assert_eq!(s.servers[0].commit_index, 0, "two of four");
    s.exchange_all(0, 2);
    assert_eq!(s.servers[0].commit_index, 1, "three of four");
}

/// News of a commit waits a moment for entries to travel with, and then goes alone.
#[test]
fn news_of_a_commit() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange_all(0, 1);
    s.exchange_all(0, 2);
    s.start(0, "x");
    s.exchange(0, 1);
    s.exchange(0, 2);
    s.silent(0, 1);
    s.start(0, "y");
    s.note("with the next entry");
    s.exchange(0, 1);
    s.after(1);
    s.note("or alone");
    s.exchange(0, 1);
    s.silent(0, 1);
    s.apply(1);
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [] commit 0
           S2 answers  T1 success
        S0 start x: index 1 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
           S1 answers  T1 success
        S0 -> S2  AppendEntries T1 prev 0:0 [1] commit 1
           S2 answers  T1 success
        S0 -> S1  nothing
        S0 start y: index 2 of T1
        # with the next entry
        S0 -> S1  AppendEntries T1 prev 1:1 [1] commit 1
           S1 answers  T1 success
        ... 1 ms
        # or alone
        S0 -> S1  AppendEntries T1 prev 2:1 [] commit 2
           S1 answers  T1 success
        S0 -> S1  nothing
        S1 applies 1 x
        S1 applies 2 y
    "#]]);
}

/// A call that hangs holds up nothing for longer than a heartbeat interval; one that fails is repeated after a
/// pause; what is acknowledged is not sent again.
#[test]
fn calls_that_hang_or_fail() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.start(0, "x");
    let hangs = s.send(0, 1);
    s.after(99);
    s.silent(0, 1);
    s.after(1);
    let fails = s.send(0, 1);
    s.receive(&fails, None);
    s.silent(0, 1);
    s.after(20);
    s.exchange(0, 1);
    s.silent(0, 1);
    s.receive(&hangs, None);
    s.silent(0, 1);
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S1  AppendEntries T1 prev 0:0 [] commit 0
           S1 answers  T1 success
        S0 start x: index 1 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
        ... 99 ms
        S0 -> S1  nothing
        ... 1 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
           S0 gets no reply from S1
        S0 -> S1  nothing
        ... 20 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
           S1 answers  T1 success
        S0 -> S1  nothing
           S0 gets no reply from S1
        S0 -> S1  nothing
    "#]]);
}

/// Start is persistent before it returns: a leader that counts itself must not forget.
#[test]
fn what_start_returned_survives() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.start(0, "x");
    s.restart(0);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 start x: index 1 of T1
        S0 restarts
        S0: Follower T1 vote S0 log [1] committed 0
        S1: Follower T1 vote S0 log [] committed 0
        S2: Follower T0 vote - log [] committed 0
    "#]]);
}

/// A committed entry that a leader contradicts is a bug somewhere, and both facts are named.
#[test]
#[should_panic(
    expected = "a leader claims that entry 1 is of term 2, but here it is committed with term Some(1)"
)]
fn a_committed_entry_never_changes() {
    let mut s = Script::with_logs(&[(1, &[2]), (0, &[1])]);
    s.servers[1].commit_index = 1;
    s.servers[0].current_term = 2;
    s.stand(0);
    s.exchange(0, 1);
    s.exchange_all(0, 1);
}

/// Two leaders in one term are a bug somewhere, and both are named.
#[test]
#[should_panic(expected = "S2 hears S1 as leader of T1, but knows Some(0) as its leader")]
fn a_term_has_one_leader() {
    let mut s = Script::new(3);
    s.elect(0, &[2]);
    s.exchange(0, 2);
    s.servers[0].voted_for = Some(1);
    s.stand(1);
    s.servers[2].voted_for = Some(1);
    s.exchange(1, 2);
    s.exchange(1, 2);
}
