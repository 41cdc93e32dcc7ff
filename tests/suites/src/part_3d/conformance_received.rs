//! Part 3D, sentence by sentence: snapshots that a server receives.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, snapshot};
use lab_harness::lab::Lab;
use raft_interface::{Index, Term};

/// How long a server may take for a snapshot, and how often it is asked.
const TAKING_MAX_MS: u64 = 1_000;
const TAKING_POLL_MS: u64 = 10;

/// A snapshot of an older term's leader is refused (Fig. 13, receiver 1).
///
/// Catches: no check of the term.
pub fn old_snapshot_leader_refused_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "reply immediately if term < currentTerm, with currentTerm (Fig. 13, receiver 1)",
        "the term of an InstallSnapshot is not checked, or the reply has another one than currentTerm",
    );
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    let reply = bench.peer(2).installs(6, (9, 5));
    bench.expect(reply == Some(7), "the reply does not depose an old leader", "term 7", format!("{reply:?}"));
    bench.expect_applied_at_most(0, "the leader of term 6 has nothing to say");
}

/// InstallSnapshot is a message of a leader: its term is adopted, it restarts the election timer, and the term is stored although the
/// snapshot is an old one (Fig. 2, All servers 2; Followers 2; State; Fig. 13).
///
/// Catches: a handler without the rules for all servers, and one that saves only what it installs.
pub fn snapshot_is_a_message_of_the_leader_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "an InstallSnapshot is a message of the current leader: its term counts, and it restarts the timer (§5.1, §7)",
        "the term of an InstallSnapshot is not adopted, not stored if the snapshot is an old one, or the election timer not reset",
    );
    let reply = bench.peer(1).installs(5, (3, 2));
    // A lower one, read before the term of the request was adopted, harms nobody: no rule looks at it.
    bench.expect(
        reply.is_some_and(|term| term <= 5),
        "the reply has a later term, or there is none",
        "term 5",
        format!("{reply:?}"),
    );
    bench.expect_term(5, "S1 leads term 5");
    let deadline = lab.now() + ELECTION_MAX;
    while lab.now() < deadline {
        bench.peer(1).installs(5, (3, 2));
        lab.sleep_ms(50);
    }
    let asked = bench.candidacies_after(5);
    bench.expect(
        asked == 0,
        "S0 stood for election under a leader that is well",
        "no RequestVote",
        format!("{asked}"),
    );
    // An old snapshot of a new leader: the term is all that is new.
    bench.peer(2).installs(9, (2, 2));
    bench.expect_told_term_to_survive(9, "S2 leads that term, and has sent a snapshot");
}

/// Snapshots of a leader of an older term restart no timer (Fig. 2, Followers 2: from current leader; Fig. 13, receiver 1).
///
/// Catches: a timer that is reset before the term is looked at.
pub fn old_snapshots_hold_nobody_up_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "the election timer is restarted by messages of the current leader, and not by those of an older term (Fig. 2, Followers 2; \
         Fig. 13, receiver 1)",
        "an InstallSnapshot restarts the timer before its term is looked at",
    );
    bench.peer(1).appends(7).prepares("S1 leads term 7");
    bench.expect_candidate_despite(
        7,
        || {
            bench.peer(2).installs(6, (9, 5));
        },
        "S2, which led term 6, sends its snapshot again and again",
    );
}

/// A snapshot that covers less than was applied takes nothing back (Fig. 13, receiver 5 and 6; §7).
///
/// Catches: an old snapshot that is installed.
pub fn old_snapshot_ignored_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a snapshot that covers only a prefix of what is applied takes nothing back (§7; Fig. 13, receiver 6)",
        "a delayed InstallSnapshot is installed without a look at the commit index",
    );
    bench.peer(1).appends(2).entries(&[1, 1, 2, 2]).commit(3).prepares("it follows the empty log");
    bench.prepare_applied(3, "leaderCommit is 3");
    // One that ends below what was applied, and one that ends exactly there.
    bench.peer(1).installs(2, (2, 1));
    bench.peer(1).installs(2, (3, 2));
    lab.sleep_ms(50);
    let delivered = bench.snapshots_delivered();
    bench.expect(
        delivered.is_empty(),
        "an old snapshot was delivered to the service",
        "none: everything up to 3 was applied",
        format!("{delivered:?}"),
    );
    bench.expect_entry(4, 2, "it was acknowledged, and the snapshots end before it");
    // A later term than that of the look before.
    bench.peer(1).appends(20).after(4, 2).commit(4).succeeds("the log has four entries");
    bench.expect_applies(4, "leaderCommit is 4");
}

/// Of two snapshots the newer stays, though the older arrives later and no AppendEntries has come between (Fig. 13, receiver
/// 5 to 8; §7: an installed snapshot is committed).
///
/// Catches: a commit index that an installed snapshot does not raise, or that a late AppendEntries sets back, so that an older snapshot
/// replaces it.
pub fn newer_snapshot_stays_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "what an installed snapshot covers is committed, so no older snapshot replaces it (§7; Fig. 13, receiver 6)",
        "the commit index is not raised to the last included index, or is set to what an old AppendEntries says",
    );
    bench.peer(1).installs(2, (5, 2));
    bench.expect_applies(5, "the snapshot ends there");
    bench.peer(1).installs(2, (3, 2));
    // From when less was committed. It may be answered with yes or no, and the commit index does not go back for it (Fig. 2,
    // State: increases monotonically).
    bench.peer(1).appends(2).entries(&[1]).commit(1).send();
    bench.peer(1).installs(2, (4, 2));
    lab.sleep_ms(50);
    let delivered = bench.snapshots_delivered();
    bench.expect(
        delivered == [5],
        "an older snapshot was delivered to the service",
        "the snapshot up to 5, and no other",
        format!("those up to {delivered:?}"),
    );
    bench.expect_entry(5, 2, "it is in the newer snapshot");
    bench
        .peer(1)
        .appends(20)
        .after(5, 2)
        .entries(&[20])
        .commit(6)
        .succeeds("the log ends with the newer snapshot");
    bench.expect_applies(6, "leaderCommit is 6");
}

/// If the log has the snapshot's last entry, what follows it stays (Fig. 13, receiver 6).
///
/// Catches: the whole log dropped.
pub fn suffix_is_kept_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "if the log has an entry with the snapshot's last index and term, the entries that follow stay (Fig. 13, receiver 6)",
        "the whole log is dropped, though its suffix may be acknowledged",
    );
    bench.peer(1).appends(2).entries(&[1, 1, 2, 2, 2]).commit(1).prepares("it follows the empty log");
    bench.prepare_applied(1, "leaderCommit is 1");
    bench.peer(1).installs(2, (3, 2));
    bench.expect_applies(3, "the snapshot ends there");
    bench.peer(2).asks_vote(9).with_last(4, 2).is_refused("its own log goes on to entry 5");
    bench.expect_entry(5, 2, "it follows the snapshot's last entry, and was acknowledged");
    bench.peer(1).appends(20).after(5, 2).commit(5).succeeds("the log has five entries");
    bench.expect_applies(5, "leaderCommit is 5");
}

/// If the log does not have the snapshot's last entry, all of it goes (Fig. 13, receiver 7).
///
/// Catches: entries that conflict with the snapshot and stay.
pub fn other_log_is_dropped_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "if the log does not have the snapshot's last entry, the entire log is discarded (Fig. 13, receiver 7)",
        "the entries after the snapshot's last index are kept without a look at its term",
    );
    bench.peer(1).appends(1).entries(&[1, 1, 1, 1, 1]).prepares("it follows the empty log");
    bench.peer(2).installs(3, (3, 2));
    bench.expect_applies(3, "the snapshot ends there");
    // Entry 5 agrees in index with what may follow the snapshot; only the term of entry 3 shows that it does
    // not.
    bench.expect_no_entry(
        5,
        1,
        "entry 3 was of another term than the snapshot's, so it followed other entries",
    );
    bench.expect_entry(3, 2, "it is the snapshot's last entry");
    bench.peer(2).appends(20).after(3, 2).entries(&[3]).commit(4).succeeds("it follows the snapshot");
    bench.expect_applies(4, "leaderCommit is 4");
}

/// An installed snapshot counts as applied and committed: what it covers is not applied again, and what follows is (Fig. 13,
/// receiver 8; Fig. 2, All servers 1).
///
/// Catches: a commit index, or lastApplied, that stays behind.
pub fn snapshot_counts_as_applied_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a snapshot resets the state machine: application goes on after its last entry (Fig. 13, receiver 8)",
        "commitIndex or lastApplied is not raised to the snapshot's last index",
    );
    bench.peer(1).appends(2).entries(&[1, 1]).commit(2).prepares("it follows the empty log");
    bench.prepare_applied(2, "leaderCommit is 2");
    bench.peer(1).installs(2, (10, 2));
    bench.expect_applies(10, "the snapshot ends there");
    let delivered = bench.snapshots_delivered();
    bench.expect(
        delivered == [10],
        "the service did not get the snapshot",
        "one up to 10",
        format!("{delivered:?}"),
    );
    bench.peer(1).appends(2).after(10, 2).entries(&[2, 2]).commit(5).succeeds("it follows the snapshot");
    bench.expect_applied_at_most(10, "leaderCommit is 5");
    bench.peer(1).appends(2).after(10, 2).entries(&[2, 2]).commit(11).succeeds("it follows the snapshot");
    bench.expect_applies(11, "leaderCommit is 11");
    bench.peer(1).installs(2, (10, 2));
    bench.expect_applied_at_most(11, "a repeated snapshot changes nothing");
    bench.expect_entry(12, 2, "it was acknowledged");
}

/// Label and bytes of a snapshot that is delivered belong together, also if a newer one is installed at that moment (Fig. 13, receiver
/// 8).
///
/// Catches: the index read under the lock, and the bytes from the disk after it was given back.
pub fn label_and_bytes_of_a_delivered_snapshot_3d(lab: &Lab) {
    const SNAPSHOTS: Index = 40;
    let bench = Bench::start(
        lab,
        3,
        "label and bytes of a snapshot that the service gets belong together (Fig. 13, receiver 8: reset state machine using snapshot \
         contents)",
        "the index is read under the lock, and the bytes from the disk after it was given back",
    );
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    // Whoever reads the bytes from its disk without its lock has them after the next snapshot was installed.
    bench.slow_reads(Duration::from_millis(30));
    for index in 1..=SNAPSHOTS {
        bench.peer(1).installs(2, (10 * index, 1));
        lab.sleep_ms(lab.below(20));
    }
    // What the service gets is compared with what was sent, in every test.
    bench.expect_applies(10 * SNAPSHOTS, "the last snapshot ends there");
}

/// A received snapshot is stored, with the log that belongs to it, and not lost by what is stored later (Fig. 13, receiver 5).
///
/// Catches: a snapshot that is delivered and not stored, and one that the first save after a restart forgets.
pub fn snapshot_survives_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a received snapshot is saved (Fig. 13, receiver 5), and stays saved",
        "the snapshot is not stored with the log, or the first save after a restart forgets it",
    );
    // The term is stored already, so that the snapshot alone is new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.peer(1).installs(2, (10, 1));
    bench.expect_applies(10, "the snapshot ends there");
    await_taken(&bench, 2, (10, 1));
    // Twice: the first restart saves a term and votes, and with them must save the snapshot.
    for round in 0..2 {
        bench.restart();
        let stored = bench.stored_snapshot();
        bench.expect(
            stored == snapshot(10),
            "a restarted server has lost its snapshot",
            "the bytes that were installed",
            format!("{} bytes", stored.len()),
        );
        let term = 20 + round;
        bench.peer(2).asks_vote(term).with_last(9, 1).is_refused("its own log ends at 10, with the snapshot");
        bench.peer(2).asks_vote(term).with_last(10, 1).is_granted("its log is as up to date");
    }
    bench.peer(1).appends(30).after(10, 1).entries(&[2]).commit(11).succeeds("it follows the snapshot");
    bench.expect_applies(11, "leaderCommit is 11, and the service began with the snapshot");
    bench.restart();
    bench.expect_entry(11, 2, "it was acknowledged");
}

/// An older snapshot that arrives after a restart replaces nothing: what the server has started from is committed (§7; Fig. 13,
/// receiver 6).
///
/// Catches: a commit index that is 0 after a restart, not the index of the stored snapshot.
pub fn older_snapshot_after_restart_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a snapshot that a server has started from covers committed entries, so no older one replaces it (§7; Fig. 13, \
         receiver 6)",
        "the commit index begins at 0 after a restart, not at the index of the stored snapshot",
    );
    bench.peer(1).installs(2, (5, 2));
    bench.expect_applies(5, "the snapshot ends there");
    await_taken(&bench, 2, (5, 2));
    bench.restart();
    // Delayed, or of a leader that has not heard of the newer one.
    bench.peer(1).installs(2, (3, 2));
    bench.peer(1).installs(2, (4, 2));
    lab.sleep_ms(50);
    let stored = bench.stored_snapshot();
    bench.expect(
        stored == snapshot(5),
        "after a restart an older snapshot took the place of the newer one",
        "the stored snapshot goes up to 5",
        String::from_utf8_lossy(&stored),
    );
    bench.expect_entry(5, 2, "it is in the snapshot that the server has started from");
    bench.peer(1).appends(20).after(5, 2).entries(&[20]).commit(6).succeeds("the log ends with the snapshot");
    bench.expect_applies(6, "leaderCommit is 6");
}

/// A snapshot is stored before anybody hears that it is there (Fig. 2, State; Fig. 13): the power fails in the moment in which the
/// next AppendEntries, which follows it, succeeds. The reply to InstallSnapshot says less: some servers give the snapshot to their
/// service first, answer, and take it when the service agrees (MIT's lab of 2021).
///
/// Catches: a save after the answer.
pub fn snapshot_stored_before_reply_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "persistent state is updated on stable storage before responding to RPCs, snapshots too (Fig. 2, State; Fig. 13)",
        "the snapshot is stored after the reply has left",
    );
    // The term is stored already, so that the snapshot alone is new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.slow_disk(Duration::from_millis(40));
    let reply = bench.peer(1).installs(2, (10, 2));
    bench.expect(reply == Some(2), "there was no reply", "one, in term 2", format!("{reply:?}"));
    let next = bench.peer(1).appends(2).after(10, 2).send();
    // As it is in the moment in which the reply arrives.
    let then = bench.storage();
    lab.expect_usual(
        next.is_some_and(|reply| reply.success),
        "it answers an InstallSnapshot before it has taken the snapshot",
    );
    bench.restart_from(&then);
    bench.expect_entry(10, 2, "the reply had told that the snapshot is there, and then the power failed");
}

/// Waits until the server has taken the snapshot that S1, the leader of this term, has sent it: entries that follow it succeed. Some take it
/// later than they answer, and later than their service has it. Whether they ever do is the subject of other tests.
pub(super) fn await_taken(bench: &Bench, leads: Term, (index, term): (Index, Term)) {
    for _ in 0..TAKING_MAX_MS / TAKING_POLL_MS {
        if bench.peer(1).appends(leads).after(index, term).send().is_some_and(|reply| reply.success) {
            return;
        }
        bench.lab().sleep_ms(TAKING_POLL_MS);
    }
}
