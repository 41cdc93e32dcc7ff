//! Part 3D, sentence by sentence: what a snapshot leaves as it is, and what comes in the middle of others.
//!
//! A test restates a sentence of the paper or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::{Bench, ELECTION_MAX, Reply, snapshot};
use lab_harness::lab::Lab;
use raft_interface::Index;

use super::conformance_received::await_taken;
use super::conformance_taken::{TERMS, apply_and_take_snapshot, expect_trimmed_log, snapshot_under_way};

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
    let install = snapshot_under_way(&bench);
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

/// A snapshot of the service and one of the leader come at the same moment: the one that covers more stays (§7; Fig. 13, receiver 6).
///
/// Catches: a look at what a snapshot covers in one hold of the lock, and the cut of the log in another.
pub fn taken_and_received_at_once_3d(lab: &Lab) {
    const ROUNDS: Index = 10;
    let bench = Bench::start(
        lab,
        3,
        "of a snapshot that the service hands over and one that its leader sends, the one that covers more stays, whatever comes first \
         (§7; Fig. 13, receiver 6)",
        "whether a snapshot of the service is an old one is looked at in one hold of the lock, and the log cut in another",
    );
    bench.peer(1).appends(2).entries(&[2; 5]).commit(5).prepares("it follows the empty log");
    bench.prepare_applied(5, "leaderCommit is 5");
    for last in (1..=ROUNDS).map(|round| 10 * round - 5) {
        // While this is saved, both wait for the server's lock.
        bench.slow_disk(Duration::from_millis(5));
        let appends = bench.beside(move |bench| bench.peer(1).appends(2).after(last, 2).entries(&[2]).send());
        lab.sleep_ms(1);
        let takes = bench.beside(move |bench| bench.take_snapshot(last));
        lab.sleep_ms(lab.below(2));
        bench.peer(1).installs(2, (last + 5, 2));
        drop(takes.join());
        drop(appends.join());
        bench.slow_disk(Duration::ZERO);
        bench.expect_applies(last + 5, "the leader's snapshot ends there");
        await_taken(&bench, 2, (last + 5, 2));
        let stored = bench.stored_snapshot();
        bench.expect(
            stored == snapshot(last + 5),
            "a snapshot that the service took has replaced the leader's, which covers more",
            format!("the stored snapshot goes up to {}", last + 5),
            format!("{:?}", String::from_utf8_lossy(&stored)),
        );
        let next = bench.peer(1).appends(2).after(last + 5, 2).entries(&[2; 5]).commit(last + 10);
        next.succeeds("it follows the leader's snapshot");
        bench.expect_applies(last + 10, "leaderCommit says so");
    }
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
