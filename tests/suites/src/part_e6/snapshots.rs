//! Part E6 where a snapshot hides what became of commands: it says what the state is, and not which entries led there.

use std::time::Duration;

use kvraft_interface::Layer;
use lab_harness::kv::{COMMANDS_MAX, Forwarded, KvCluster};
use lab_harness::lab::Lab;
use labrpc::sync::Arc;
use raft_interface::ServerId;

use super::clusters::{executing, leader_among};
use crate::clients::finish_within;

/// The stored state of a Raft, in bytes, at which a service takes a snapshot.
const RAFT_STATE_BYTES_MAX: usize = 500;
/// So many entries take more room than that, be each as small as it can.
const ENTRIES: usize = 100;
/// Messages arrive, entries commit, and a snapshot is taken: all within it in fair weather, and no election is due.
const SHORTLY: Duration = Duration::from_millis(40);

/// A cluster with a counter that takes snapshots, and has a leader that all know of.
fn start(lab: &Lab) -> (Arc<KvCluster>, Arc<Forwarded>) {
    let cluster = lab.service(5, Layer::Counter).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    cluster.sum_of_all();
    (Arc::new(cluster), Arc::default())
}

/// A follower hands commands to its leader and is promised places, but gets no entries. They are executed, and hidden by a snapshot,
/// before it hears of them again.
///
/// Catches: commands that come back as if they had no effect, since no entry is seen in their places.
pub fn executed_below_a_snapshot_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab);
    for round in 0..3 {
        let leader = cluster.check_one_leader();
        let follower = cluster.next(leader, 1);
        let deaf = cluster.deaf_to_requests(follower);
        let call = executing(&cluster, &forwarded, follower, vec![2 * round, 2 * round + 1]);
        lab.sleep(SHORTLY);
        cluster.fill_log(leader, ENTRIES);
        lab.sleep(SHORTLY);
        deaf.end();
        finish_within(lab, call, Duration::from_secs(10), "the follower gets requests again");
    }
    forwarded.check(&cluster);
}

/// A leader and a follower are cut off from three others, which elect another leader and fill their logs until they need a snapshot.
/// Then the follower hands commands to the old leader, in places that are long taken, and all are together again.
///
/// Catches: commands that count as executed as soon as the state is that of a later index.
pub fn lost_below_a_snapshot_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab);
    let mut commands = 0..COMMANDS_MAX;
    for _ in 0..2 {
        let leader = cluster.check_one_leader();
        let follower = cluster.next(leader, 1);
        let others: Vec<ServerId> = (2..5).map(|step| cluster.next(leader, step)).collect();
        let split = cluster.partition(&[&[leader, follower], &others]);
        if let Some(next) = leader_among(lab, &cluster, &others) {
            cluster.fill_log(next, ENTRIES);
            lab.sleep(SHORTLY);
        }
        let lost = commands.by_ref().take(3).collect();
        let call = executing(&cluster, &forwarded, follower, lost);
        lab.sleep(SHORTLY);
        split.end();
        finish_within(lab, call, Duration::from_secs(10), "the network was healed");
    }
    forwarded.check(&cluster);
}
