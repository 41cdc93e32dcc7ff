//! Part E4 in clusters: leaders that send their snapshots in pieces, and what happens meanwhile.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, ClusterBuilder, Snapshots};
use lab_harness::lab::Lab;
use lab_harness::nemesis::FaultPlan;
use labrpc::network::Fault;
use raft_interface::{Features, ServerId};

use crate::chaos::run_nemesis;
use crate::part_3d::beyond_mit::lagging_rounds;

/// The bytes of a snapshot of the harness' own service that was not told to write more.
const SNAPSHOT: usize = 16;

/// A cluster of three whose leaders send `bytes` at a time.
fn cluster(lab: &Lab, bytes: usize) -> ClusterBuilder {
    lab.cluster(3).features(Features::snapshots_in_pieces(bytes)).snapshots(Snapshots::EveryTen)
}

/// A cluster in which a snapshot goes out in a hundred pieces of a byte.
fn hundred_pieces(lab: &Lab) -> ClusterBuilder {
    cluster(lab, 1).snapshot_padding(100 - SNAPSHOT)
}

/// A server misses more than an interval between snapshots, and comes back. From then on each message takes up to 10 ms, so
/// that a hundred pieces take a second. Returns the leader and that server, while the first pieces are on their way.
fn in_mid_transfer(lab: &Lab, cluster: &Cluster) -> (ServerId, ServerId, Fault) {
    cluster.one(3);
    let leader = cluster.check_one_leader();
    let victim = cluster.next(leader, 1);
    cluster.power_failure(victim);
    for _ in 0..25 {
        cluster.one(2);
    }
    let slow = cluster.delays(1.0, Duration::from_millis(10));
    // Down and up, and not cut off: its term is the others', and nobody has to be elected when it comes back.
    cluster.restart(victim);
    lab.sleep_ms(300);
    (leader, victim, slow)
}

/// Rounds in which a server is cut off or down, misses entries and gets the snapshot in pieces.
///
/// Catches: pieces that are put together wrongly, and a transfer that stops.
pub fn snapshot_in_pieces_e4(lab: &Lab) {
    let bytes = 1 + lab.below(SNAPSHOT as u64) as usize;
    lagging_rounds(lab, &cluster(lab, bytes).start());
}

/// The same over a network that loses one request in ten and one reply in ten.
///
/// Catches: a transfer that a lost piece or a lost answer ends.
pub fn pieces_over_a_bad_network_e4(lab: &Lab) {
    lagging_rounds(lab, &cluster(lab, 5).unreliable().start());
}

/// Services take snapshots in threads of their own, late and of old indexes, while others come in pieces.
///
/// Catches: a late snapshot of the service that takes the place of a newer one, and a transfer that it ends.
pub fn late_compaction_e4(lab: &Lab) {
    let cluster = lab
        .cluster(3)
        .features(Features::snapshots_in_pieces(4))
        .snapshots(Snapshots::FromAnotherThread)
        .start();
    lagging_rounds(lab, &cluster);
}

/// Pieces and entries arrive late, twice and in any order, and the services take their time.
///
/// Catches: a late piece that is installed over what was applied, and entries that overtake a snapshot on their way to the
/// service.
pub fn applier_and_transfer_e4(lab: &Lab) {
    let cluster = cluster(lab, 5).slow_services().start();
    let late = cluster.delays(0.3, Duration::from_millis(500));
    let twice = cluster.duplicates(0.3, Duration::from_millis(1500));
    lagging_rounds(lab, &cluster);
    drop((late, twice));
    cluster.one(3);
}

/// The disk of a server fails when the snapshot is complete. The server may do as it likes then, but for saying what is not
/// stored. After a restart it gets the snapshot.
///
/// Catches: an acknowledgement before the save, and a server that cannot be ended.
pub fn disk_fails_at_the_end_e4(lab: &Lab) {
    let cluster = hundred_pieces(lab).start();
    let (_, victim, slow) = in_mid_transfer(lab, &cluster);
    cluster.failing_disk(victim);
    lab.sleep_ms(3000);
    drop(slow);
    // The others are a majority.
    cluster.one(2);
    cluster.power_failure(victim);
    cluster.slow_disk(victim, Duration::ZERO);
    cluster.restart(victim);
    cluster.one(3);
}

/// The follower loses its power in mid-transfer, three times, and with it what it has got.
///
/// Catches: a leader that goes on where the follower is no more.
pub fn follower_restarts_e4(lab: &Lab) {
    let cluster = hundred_pieces(lab).start();
    let (_, victim, slow) = in_mid_transfer(lab, &cluster);
    for _ in 0..3 {
        cluster.power_failure(victim);
        lab.sleep_ms(lab.below(100));
        cluster.restart(victim);
        lab.sleep_ms(200 + lab.below(300));
    }
    drop(slow);
    cluster.one(3);
}

/// The leader takes newer snapshots while one is on its way.
///
/// Catches: a transfer that changes its bytes on the way. Notes, without blame, for the follower gets there when the leader has a
/// rest: one that begins anew with each snapshot.
pub fn leader_compacts_meanwhile_e4(lab: &Lab) {
    let cluster = hundred_pieces(lab).start();
    let (_, victim, slow) = in_mid_transfer(lab, &cluster);
    let before = cluster.committed_last();
    // A newer snapshot every ten of them, and a transfer takes a second and more.
    for _ in 0..100 {
        cluster.one(2);
        lab.sleep_ms(30);
    }
    let applied = lab.applied(victim);
    drop(slow);
    cluster.one(3);
    lab.expect_usual(applied >= before, "a transfer begins anew with each snapshot that the leader takes");
}

/// A hundred pieces take longer than an election timeout, and nobody stands for election.
///
/// Catches: a follower for which only heartbeats are words of its leader, and a leader that sends nothing else meanwhile.
pub fn hundred_chunks_e4(lab: &Lab) {
    let cluster = hundred_pieces(lab).start();
    let (_, victim, slow) = in_mid_transfer(lab, &cluster);
    let before = cluster.check_terms();
    lab.sleep_ms(4000);
    let after = cluster.check_terms();
    lab.expect(before == after, || {
        Violation::new(
            "somebody stood for election while a snapshot was on its way in pieces",
            format!("term {before}, as before"),
            format!("term {after}"),
        )
        .rule("a message of the current leader restarts the election timer, a piece of a snapshot too (Fig. 2, Followers 2)")
        .servers([victim])
    });
    drop(slow);
    cluster.one(3);
}

/// The leader crashes in mid-transfer, and another one sends its own snapshot.
///
/// Catches: pieces of two leaders put together.
pub fn leader_changes_in_mid_transfer_e4(lab: &Lab) {
    let cluster = hundred_pieces(lab).start();
    let (leader, _, slow) = in_mid_transfer(lab, &cluster);
    cluster.power_failure(leader);
    // Its pieces that are still on their way come late.
    cluster.one(2);
    cluster.restart(leader);
    drop(slow);
    cluster.one(3);
}

/// Faults of every kind against clusters of 3 to 5 servers that send their snapshots in pieces of 1 to 64 bytes.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e4(lab: &Lab) {
    let kinds = [Snapshots::EveryTen, Snapshots::Staggered, Snapshots::FromAnotherThread];
    let snapshots = kinds[lab.below(3) as usize];
    let servers = 3 + lab.below(3) as usize;
    let (bytes, padding) = (1 + lab.below(64) as usize, lab.below(60) as usize);
    let cluster = lab
        .cluster(servers)
        .features(Features::snapshots_in_pieces(bytes))
        .snapshots(snapshots)
        .snapshot_padding(padding);
    run_nemesis(lab, &cluster.start(), FaultPlan::EVERYTHING);
}
