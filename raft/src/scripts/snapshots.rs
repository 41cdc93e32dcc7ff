//! Snapshots and the order of what is applied (§7, Fig. 13).

use expect_test::expect;

use raft_interface::ServerId;

use super::{Carried, Message, Script, Tag, step};

/// Three servers, of which S0 leads. These followers have five entries, committed and applied everywhere; any
/// other has heard of nothing yet.
fn five_committed(followers: &[ServerId]) -> Script {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    for text in ["a", "b", "c", "d", "e"] {
        s.start(0, text);
    }
    for _ in 0..2 {
        followers.iter().for_each(|&id| s.exchange_all(0, id));
        s.after(1);
    }
    (0..3).for_each(|id| s.apply(id));
    s.page.clear();
    s
}

/// A follower that missed entries which the leader has forgotten gets the snapshot and then the rest, and applies
/// them in this order.
#[test]
fn lagging_follower_gets_the_snapshot() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange_all(0, 2);
    for text in ["a", "b", "c"] {
        s.start(0, text);
    }
    s.exchange_all(0, 1);
    s.apply(0);
    s.snapshot(0, 2);
    s.exchange(0, 2);
    s.exchange_all(0, 2);
    s.after(1);
    s.exchange_all(0, 2);
    s.apply(2);
    s.show();
    s.note("a restart finds the snapshot, and applies only what follows it");
    s.restart(2);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T1
        S0 -> S1  RequestVote T1 last 0:0
           S1 answers  T1 yes
        S0 -> S2  AppendEntries T1 prev 0:0 [] commit 0
           S2 answers  T1 success
        S0 start a: index 1 of T1
        S0 start b: index 2 of T1
        S0 start c: index 3 of T1
        S0 -> S1  AppendEntries T1 prev 0:0 [1 1 1] commit 0
           S1 answers  T1 success
        S0 applies 1 a
        S0 applies 2 b
        S0 applies 3 c
        S0 takes a snapshot up to 2
        S0 -> S2  InstallSnapshot T1 last 2:1, 6 bytes
           S2 answers  T1 done
        S0 -> S2  AppendEntries T1 prev 2:1 [1] commit 3
           S2 answers  T1 success
        ... 1 ms
        S2 applies snapshot up to 2: upto 2
        S2 applies 3 c
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 3
        # a restart finds the snapshot, and applies only what follows it
        S2 restarts
        S0: Leader T1 vote S0 log (2:1) [1] committed 3
        S1: Follower T1 vote S0 log [1 1 1] committed 0
        S2: Follower T1 vote - log (2:1) [1] committed 2
    "#]]);
}

/// A snapshot keeps the terms that elections and consistency checks need, and survives saves that have none.
#[test]
fn log_that_is_all_snapshot() {
    let mut s = five_committed(&[1, 2]);
    s.snapshot(0, 5);
    s.note("an old snapshot, and the same again: ignored");
    s.snapshot(0, 3);
    s.snapshot(0, 5);
    s.show();
    s.restart(0);
    s.elect(0, &[1]);
    s.start(0, "f");
    s.exchange_all(0, 1);
    s.restart(0);
    assert_eq!(&*s.servers[0].snapshot, b"upto 5");
    s.show();
    s.ends_as(&expect![[r#"
        S0 takes a snapshot up to 5
        # an old snapshot, and the same again: ignored
        S0 takes a snapshot up to 3
        S0 takes a snapshot up to 5
        S0: Leader T1 vote S0 log (5:1) [] committed 5
        S1: Follower T1 vote S0 log [1 1 1 1 1] committed 5
        S2: Follower T1 vote - log [1 1 1 1 1] committed 5
        S0 restarts
        S0 stands for election: Candidate of T2
        S0 -> S1  RequestVote T2 last 5:1
           S1 answers  T2 yes
        S0 start f: index 6 of T2
        S0 -> S1  AppendEntries T2 prev 5:1 [2] commit 5
           S1 answers  T2 success
        S0 restarts
        S0: Follower T2 vote S0 log (5:1) [2] committed 5
        S1: Follower T2 vote S0 log [1 1 1 1 1 2] committed 5
        S2: Follower T1 vote - log [1 1 1 1 1] committed 5
    "#]]);
}

/// An AppendEntries from before the snapshot arrives after it: what is in the snapshot matches, the rest is stored.
#[test]
fn stale_message_reaches_below_the_snapshot() {
    let mut s = five_committed(&[1, 2]);
    s.start(0, "f");
    let mut late = s.send(0, 1);
    if let Message::AppendEntries(args) = &mut late.message {
        (args.prev_log_index, args.prev_log_term) = (3, 1);
        args.entries.splice(0..0, s.servers[0].log.entries_from(4)[..2].to_vec());
    }
    s.snapshot(1, 5);
    s.note("the same message, but from 4 on");
    s.deliver(&late);
    s.show();
    s.ends_as(&expect![[r#"
        S0 start f: index 6 of T1
        S0 -> S1  AppendEntries T1 prev 5:1 [1] commit 5
        S1 takes a snapshot up to 5
        # the same message, but from 4 on
           S1 answers  T1 success
        S0: Leader T1 vote S0 log [1 1 1 1 1 1] committed 5
        S1: Follower T1 vote S0 log (5:1) [1] committed 5
        S2: Follower T1 vote - log [1 1 1 1 1] committed 5
    "#]]);
}

/// A snapshot that arrives late, below what the follower has committed or at an entry that it has, discards
/// nothing that it has acknowledged.
#[test]
fn late_snapshot_discards_nothing() {
    let mut s = five_committed(&[1]);
    s.note("S2 has missed everything; the snapshot is sent, and delayed");
    s.snapshot(0, 5);
    let late = s.send(0, 2);
    s.after(100);
    s.exchange(0, 2);
    s.after(20);
    s.exchange(0, 2);
    s.start(0, "f");
    s.exchange_all(0, 2);
    s.note("now the first copy arrives, below an acknowledged entry");
    s.deliver(&late);
    s.show();
    s.note("and one up to 3 reaches S1, which has applied 5 and has no snapshot");
    let mut older = late.clone();
    older.tag.peer = 1;
    if let Message::InstallSnapshot(args) = &mut older.message {
        args.last_included_index = 3;
    }
    s.deliver(&older);
    s.apply(1);
    s.show();
    s.ends_as(&expect![[r#"
        # S2 has missed everything; the snapshot is sent, and delayed
        S0 takes a snapshot up to 5
        S0 -> S2  InstallSnapshot T1 last 5:1, 6 bytes
        ... 100 ms
        S0 -> S2  AppendEntries T1 prev 5:1 [] commit 5
           S2 answers  T1 conflict: log ends before 1
        ... 20 ms
        S0 -> S2  InstallSnapshot T1 last 5:1, 6 bytes
           S2 answers  T1 done
        S0 start f: index 6 of T1
        S0 -> S2  AppendEntries T1 prev 5:1 [1] commit 5
           S2 answers  T1 success
        # now the first copy arrives, below an acknowledged entry
           S2 answers  T1 done
        S0: Leader T1 vote S0 log (5:1) [1] committed 6
        S1: Follower T1 vote S0 log [1 1 1 1 1] committed 5
        S2: Follower T1 vote - log (5:1) [1] committed 5
        # and one up to 3 reaches S1, which has applied 5 and has no snapshot
           S1 answers  T1 done
        S0: Leader T1 vote S0 log (5:1) [1] committed 6
        S1: Follower T1 vote S0 log [1 1 1 1 1] committed 5
        S2: Follower T1 vote - log (5:1) [1] committed 5
    "#]]);
}

/// A snapshot that ends at an entry which the follower has keeps the entries after it.
#[test]
fn snapshot_keeps_the_suffix() {
    let mut s = five_committed(&[1, 2]);
    s.note("S1 has 6 and 7, but has not heard that they are committed: a snapshot up to 6 keeps 7");
    s.start(0, "f");
    s.start(0, "g");
    s.exchange_all(0, 1);
    s.apply(0);
    s.snapshot(0, 6);
    let message = Message::InstallSnapshot(Box::new(s.servers[0].install_snapshot_args()));
    s.deliver(&Carried { from: 0, tag: Tag { peer: 1, call: 99, round: 0, sent_at: s.now }, message });
    s.apply(1);
    s.show();
    s.ends_as(&expect![[r#"
        # S1 has 6 and 7, but has not heard that they are committed: a snapshot up to 6 keeps 7
        S0 start f: index 6 of T1
        S0 start g: index 7 of T1
        S0 -> S1  AppendEntries T1 prev 5:1 [1 1] commit 5
           S1 answers  T1 success
        S0 applies 6 f
        S0 applies 7 g
        S0 takes a snapshot up to 6
           S1 answers  T1 done
        S1 applies snapshot up to 6: upto 6
        S0: Leader T1 vote S0 log (6:1) [1] committed 7
        S1: Follower T1 vote S0 log (6:1) [1] committed 6
        S2: Follower T1 vote - log [1 1 1 1 1] committed 5
    "#]]);
}

/// The answer to a snapshot counts for the snapshot, and not for the leader's whole log.
#[test]
fn installed_snapshot_is_no_more_than_itself() {
    let mut s = Script::new(4);
    s.elect(0, &[1, 2]);
    s.start(0, "a");
    s.exchange_all(0, 1);
    s.exchange_all(0, 2);
    s.apply(0);
    s.snapshot(0, 1);
    s.start(0, "b");
    s.page.clear();
    s.note("b is on two of four servers; the third gets the snapshot, and only then b");
    s.exchange(0, 1);
    s.exchange(0, 3);
    s.show();
    s.exchange_all(0, 3);
    s.show();
    s.ends_as(&expect![[r#"
        # b is on two of four servers; the third gets the snapshot, and only then b
        S0 -> S1  AppendEntries T1 prev 1:1 [1] commit 1
           S1 answers  T1 success
        S0 -> S3  InstallSnapshot T1 last 1:1, 6 bytes
           S3 answers  T1 done
        S0: Leader T1 vote S0 log (1:1) [1] committed 1
        S1: Follower T1 vote S0 log [1 1] committed 1
        S2: Follower T1 vote S0 log [1] committed 0
        S3: Follower T1 vote - log (1:1) [] committed 1
        S0 -> S3  AppendEntries T1 prev 1:1 [1] commit 1
           S3 answers  T1 success
        S0: Leader T1 vote S0 log (1:1) [1] committed 2
        S1: Follower T1 vote S0 log [1 1] committed 1
        S2: Follower T1 vote S0 log [1] committed 0
        S3: Follower T1 vote - log (1:1) [1] committed 1
    "#]]);
}

/// What the applier has in its hands when a snapshot arrives is not handed out again.
#[test]
fn snapshot_overtakes_the_applier() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    for text in ["a", "b", "c"] {
        s.start(0, text);
    }
    s.exchange_all(0, 1);
    s.after(1);
    s.exchange_all(0, 1);
    s.start(0, "d");
    let batch = step(&mut s, 1, |state, _| state.next_to_apply());
    assert_eq!(batch.len(), 3, "the applier of S1 holds 1 to 3");
    s.exchange_all(0, 2);
    s.apply(0);
    s.snapshot(0, 4);
    let sent = Message::InstallSnapshot(Box::new(s.servers[0].install_snapshot_args()));
    let tag = Tag { peer: 1, call: 99, round: 0, sent_at: s.now };
    s.page.clear();
    s.deliver(&Carried { from: 0, tag, message: sent });
    s.apply(1);
    s.ends_as(&expect![[r#"
           S1 answers  T1 done
        S1 applies snapshot up to 4: upto 4
    "#]]);
}

/// A snapshot of what was never applied is a bug of the service.
#[test]
#[should_panic(expected = "S0: a snapshot up to 6, but only 5 is applied")]
fn snapshot_of_the_future_panics() {
    let mut s = five_committed(&[1, 2]);
    s.start(0, "f");
    s.snapshot(0, 6);
}
