//! Part 4C, the key/value service with snapshots.
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's tests, classic and of 2025 |
//! | `beyond_mit` | what they do not see |
//!
//! A new test is a function with the suffix `_4c` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 4C for a service: `lab::suite_4c!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4c: Part::C4, Implementation::of_service;

    5 mit::snapshot_rpc_4c, "a server that missed much is needed" (MIT: SnapshotRPC);
    5 mit::snapshot_size_4c, "a small state has a small snapshot" (MIT: SnapshotSize);
    5 mit::speed_4c, "1000 operations with snapshots" (MIT: Speed);
    5 mit::snapshot_recover_4c, "restarts from snapshots" (MIT: SnapshotRecover);
    5 mit::snapshot_recover_many_clients_4c, "restarts from snapshots, 20 clients" (MIT: SnapshotRecoverManyClients);
    5 mit::snapshot_unreliable_4c, "lost messages" (MIT: SnapshotUnreliable);
    5 mit::snapshot_unreliable_recover_4c, "lost messages, restarts" (MIT: SnapshotUnreliableRecover);
    5 mit::snapshot_unreliable_recover_concurrent_partition_4c, "lost messages, restarts, partitions" (MIT: SnapshotUnreliableRecoverConcurrentPartition);
    5 mit::snapshot_unreliable_recover_concurrent_partition_linearizable_4c, "the same, 30 clients, shared keys" (MIT: SnapshotUnreliableRecoverConcurrentPartitionLinearizable);
    5 beyond_mit::retry_after_restart_4c, "a retry is recognised after a restart from a snapshot";
    5 beyond_mit::conditional_put_under_a_snapshot_4c, "a put that a snapshot covers is not called off";
    5 beyond_mit::long_run_4c, "many snapshots and restarts under load";
    10 beyond_mit::chaos_4c, "faults of every kind at once, under load";
}
