//! Part 4A: what MIT's suite does not see. An idle cluster, and snapshots under load.

use std::time::Duration;

use kvraft_interface::Layer;
use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_runs::settings::World;

use super::callers::{CATCH_UP, RAFT_STATE_BYTES_MAX, add_at_once, all_results, expect_none_executed};

/// A deposed leader frees its callers although nobody submits anything any more: no entry comes that would tell it.
pub fn idle_after_partition_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    cluster.add_somewhere(1);
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    let threads = add_at_once(&cluster, leader, 10, -1);
    // There is a successor, and it has nothing to send: no entry will ever take the place of those that wait.
    cluster.check_one_leader();
    cluster.connect(leader);
    let results = all_results(lab, threads, Duration::from_secs(5), "the deposed leader was connected again");
    expect_none_executed(lab, &results, leader);
    cluster.expect_counters(1, CATCH_UP);
}

/// Many callers at once, and restarts: what a snapshot holds and what the log holds after it must fit together.
///
/// Catches: a snapshot's state and its index taken at different moments.
pub fn snapshot_under_load_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    cluster.add_somewhere(0);
    let mut told = 0;
    for _ in 0..4 {
        let leader = cluster.check_one_leader();
        let threads = add_at_once(&cluster, leader, 80, 1);
        let results = all_results(
            lab,
            threads,
            Duration::from_secs(5),
            "80 commands were submitted to a healthy leader",
        );
        told += results.iter().flatten().count() as i64;
        cluster.bounce(cluster.servers());
    }
    let value = cluster.add_somewhere(0);
    // On a busy real machine leadership may be lost. Then callers are told nothing, and their commands may have been
    // executed.
    let range = if lab.world() == World::Real { told..=4 * 80 } else { told..=told };
    lab.expect(range.contains(&value), || {
        Violation::new(
            "commands were lost or executed twice around a snapshot",
            format!("{range:?}"),
            value.to_string(),
        )
        .rule("the state in a snapshot is that of its last included index (§7; Fig. 13)")
        .hint("a snapshot whose state is of another moment than its index")
    });
    cluster.expect_counters(value, CATCH_UP);
}
