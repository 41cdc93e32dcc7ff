//! Catch-up from peers: who is far behind fetches committed entries from others than its leader.

use expect_test::expect;
use raft_interface::{Index, ServerId, Term};

use super::{Carried, Script, step};

/// Servers that catch up from peers, with these logs and the term of their last entries.
fn cluster(logs: &[&[Term]]) -> Script {
    let rows: Vec<_> = logs.iter().map(|&log| (log.last().copied().unwrap_or(1), log)).collect();
    let mut s = Script::with_logs(&rows);
    s.set_features(|features| features.catch_up_from_peers = true);
    s
}

/// S0 leads and commits an entry of its term with these, who hear of that.
fn commit(s: &mut Script, with: &[ServerId]) {
    s.elect(0, with);
    s.start(0, "x");
    for _ in 0..2 {
        with.iter().for_each(|&server| s.exchange_all(0, server));
        s.after(2);
    }
}

/// S0's message finds that S1 is far behind. S1's question to `helper` is on its way.
fn shows_the_gap(s: &mut Script, helper: ServerId) -> Carried {
    s.exchange(0, 1);
    s.silent(0, 1);
    s.send(1, helper)
}

/// The service on a server takes a snapshot, with all that is committed applied.
fn forgets(s: &mut Script, server: ServerId, index: Index) {
    step(s, server, |state, _| {
        while state.has_work_for_applier() {
            state.next_to_apply();
        }
    });
    s.snapshot(server, index);
}

/// The leader sends one message and waits; the peer gives what is committed; the leader finds it, and hears only then that it is there.
#[test]
fn follower_fetches_what_it_lacks() {
    let mut s = cluster(&[&[1; 40], &[1], &[1; 40]]);
    commit(&mut s, &[2]);
    let question = shows_the_gap(&mut s, 2);
    s.answer(&question);
    s.silent(1, 2);
    s.after(100);
    s.exchange(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T2
        S0 -> S2  RequestVote T2 last 40:1
           S2 answers  T2 yes
        S0 start x: index 41 of T2
        S0 -> S2  AppendEntries T2 prev 40:1 [2] commit 0
           S2 answers  T2 success
        S0 -> S2  AppendEntries T2 prev 41:2 [] commit 41
           S2 answers  T2 success
        ... 2 ms
        ... 2 ms
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 conflict: log ends before 2
        S0 -> S1  nothing
        S1 -> S2  FetchEntries from 2, at most 512
           S2 answers  T2 prev 1:1, 40 entries, commit 41, base 0
        S1 -> S2  nothing
        ... 100 ms
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 success
        S0: Leader T2 vote S0 log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
        S1: Follower T2 vote - log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
        S2: Follower T2 vote S0 log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
    "#]]);
}

/// What a deposed leader left is committed nowhere, and goes: the first answer does not fit, the second begins at what is committed
/// here.
#[test]
fn fetched_entries_replace_what_is_committed_nowhere() {
    let mut s = cluster(&[&[2; 40], &[1, 1, 3], &[2; 40]]);
    s.servers.iter_mut().for_each(|server| server.current_term = 3);
    commit(&mut s, &[2]);
    let question = shows_the_gap(&mut s, 2);
    s.answer(&question);
    s.exchange(1, 2);
    s.silent(1, 2);
    s.after(100);
    s.exchange(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T4
        S0 -> S2  RequestVote T4 last 40:2
           S2 answers  T4 yes
        S0 start x: index 41 of T4
        S0 -> S2  AppendEntries T4 prev 40:2 [4] commit 0
           S2 answers  T4 success
        S0 -> S2  AppendEntries T4 prev 41:4 [] commit 41
           S2 answers  T4 success
        ... 2 ms
        ... 2 ms
        S0 -> S1  AppendEntries T4 prev 40:2 [4] commit 41
           S1 answers  T4 conflict: log ends before 4
        S0 -> S1  nothing
        S1 -> S2  FetchEntries from 4, at most 512
           S2 answers  T4 prev 3:2, 38 entries, commit 41, base 0
        S1 -> S2  FetchEntries from 1, at most 512
           S2 answers  T4 prev 0:0, 41 entries, commit 41, base 0
        S1 -> S2  nothing
        ... 100 ms
        S0 -> S1  AppendEntries T4 prev 40:2 [4] commit 41
           S1 answers  T4 success
        S0: Leader T4 vote S0 log [2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 4] committed 41
        S1: Follower T4 vote - log [2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 4] committed 41
        S2: Follower T4 vote S0 log [2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 4] committed 41
    "#]]);
}

/// Each peer is asked once in vain: S2 is down, S3 has it in its snapshot. Then the leader sends its snapshot, as ever.
#[test]
fn leader_serves_whom_nobody_helps() {
    let mut s = cluster(&[&[1; 40], &[], &[1; 40], &[1; 40]]);
    commit(&mut s, &[2, 3]);
    forgets(&mut s, 0, 40);
    forgets(&mut s, 3, 41);
    let question = shows_the_gap(&mut s, 2);
    s.silent(1, 3);
    s.after(100);
    let second = s.send(1, 3);
    s.note("late: S3 has been asked since");
    s.answer(&question);
    s.answer(&second);
    s.silent(1, 2);
    s.exchange(0, 1);
    s.exchange_all(0, 1);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T2
        S0 -> S2  RequestVote T2 last 40:1
           S2 answers  T2 yes
        S0 -> S3  RequestVote T2 last 40:1
           S3 answers  T2 yes
        S0 start x: index 41 of T2
        S0 -> S2  AppendEntries T2 prev 40:1 [2] commit 0
           S2 answers  T2 success
        S0 -> S3  AppendEntries T2 prev 40:1 [2] commit 0
           S3 answers  T2 success
        S0 -> S3  AppendEntries T2 prev 41:2 [] commit 41
           S3 answers  T2 success
        ... 2 ms
        S0 -> S2  AppendEntries T2 prev 41:2 [] commit 41
           S2 answers  T2 success
        ... 2 ms
        S0 takes a snapshot up to 40
        S3 takes a snapshot up to 41
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 conflict: log ends before 1
        S0 -> S1  nothing
        S1 -> S2  FetchEntries from 1, at most 512
        S1 -> S3  nothing
        ... 100 ms
        S1 -> S3  FetchEntries from 1, at most 512
        # late: S3 has been asked since
           S2 answers  T2 prev 0:0, 41 entries, commit 41, base 0
           S3 answers  T2 prev 0:0, 0 entries, commit 41, base 41
        S1 -> S2  nothing
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 conflict: log ends before 1
        S0 -> S1  InstallSnapshot T2 last 40:1, 7 bytes
           S1 answers  T2 done
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 success
        S0: Leader T2 vote S0 log (40:1) [2] committed 41
        S1: Follower T2 vote - log (40:1) [2] committed 41
        S2: Follower T2 vote S0 log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
        S3: Follower T2 vote S0 log (41:2) [] committed 41
    "#]]);
}

/// S2 has moved on to another term: what it says to be committed there may be news that the leader of this one does not have. S1's own
/// candidacy ends a fetch, too.
#[test]
fn answer_that_may_not_be_used() {
    let mut s = cluster(&[&[1; 40], &[], &[1; 40]]);
    commit(&mut s, &[2]);
    let question = shows_the_gap(&mut s, 2);
    s.stand(2);
    s.answer(&question);
    s.silent(1, 2);
    s.after(100);
    s.exchange(0, 1);
    s.note("S0 has waited for nothing");
    s.stand(1);
    s.answer(&question);
    s.show();
    s.ends_as(&expect![[r#"
        S0 stands for election: Candidate of T2
        S0 -> S2  RequestVote T2 last 40:1
           S2 answers  T2 yes
        S0 start x: index 41 of T2
        S0 -> S2  AppendEntries T2 prev 40:1 [2] commit 0
           S2 answers  T2 success
        S0 -> S2  AppendEntries T2 prev 41:2 [] commit 41
           S2 answers  T2 success
        ... 2 ms
        ... 2 ms
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 conflict: log ends before 1
        S0 -> S1  nothing
        S1 -> S2  FetchEntries from 1, at most 512
        S2 stands for election: Candidate of T3
           S2 answers  T3 prev 0:0, 41 entries, commit 41, base 0
        S1 -> S2  nothing
        ... 100 ms
        S0 -> S1  AppendEntries T2 prev 40:1 [2] commit 41
           S1 answers  T2 conflict: log ends before 1
        # S0 has waited for nothing
        S1 stands for election: Candidate of T3
           S2 answers  T3 prev 0:0, 41 entries, commit 41, base 0
        S0: Leader T2 vote S0 log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
        S1: Candidate T3 vote S1 log [] committed 0
        S2: Candidate T3 vote S2 log [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2] committed 41
    "#]]);
}
