//! Part 3D, sentence by sentence: what a snapshot leaves as it is, and what comes in the middle of others.
//!
//! A test restates a sentence of the paper or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, snapshot};
use lab_harness::lab::Lab;

use super::conformance_received::await_taken;
use super::conformance_taken::{TERMS, apply_and_take_snapshot, expect_snapshot, expect_trimmed_log};

/// How long a server may take until a snapshot of its service is stored.
const STORED_MAX_MS: u64 = 1_000;
const VOTE_RULE: &str = "one vote per server and term: a snapshot moves neither votedFor nor currentTerm, on the disk as well (Fig. 2, \
                         State; §5.2)";
const VOTE_HINT: &str = "the vote is cleared with the log, or what is saved with a snapshot leaves out votedFor, or has another term";

/// Waits until a snapshot of the service is stored. Whether it ever is, is the subject of other tests.
fn await_stored(bench: &Bench) {
    for _ in 0..STORED_MAX_MS / 20 {
        if !bench.stored_snapshot().is_empty() {
            return;
        }
        bench.lab().sleep_ms(20);
    }
}

/// S1 has the vote of term 3, now and after a power failure.
#[track_caller]
fn expect_vote_of_term_3(bench: &Bench) {
    let then = bench.storage();
    let ask = || bench.peer(2).asks_vote(3).with_last(20, 3);
    ask().is_refused("S1 has the vote of term 3");
    bench.restart_from(&then);
    ask().is_refused("S1 has the vote of term 3, and since then a snapshot was stored, and the power failed");
}

/// A vote lasts for its term, whatever snapshot the service hands over meanwhile (§5.2; Fig. 2, State).
///
/// Catches: a save of the trimmed log that leaves out the vote, or the current term.
pub fn vote_outlives_a_taken_snapshot_3d(lab: &Lab) {
    let bench = Bench::start(lab, 3, VOTE_RULE, VOTE_HINT);
    bench.peer(1).asks_vote(3).prepares("it is free in term 3");
    apply_and_take_snapshot(&bench, 4);
    await_stored(&bench);
    expect_vote_of_term_3(&bench);
}

/// The same for a snapshot that its leader sends (§5.2; Fig. 2, State; Fig. 13).
///
/// Catches: a handler that clears the vote with the log, and one that saves the snapshot's term in the place of the current one.
pub fn vote_outlives_a_received_snapshot_3d(lab: &Lab) {
    let bench = Bench::start(lab, 3, VOTE_RULE, VOTE_HINT);
    bench.peer(1).asks_vote(3).prepares("it is free in term 3");
    bench.peer(1).installs(3, (10, 1));
    bench.expect_applies(10, "the snapshot ends there");
    await_taken(&bench, 3, (10, 1));
    expect_vote_of_term_3(&bench);
}

/// The answer to a snapshot that was sent in an earlier term says nothing in this one: the follower may have refused it, because it
/// had moved on (§5.1; Fig. 13, receiver 1).
///
/// Catches: an answer whose term is compared with the current one only, so that a late one counts for the office after the next.
pub fn old_install_reply_does_not_count_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a leader goes by answers to what it has sent in its own term: who was in a later one has refused the snapshot (Fig. 13, \
         receiver 1; §5.3)",
        "a late answer to an InstallSnapshot of an earlier term counts as if it were of this one",
    );
    apply_and_take_snapshot(&bench, 5);
    bench.needs_refusals();
    bench.peer(1).has_log(&TERMS);
    let term = bench.elect(&[1]);
    bench.peer(2).holds_snapshots();
    let install = expect_snapshot(&bench);
    bench.peer(2).is_silent();
    let (last, of) = bench.peer(1).follower().last();
    bench.peer(1).appends(term + 1).after(last, of).succeeds("S1 leads the next term, and has all entries");
    bench.elect(&[1]);
    // It came to S2 when that was in the next term already.
    bench.answer(&install, Reply::Install { term: term + 1, expected: None });
    lab.sleep_ms(20);
    bench.peer(2).follows();
    let index = bench.start_command().index;
    let deadline = lab.now() + ELECTION_MAX;
    while bench.peer(2).follower().last_index() < index && lab.now() < deadline {
        lab.sleep_ms(20);
    }
    let follower = bench.peer(2).follower();
    if follower.last_index() >= index {
        expect_trimmed_log(&bench, 5);
    }
    bench.expect(
        follower.last_index() >= index,
        "a follower that has refused a snapshot of an earlier term does not catch up",
        format!("S2 has the snapshot up to 5, and entry {index}, after {ELECTION_MAX:?}: it answers everything of this term"),
        format!("a snapshot up to {}, last entry {}", follower.base.0, follower.last_index()),
    );
}

/// A service may hand over a snapshot as soon as it has got its last entry, from the thread that reads the channel, though the server
/// has more for it in its hands (contract: `snapshot`; MIT calls it while it reads `applyCh`).
///
/// Catches: entries that count as applied when all of a row are delivered, and a snapshot in the middle of them that is ignored.
pub fn snapshot_in_the_middle_of_entries_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a snapshot that the service hands over is stored, whatever else is on its way to the service (contract, The storage; §7)",
        "what is delivered counts as applied only when all of a row are, so that a snapshot up to one in the middle is ignored",
    );
    bench.takes_snapshot_when_it_gets(3);
    bench.peer(1).appends(3).entries(&TERMS).commit(5).prepares("it follows the empty log");
    bench.prepare_applied(5, "leaderCommit is 5");
    lab.sleep(Duration::from_millis(STORED_MAX_MS));
    let stored = bench.stored_snapshot();
    bench.expect(
        stored == snapshot(3),
        "a snapshot that the service took between two entries is not stored",
        "the snapshot up to 3, within a second",
        format!("{:?}", String::from_utf8_lossy(&stored)),
    );
    bench.expect_entry(5, 2, "it was applied, and is not in the snapshot");
}
