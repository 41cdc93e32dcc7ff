//! Part 3D, sentence by sentence: snapshots and a disk that fails.
//!
//! A test restates a sentence of the paper or of the contract, with its reference, and puts it to the proof: see
//! [`lab_harness::conformance`].

use std::time::Duration;

use lab_harness::conformance::Bench;
use lab_harness::lab::Lab;

use super::conformance_received::await_taken;

/// Some servers need more than one save for other reasons: the power fails after the first, the second and the third.
const SAVES: std::ops::RangeInclusive<u64> = 1..=3;

/// A snapshot whose save failed is not acknowledged (Persister; Fig. 2, State; Fig. 13).
///
/// Catches: a save whose result nobody looks at.
pub fn failed_save_of_a_snapshot_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "a server that cannot save must not answer as if it had, snapshots too (Persister::save; Fig. 2, State; Fig. 13)",
        "the result of a save is ignored",
    );
    bench.needs_snapshots();
    // The term is stored already, so that the snapshot alone is new.
    bench.peer(1).appends(2).prepares("S1 leads term 2");
    bench.next_save_fails();
    // The reply alone may come before the snapshot is taken; success of what follows it may not.
    let next = bench.within(Duration::from_secs(2), |bench| {
        bench.peer(1).installs(2, (10, 2));
        bench.peer(1).appends(2).after(10, 2).send()
    });
    let then = bench.storage();
    bench.restart_from(&then);
    if next.flatten().is_some_and(|reply| reply.success) {
        bench.expect_entry(10, 2, "S1 was told that the snapshot is there, and then the power failed");
    }
}

/// State and snapshot are stored as a pair when the service hands over a snapshot: a power failure after any save leaves a log
/// and a snapshot that belong together (Persister; §7).
///
/// Catches: the trimmed log and the snapshot in two saves.
pub fn power_fails_while_a_snapshot_is_taken_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "log and snapshot are stored with one save: after a power failure both are of before or both of after (Persister; §7)",
        "the snapshot is stored with one save and the log that it trims with another",
    );
    let (mut last, mut last_term) = (0, 0);
    for count in SAVES {
        // A later leader each time: the server may have stood for election meanwhile.
        let term = bench.term() + 1;
        let entries = bench.peer(1).appends(term).after(last, last_term).entries(&[term; 5]);
        entries.commit(last + 5).succeeds("it follows the log");
        (last, last_term) = (last + 5, term);
        bench.expect_applies(last, "leaderCommit says so");
        bench.power_fails_after_save(count);
        bench.take_snapshot(last - 1);
        lab.sleep_ms(50);
        bench.restart();
        let again = bench.peer(1).appends(bench.term() + 1).after(last, last_term).commit(last);
        again.succeeds("the entry was acknowledged");
        bench.expect_applies(last, "the service goes on after the stored snapshot, or begins anew");
    }
}

/// The same when a leader's snapshot is installed: whatever was stored, application goes on after it in order (Persister; §7;
/// Fig. 13).
///
/// Catches: the new log and the snapshot in two saves.
pub fn power_fails_while_a_snapshot_is_installed_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "log and snapshot are stored with one save: after a power failure both are of before or both of after (Persister; §7)",
        "the snapshot is stored with one save and the log that belongs to it with another",
    );
    bench.needs_snapshots();
    bench.peer(1).appends(2).entries(&[1, 1, 2]).commit(3).prepares("it follows the empty log");
    bench.prepare_applied(3, "leaderCommit is 3");
    let (mut before, mut included) = (3, 10);
    for count in SAVES {
        bench.power_fails_after_save(count);
        // No reply comes if the power fails meanwhile.
        bench.peer(1).installs(2, (included, 2));
        bench.restart();
        // A leader that has all entries still, and thinks that this server is where it was.
        bench.peer(1).appends(2).after(before, 2).commit(before).send();
        lab.sleep_ms(50);
        // Nobody was told that the snapshot is there, so it comes again.
        bench.peer(1).installs(2, (included, 2));
        await_taken(&bench, 2, (included, 2));
        let next = bench.peer(1).appends(2).after(included, 2).entries(&[2]).commit(included + 1);
        next.succeeds("it follows the snapshot");
        bench.expect_applies(included + 1, "the service goes on after the snapshot");
        (before, included) = (included + 1, included + 10);
    }
}
