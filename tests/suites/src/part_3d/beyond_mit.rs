//! Part 3D: what MIT's suite does not see. Snapshots at different indexes, from other threads, of old indexes, and late.

use std::time::Duration;

use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::lab::Lab;
use lab_harness::nemesis::FaultPlan;

use super::mit::LARGE;
use crate::chaos::run_nemesis;

/// Each server takes its snapshots at other indexes, and servers that miss entries get one.
///
/// Catches: a leader that takes its own snapshot's index for its follower's.
pub fn staggered_snapshots_3d(lab: &Lab) {
    let cluster = lab.cluster(3).unreliable().snapshots(Snapshots::Staggered).start();
    lagging_rounds(lab, &cluster);
}

/// Snapshots are taken by another thread than the one that applies, late, and sometimes of an index that a newer
/// snapshot covers already.
///
/// Catches: a snapshot that is expected while an entry is applied, and one that takes the log back.
pub fn snapshots_from_another_thread_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::FromAnotherThread).start();
    lagging_rounds(lab, &cluster);
}

/// Snapshots and entries arrive late, twice and in any order, and the services take their time.
///
/// Catches: a snapshot older than what was applied that is installed, a suffix that is dropped although it matches, a
/// commit index that a snapshot does not raise, and entries that overtake a snapshot on their way to the service.
pub fn late_snapshots_3d(lab: &Lab) {
    let cluster =
        lab.cluster(3).snapshots(Snapshots::EveryTen).snapshots_up_to(LARGE).slow_services().start();
    // So late that a snapshot meets entries that were sent long after it, and the other way round.
    let late = cluster.delays(0.3, Duration::from_millis(500));
    let twice = cluster.duplicates(0.3, Duration::from_millis(1500));
    lagging_rounds(lab, &cluster);
    drop((late, twice));
    cluster.one(3);
}

/// A server gets a snapshot, and before it has all of it, its leader is cut off, and the next one sends a snapshot of another index;
/// or the leader takes a newer one meanwhile. Each message takes up to 10 ms, so that 20 kB in pieces of 1 kB take 200 ms.
///
/// Catches: pieces of one snapshot that are put to those of another.
pub fn interrupted_snapshots_3d(lab: &Lab) {
    const BYTES: usize = 20_000;

    let cluster = lab.cluster(3).snapshots(Snapshots::Staggered).snapshot_padding(BYTES).start();
    let slow = cluster.delays(1.0, Duration::from_millis(10));
    cluster.one(3);
    for round in 0..8 {
        let leader = cluster.check_one_leader();
        let victim = cluster.next(leader, 1 + round % 2);
        cluster.power_failure(victim);
        // More than an interval between snapshots: the others have trimmed what it lacks.
        for _ in 0..14 {
            cluster.one(2);
        }
        // Down and up, and not cut off: nobody has to be elected when it comes back.
        cluster.restart(victim);
        lab.sleep_ms(20 + lab.below(200));
        let is_cut_off = lab.happens(50);
        if is_cut_off {
            cluster.disconnect(leader);
        }
        for _ in 0..10 {
            cluster.one(2);
        }
        if is_cut_off {
            cluster.connect(leader);
        }
        cluster.one(3);
    }
    drop(slow);
    cluster.one(3);
}

/// Rounds in which a server is cut off or down, misses entries and returns.
pub(crate) fn lagging_rounds(lab: &Lab, cluster: &Cluster) {
    cluster.one(3);
    for _ in 0..15 {
        let victim = lab.below(3) as usize;
        if lab.happens(50) {
            cluster.disconnect(victim);
        } else {
            cluster.power_failure(victim);
        }
        // More than an interval between snapshots: the others have trimmed what it lacks.
        for _ in 0..10 + lab.below(10) {
            cluster.one(1);
        }
        cluster.repair();
        cluster.one(2);
    }
    cluster.one(3);
}

/// All servers lose their power at one moment while snapshots are taken and sent, and all come back.
///
/// Catches: a snapshot and a log that do not belong together after a restart.
pub fn restart_everything_3d(lab: &Lab) {
    let cluster = lab.cluster(3).snapshots(Snapshots::Staggered).start();
    cluster.one(3);
    for _ in 0..12 {
        let behind = lab.below(3) as usize;
        cluster.disconnect(behind);
        for _ in 0..12 {
            cluster.one(2);
        }
        cluster.connect(behind);
        // Somewhere between the first refusal and the moment at which the server has caught up.
        lab.sleep_ms(lab.below(120));
        cluster.servers().for_each(|server| cluster.power_failure(server));
        cluster.servers().for_each(|server| cluster.restart(server));
        cluster.one(3);
    }
}

/// Faults of every kind against clusters of 3 to 6 servers that take snapshots: while they apply, beside it, or each at
/// its own indexes. After each phase all agree.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_3d(lab: &Lab) {
    let kinds = [Snapshots::EveryTen, Snapshots::Staggered, Snapshots::FromAnotherThread];
    let snapshots = kinds[lab.below(3) as usize];
    let servers = 3 + lab.below(4) as usize;
    run_nemesis(
        lab,
        &lab.cluster(servers).snapshots(snapshots).snapshots_up_to(LARGE).start(),
        FaultPlan::EVERYTHING,
    );
}
