//! Part 4B, the key/value service without snapshots.
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's tests, classic and of 2025 |
//! | `beyond_mit` | what they do not see |
//! | `duplicates` | messages that arrive twice |
//! | `conformance` | one Raft among scripted peers: ReadIndex |
//! | `minority` | a leader that does not know that it leads no more |
//! | `reads` | reads without the log: ReadIndex |
//!
//! A new test is a function with the suffix `_4b` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod conformance;
pub mod duplicates;
pub mod minority;
pub mod mit;
pub mod reads;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 4B for a service: `lab::suite_4b!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4b: Part::B4, Implementation::of_service;

    5 mit::basic_4b, "one client" (MIT: Basic);
    5 mit::speed_4b, "1000 operations, one after the other" (MIT: Speed);
    5 mit::concurrent_4b, "five clients" (MIT: Concurrent);
    5 mit::unreliable_4b, "lost messages" (MIT: Unreliable);
    5 mit::unreliable_one_key_4b, "appends of the same letter, lost messages" (MIT: UnreliableOneKey);
    5 mit::one_partition_4b, "nothing completes in a minority" (MIT: OnePartition);
    5 mit::many_partitions_one_client_4b, "partitions, one client" (MIT: ManyPartitionsOneClient);
    5 mit::many_partitions_many_clients_4b, "partitions, five clients" (MIT: ManyPartitionsManyClients);
    5 mit::persist_one_client_4b, "restarts, one client" (MIT: PersistOneClient);
    5 mit::persist_concurrent_4b, "restarts, five clients" (MIT: PersistConcurrent);
    5 mit::persist_concurrent_unreliable_4b, "restarts, lost messages" (MIT: PersistConcurrentUnreliable);
    5 mit::persist_partition_4b, "restarts, partitions" (MIT: PersistPartition);
    5 mit::persist_partition_unreliable_4b, "restarts, partitions, lost messages" (MIT: PersistPartitionUnreliable);
    5 mit::persist_partition_unreliable_linearizable_4b, "the same, 30 clients, shared keys" (MIT: PersistPartitionUnreliableLinearizable);
    5 beyond_mit::lagging_follower_4b, "a follower does not answer reads from its own state";
    5 minority::leader_in_a_minority_is_left_4b, "a clerk leaves a leader that is cut off";
    5 beyond_mit::same_request_through_two_leaders_4b, "a request that is in the log twice takes effect once";
    5 beyond_mit::conditional_put_through_two_leaders_4b, "a put without a session that a successor commits is not called off";
    5 beyond_mit::clients_crash_4b, "clients die in the middle of a call";
    5 duplicates::duplicated_requests_4b, "messages arrive twice, the second time late";
    5 beyond_mit::races_for_a_version_4b, "conditional writes of one version at once";
    5 reads::read_index_4b, "reads by ReadIndex, restarts, partitions";
    5 reads::read_index_one_partition_4b, "a leader in a minority answers no read";
    5 reads::paused_leader_reads_4b, "a leader that slept answers no old values";
    5 reads::drifting_clocks_reads_4b, "clocks that drift do not matter for reads";
    5 reads::first_read_of_a_term_4b, "the first read of a new leader";
    5 reads::read_before_and_after_a_partition_4b, "a leader that has confirmed reads is cut off";
    5 reads::slow_replica_reads_4b, "reads on a replica that applies slowly";
    2 beyond_mit::put_on_a_missing_key_4b, "a conditional write creates a key at version 0 only";
    2 conformance::late_answers_confirm_no_read_4b, "late answers confirm no read";
    2 conformance::no_read_before_an_entry_of_the_term_4b, "no read before an entry of the term has committed";
}
