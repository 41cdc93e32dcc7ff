//! Snapshots in pieces (Fig. 13: offset, done), as the leader sends them. What a follower does with each is in `chunks`.

use std::num::NonZeroUsize;

use expect_test::expect;

use super::Script;

/// S0 leads, and has forgotten entries 1 and 2, whose snapshot is the six bytes "upto 2". S2 has nothing, and gets pieces of
/// three bytes.
fn snapshot_in_pieces() -> Script {
    let mut s = Script::new(3);
    s.set_features(|features| features.snapshot_chunk_bytes = NonZeroUsize::new(3));
    s.elect(0, &[1]);
    s.exchange_all(0, 2);
    ["a", "b", "c"].iter().for_each(|text| s.start(0, text));
    s.exchange_all(0, 1);
    s.apply(0);
    s.snapshot(0, 2);
    s.page.clear();
    s
}

/// I18, I3, I7: one piece at a time, in order, and the entries after the last.
#[test]
fn pieces_follow_one_another_and_then_entries() {
    let mut s = snapshot_in_pieces();
    s.exchange_all(0, 2);
    s.after(1);
    s.exchange_all(0, 2);
    s.apply(2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 done
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 success
        ... 1 ms
        S2 applies snapshot up to 2: upto 2
        S2 applies 3 c
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 3
    "#]]);
}

/// I18, I8: a piece that got no answer is sent again, and a late answer takes nothing back.
#[test]
fn unanswered_piece_is_sent_again() {
    let mut s = snapshot_in_pieces();
    let first = s.send(0, 2);
    let late = s.deliver(&first);
    s.after(100);
    s.note("the answer has not come, so that a heartbeat is due; a piece is not, while one is under way");
    let heartbeat = s.send(0, 2);
    s.answer(&heartbeat);
    s.note("with its answer the way is free");
    s.after(30);
    let again = s.send(0, 2);
    s.answer(&again);
    s.receive(&first, Some(&late));
    s.exchange_all(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        ... 100 ms
        # the answer has not come, so that a heartbeat is due; a piece is not, while one is under way
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 conflict: log ends before 1
        # with its answer the way is free
        ... 30 ms
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 done
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 success
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 3
    "#]]);
}

/// I19: a follower that was started again has nothing of it any more, and says so.
#[test]
fn follower_that_restarts_gets_it_from_the_beginning() {
    let mut s = snapshot_in_pieces();
    s.exchange(0, 2);
    s.restart(2);
    s.exchange(0, 2);
    s.after(30);
    s.exchange_all(0, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S2 restarts
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 expected: byte 0 of transfer 1 of S0 in T1, up to 2
        ... 30 ms
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 done
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 success
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 3
    "#]]);
}

/// I20: the leader takes another snapshot meanwhile. The transfer comes to its end, and the newer one follows, for entries
/// before it are gone.
#[test]
fn newer_snapshot_does_not_disturb_the_transfer() {
    let mut s = snapshot_in_pieces();
    s.exchange(0, 2);
    s.snapshot(0, 3);
    s.exchange_all(0, 2);
    s.after(1);
    s.exchange_all(0, 2);
    s.apply(2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 takes a snapshot up to 3
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 3:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 3:1, 3 bytes from 3, the last
           S2 answers  T1 done
        ... 1 ms
        S2 applies snapshot up to 3: upto 3
        S0: Leader T1 vote S0 log (3:1) [] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (3:1) [] committed 3
    "#]]);
}

/// I13, I11: the last piece again, and a piece of a transfer that is over, after the follower has gone on.
#[test]
fn late_piece_changes_nothing() {
    let mut s = snapshot_in_pieces();
    let first = s.send(0, 2);
    s.answer(&first);
    let last = s.send(0, 2);
    s.answer(&last);
    s.exchange_all(0, 2);
    s.after(1);
    s.exchange_all(0, 2);
    s.apply(2);
    s.note("both come once more");
    s.deliver(&last);
    s.deliver(&first);
    s.apply(2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
           S2 answers  T1 done
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 success
        ... 1 ms
        S2 applies snapshot up to 2: upto 2
        S2 applies 3 c
        # both come once more
           S2 answers  T1 done
           S2 answers  T1 done
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 3
    "#]]);
}

/// I2, I10: another leader's snapshot takes the place of what the deposed one has begun, and old pieces are refused by their
/// term (I1).
#[test]
fn new_leader_begins_anew() {
    let mut s = snapshot_in_pieces();
    s.exchange(0, 2);
    let late = s.send(0, 2);
    s.set_features(|features| features.snapshot_chunk_bytes = NonZeroUsize::new(4));
    s.after(1);
    s.exchange_all(0, 1);
    s.apply(1);
    s.snapshot(1, 3);
    s.after(1000);
    s.elect(1, &[0, 2]);
    s.exchange(1, 2);
    s.deliver(&late);
    s.after(30);
    s.exchange_all(1, 2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 0
           S2 answers  T1 done
        S0 -> S2  InstallSnapshot T1 last 2:1, 3 bytes from 3, the last
        ... 1 ms
        S0 -> S1  AppendEntries T1 prev 3:1 [] commit 3
           S1 answers  T1 success
        S1 applies 1 a
        S1 applies 2 b
        S1 applies 3 c
        S1 takes a snapshot up to 3
        ... 1000 ms
        S1 stands for election: Candidate of T2
        S1 -> S0  RequestVote T2 last 3:1
           S0 answers  T2 yes
        S1 -> S2  AppendEntries T2 prev 3:1 [] commit 3
           S2 answers  T2 conflict: log ends before 1
        S1 -> S2  InstallSnapshot T2 last 3:1, 4 bytes from 0
           S2 answers  T2 done
           S2 answers  T2 done
        ... 30 ms
        S1 -> S2  InstallSnapshot T2 last 3:1, 2 bytes from 4, the last
           S2 answers  T2 done
        S0: Follower T2 vote S1 log (2:1) [1] committed 3
        S1: Leader T2 vote S1 log (3:1) [] committed 3
        S2: Follower T2 vote - log (3:1) [] committed 3
    "#]]);
}
