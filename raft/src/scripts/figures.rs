//! The paper's own pictures: Figure 7 and Figure 8.

use expect_test::expect;

use super::Script;

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
