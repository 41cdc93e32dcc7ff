//! Logs that differ, fast backup, commitment, late messages (§5.3, §5.4.2).

use expect_test::expect;
use raft_interface::{Configuration, OwnEntry, Servers};

use super::{Message, Script, command, step};
use crate::entry::Entry;
use crate::rpc::AppendEntriesArgs;

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
fn late_message_does_not_truncate() {
    let mut s = Script::new(3);
    s.elect(0, &[1]);
    s.exchange(0, 1);
    s.start(0, "x");
    let late = s.send(0, 1);
    s.start(0, "y");
    s.silent(0, 1);
    s.note("the heartbeat starts where the message under way ends; S1 says that it lacks what comes before");
    s.after(100);
    s.exchange(0, 1);
    s.note("so all that is not acknowledged is sent");
    s.after(20);
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
        # the heartbeat starts where the message under way ends; S1 says that it lacks what comes before
        ... 100 ms
        S0 -> S1  AppendEntries T1 prev 1:1 [1] commit 0
           S1 answers  T1 conflict: log ends before 1
        # so all that is not acknowledged is sent
        ... 20 ms
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
fn answer_counts_for_what_was_sent() {
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
fn divergent_tail_is_not_committed() {
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
fn heartbeat_checks_the_log() {
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

/// News of a burst go at once: a message of their own costs little beside the entries.
#[test]
fn news_of_many_commits() {
    for (commands, goes_at_once) in [(31, false), (32, true)] {
        let mut s = Script::new(3);
        s.elect(0, &[1]);
        s.exchange_all(0, 1);
        s.exchange_all(0, 2);
        (0..commands).for_each(|_| s.start(0, "x"));
        s.exchange(0, 1);
        s.exchange(0, 2);
        assert_eq!(s.servers[0].commit_index, commands);
        let is_due = s.servers[0].due_at(1).is_some_and(|at| at <= s.now);
        assert_eq!(is_due, goes_at_once, "{commands} commands");
    }
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
    s.note("the first call ends at last, while a third is under way");
    s.start(0, "y");
    s.send(0, 1);
    s.receive(&hangs, None);
    s.after(20);
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
        S0 -> S1  AppendEntries T1 prev 1:1 [] commit 0
           S0 gets no reply from S1
        S0 -> S1  nothing
        ... 20 ms
        S0 -> S1  AppendEntries T1 prev 0:0 [1] commit 0
           S1 answers  T1 success
        S0 -> S1  nothing
        # the first call ends at last, while a third is under way
        S0 start y: index 2 of T1
        S0 -> S1  AppendEntries T1 prev 1:1 [1] commit 1
           S0 gets no reply from S1
        ... 20 ms
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
fn committed_entry_never_changes() {
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
fn term_has_one_leader() {
    let mut s = Script::new(3);
    s.elect(0, &[2]);
    s.exchange(0, 2);
    s.servers[0].voted_for = Some(1);
    s.stand(1);
    s.servers[2].voted_for = Some(1);
    s.exchange(1, 2);
    s.exchange(1, 2);
}

/// A configuration that names nobody, or a server that is not there, is no word of a leader: whoever took it could never be led
/// again, or would ask for who is not there. Nothing of the message is stored, nor of a snapshot that says so.
#[test]
fn configuration_that_cannot_be_is_refused() {
    let impossible = [Servers::NONE, [0, 1, 63].into_iter().collect()].map(Configuration::of);
    for configuration in impossible {
        let mut s = Script::new(3);
        let entry = Entry::own(1, OwnEntry::Configuration(configuration));
        let entries = vec![Entry::command(1, command("a")), entry];
        let append = AppendEntriesArgs::first_of_s1(entries);
        let reply = step(&mut s, 0, |state, moment| {
            state.observe_term(1, moment);
            state.on_append_entries(&append, moment)
        });
        assert!(!reply.success, "{configuration}");
        assert_eq!((s.servers[0].log.last_index(), s.servers[0].commit_index), (0, 0));
        let mut snapshot = s.servers[0].install_snapshot_args();
        snapshot.leader_id = 1;
        snapshot.last_included_index = 5;
        snapshot.last_included_term = 1;
        snapshot.last_configuration = Some(configuration);
        let reply = step(&mut s, 0, |state, moment| state.on_install_snapshot(&snapshot, moment));
        assert!(reply.expected.is_some(), "{configuration}");
        assert_eq!((s.servers[0].log.base_index(), s.servers[0].commit_index), (0, 0));
    }
}
