//! Part 4C, the key/value service with snapshots: MIT's tests, classic and of 2025.

use kvraft_interface::Layer;
use lab_harness::kv::{Keys, Workload};
use lab_harness::lab::Lab;

use crate::clients::{expect_value, speed};

/// MIT's `maxraftstate`.
pub(super) const RAFT_STATE_BYTES_MAX: usize = 1000;

/// MIT's limits in `SnapshotSize`.
const SNAPSHOT_BYTES_MAX: usize = 500;

const fn with_snapshots(clients: usize, servers: usize) -> Workload {
    Workload { snapshots_at: Some(RAFT_STATE_BYTES_MAX), ..Workload::new(clients, servers) }
}

/// A server misses fifty writes and then is needed for a majority: it gets a snapshot.
pub fn snapshot_rpc_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let mut client = cluster.client();
    let _ = client.put("a", "A");
    let leader = cluster.check_one_leader();
    let away = cluster.next(leader, 1);
    let split = cluster.partition(&[&[leader, cluster.next(leader, 2)], &[away]]);
    for count in 0..50 {
        let _ = client.put(&count.to_string(), &count.to_string());
    }
    lab.sleep_ms(500);
    let _ = client.put("b", "B");
    cluster.expect_sizes(8 * RAFT_STATE_BYTES_MAX, usize::MAX);
    split.end();
    // Now a majority needs the one that was away: before anything commits it must have the snapshot.
    let split = cluster.partition(&[&[leader, away], &[cluster.next(leader, 2)]]);
    let _ = client.put("c", "C");
    let _ = client.put("d", "D");
    for (key, value) in [("a", "A"), ("b", "B"), ("1", "1"), ("49", "49")] {
        expect_value(&mut client, key, value);
    }
    split.end();
    let _ = client.put("e", "E");
    for (key, value) in [("c", "C"), ("e", "E"), ("1", "1")] {
        expect_value(&mut client, key, value);
    }
    cluster.check(60);
}

/// Two hundred writes of one key leave a small log and a small snapshot.
pub fn snapshot_size_4c(lab: &Lab) {
    let cluster = lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start();
    let mut client = cluster.client();
    for _ in 0..200 {
        let _ = client.put("x", "0");
        expect_value(&mut client, "x", "0");
        let _ = client.put("x", "1");
        expect_value(&mut client, "x", "1");
    }
    cluster.expect_sizes(8 * RAFT_STATE_BYTES_MAX, SNAPSHOT_BYTES_MAX);
    cluster.check(800);
}

/// As `speed_4b`, with snapshots.
pub fn speed_4c(lab: &Lab) {
    speed(lab, lab.service(3, Layer::KeyValue).snapshots_at(RAFT_STATE_BYTES_MAX).start());
}

/// One client, and all servers restart.
pub fn snapshot_recover_4c(lab: &Lab) {
    Workload { crash: true, ..with_snapshots(1, 5) }.run(lab);
}

/// Twenty clients, and all servers restart.
pub fn snapshot_recover_many_clients_4c(lab: &Lab) {
    Workload { crash: true, ..with_snapshots(20, 5) }.run(lab);
}

/// Twenty clients (MIT: five), messages are lost.
pub fn snapshot_unreliable_4c(lab: &Lab) {
    Workload { unreliable: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same, and all servers restart.
pub fn snapshot_unreliable_recover_4c(lab: &Lab) {
    Workload { unreliable: true, crash: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same, and partitions.
pub fn snapshot_unreliable_recover_concurrent_partition_4c(lab: &Lab) {
    Workload { unreliable: true, crash: true, partitions: true, ..with_snapshots(5, 5) }.run(lab);
}

/// The same with thirty clients (MIT: fifteen), seven servers and shared keys.
pub fn snapshot_unreliable_recover_concurrent_partition_linearizable_4c(lab: &Lab) {
    let keys = Keys::Random(20);
    Workload { unreliable: true, crash: true, partitions: true, keys, ..with_snapshots(15, 7) }.run(lab);
}
