//! Part 4A: what MIT's suite does not see. An idle cluster, and snapshots under load.

use kvraft_interface::Layer;
use lab_harness::Violation;
use lab_harness::lab::Lab;

use super::callers::{
    CATCH_UP, RAFT_STATE_BYTES_MAX, TOLD_WITHIN, add_at_once, all_results, expect_none_executed,
};

/// A deposed leader frees its callers although nobody submits anything any more: no entry comes that would tell it.
pub fn idle_after_partition_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).start();
    let sum = cluster.add_somewhere(1).sum;
    let leader = cluster.check_one_leader();
    cluster.disconnect(leader);
    let threads = add_at_once(&cluster, leader, 10, -1);
    // There is a successor, and it has nothing to send: no entry will ever take the place of those that wait.
    cluster.check_one_leader();
    cluster.connect(leader);
    let results = all_results(lab, threads, TOLD_WITHIN, "the deposed leader was connected again");
    expect_none_executed(lab, &results, leader);
    cluster.expect_counters(sum, CATCH_UP);
}

/// Many callers at once, and restarts: what a snapshot holds and what the log holds after it must fit together.
///
/// Catches: a snapshot's state and its index taken at different moments.
pub fn snapshot_under_load_4a(lab: &Lab) {
    let cluster = lab.service(3, Layer::Counter).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    cluster.add_somewhere(0);
    let (mut told, mut unsure) = (0, 0);
    for _ in 0..4 {
        let leader = cluster.check_one_leader();
        let threads = add_at_once(&cluster, leader, 80, 1);
        let results =
            all_results(lab, threads, TOLD_WITHIN, "80 commands were submitted to a healthy leader");
        told += results.iter().flatten().count() as i64;
        unsure += results.iter().filter(|result| result.is_none()).count() as i64;
        cluster.bounce(cluster.servers());
    }
    let value = cluster.add_somewhere(0).sum;
    // Where leadership is lost, as on a busy real machine, callers are told nothing, and their commands may have been executed.
    let range = told..=told + unsure;
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
