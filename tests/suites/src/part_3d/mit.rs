//! Part 3D, snapshots (§7; Fig. 13): MIT's seven tests.

use lab_harness::Violation;
use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::lab::Lab;

/// The bytes of a large snapshot, as many as MIT's have in the end. In pieces of some hundred bytes it is soon there over any network.
pub(super) const LARGE: usize = 5_000;
/// More than the pieces have in which most send snapshots. For networks that lose nothing.
const VERY_LARGE: usize = 70_000;

/// MIT's limit for the stored Raft state, in bytes.
const RAFT_STATE_MAX: usize = 2000;

/// What happens to one server in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RoundFault {
    None,
    CutOff,
    Crash,
}

/// Snapshots every ten entries, and nothing fails.
///
/// Catches: a log that does not shrink, and indexes that a trimmed log mixes up.
pub fn snapshot_basic_3d(lab: &Lab) {
    snapshot_rounds(lab, &lab.cluster(3).snapshots(Snapshots::EveryTen).start(), RoundFault::None);
}

/// In each round one server is cut off and misses entries that the leader then no longer has. Some snapshots have 70 kB.
///
/// Catches: a leader that does not send its snapshot, and one that does not know what a snapshot brought.
pub fn snapshot_install_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::EveryTen).snapshots_up_to(VERY_LARGE).start();
    snapshot_rounds(lab, &cluster, RoundFault::CutOff);
}

/// The same over a network that loses one message in ten, with snapshots of up to 5 kB.
///
/// Catches: snapshots and entries that overtake each other, and pieces of snapshots that are put together wrongly.
pub fn snapshot_install_unreliable_3d(lab: &Lab) {
    let cluster = lab.cluster(3).unreliable().snapshots(Snapshots::EveryTen).snapshots_up_to(LARGE).start();
    snapshot_rounds(lab, &cluster, RoundFault::CutOff);
}

/// In each round one server crashes and misses entries that the leader then no longer has. Some snapshots have 70 kB.
///
/// Catches: a snapshot that is not stored together with the log that begins after it.
pub fn snapshot_install_crash_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::EveryTen).snapshots_up_to(VERY_LARGE).start();
    snapshot_rounds(lab, &cluster, RoundFault::Crash);
}

/// The same over a network that loses one message in ten, with snapshots of up to 5 kB.
///
/// Catches: a restart from a snapshot while old messages are under way.
pub fn snapshot_install_un_crash_3d(lab: &Lab) {
    let cluster = lab.cluster(3).unreliable().snapshots(Snapshots::EveryTen).snapshots_up_to(LARGE).start();
    snapshot_rounds(lab, &cluster, RoundFault::Crash);
}

/// MIT's `snapcommon`: thirty rounds of some commands, each with a fault.
fn snapshot_rounds(lab: &Lab, cluster: &Cluster, fault: RoundFault) {
    cluster.one(3);
    let mut leader = cluster.check_one_leader();
    for round in 0..30 {
        // Every third time it is the leader that misses out.
        let (sender, victim) = match round % 3 {
            1 => (cluster.next(leader, 1), leader),
            _ => (leader, cluster.next(leader, 1)),
        };
        match fault {
            RoundFault::None => {}
            RoundFault::CutOff => cluster.disconnect(victim),
            RoundFault::Crash => cluster.crash(victim),
        }
        let servers = if fault == RoundFault::None { 3 } else { 2 };
        // MIT: at least one entry commits without the victim.
        if fault != RoundFault::None {
            cluster.one(servers);
        }
        // Half to one and a half intervals between snapshots (MIT): in some rounds the leader has trimmed what
        // the victim lacks, in others it has not.
        for _ in 0..5 + lab.below(10) {
            cluster.offer(sender);
        }
        // The others were only offered. When this one is applied, so is all that was committed before it.
        cluster.one(servers);
        expect_small_logs(lab, cluster);
        if fault != RoundFault::None {
            cluster.restart(victim);
            if !cluster.is_connected(victim) {
                cluster.connect(victim);
            }
            cluster.one(3);
            leader = cluster.check_one_leader();
        }
    }
}

#[track_caller]
fn expect_small_logs(lab: &Lab, cluster: &Cluster) {
    for server in cluster.servers() {
        let bytes = cluster.raft_state_len(server);
        lab.expect(bytes < RAFT_STATE_MAX, || {
            Violation::new(
                format!("the log of S{server} does not shrink"),
                format!("less than {RAFT_STATE_MAX} bytes of Raft state: the service takes a snapshot every ten entries"),
                format!("{bytes} bytes"),
            )
            .hint("snapshot does not drop the entries that it covers, or does not store the shorter log")
            .servers([server])
        });
    }
}

/// All servers crash at once, five times, with some commands between.
///
/// Catches: a snapshot or a log that a restart of all forgets.
pub fn snapshot_all_crash_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::EveryTen).start();
    cluster.one(3);
    for _ in 0..5 {
        for _ in 0..5 + lab.below(10) {
            cluster.one(3);
        }
        // An index above it afterwards: whoever lost the log would begin anew.
        let before = cluster.one(3);
        cluster.bounce(cluster.servers());
        let after = cluster.one(3);
        lab.expect(after > before, || {
            Violation::new(
                "an index was given twice",
                format!("an index above {before}, which was committed before the crash"),
                format!("index {after}"),
            )
        });
    }
}

/// A snapshot, a crash of all, one command, a crash of all, one command.
///
/// Catches: a snapshot that the first save after a restart loses.
pub fn snapshot_init_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::EveryTen).start();
    for _ in 0..12 {
        cluster.one(3);
    }
    let all = cluster.servers();
    cluster.bounce(all.clone());
    // One command, so that something is saved after the restart.
    cluster.one(3);
    cluster.bounce(all);
    cluster.one(3);
}
