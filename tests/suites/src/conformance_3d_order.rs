//! Part 3D, sentence by sentence: snapshots that arrive in the wrong order.

use lab_harness::conformance::Bench;
use lab_harness::lab::Lab;

/// Of two snapshots the newer stays, though the older arrives later and no AppendEntries has come between (Fig. 13, receiver
/// 5 to 8; §7: an installed snapshot is committed).
///
/// Catches: a commit index that an installed snapshot does not raise, so that an older snapshot replaces it.
pub fn newer_snapshot_stays_3d(lab: &Lab) {
    let bench = Bench::start(
        lab,
        3,
        "what an installed snapshot covers is committed, so no older snapshot replaces it (§7; Fig. 13, receiver 6)",
        "the commit index is not raised to the last included index",
    );
    bench.peer(1).installs(2, (5, 2));
    bench.expect_applies(5, "the snapshot ends there");
    bench.peer(1).installs(2, (3, 2));
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
