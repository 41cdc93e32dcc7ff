//! Part E5, reads that need no entry in the log (§8; thesis §6.4). For Rafts that have
//! [`read_index_until`](raft_interface::RaftServer::read_index_until): one without it is put to nothing here. Each test asks for
//! the features that it is about. Those of `services` want a service on the Raft, and ways to read that it offers.
//!
//! | file | what it tests |
//! |---|---|
//! | `conformance` | one leader among scripted peers: whose answers confirm a read |
//! | `clusters` | clusters in which nobody writes, or one server decides |
//! | `services` | services whose clients read in other ways than at the leader through the log |
//! | `leases` | reads by lease, while somebody else comes into office ([`leases`](raft_interface::Features::leases)) |
//!
//! Three statements about reads are older than this part: answers to messages that left before the read arrived are
//! `late_answers_confirm_no_read_4b`, the first read of a term is `no_read_before_an_entry_of_the_term_4b`, and a read of a leader
//! that steps down is `read_of_a_lonely_leader_ends_e1`. What a service makes of it all is 4B's.
//!
//! A new test is a function with the suffix `_e5` in the file of its subject, and a row below.

pub mod clusters;
pub mod conformance;
pub mod leases;
pub mod services;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E5 for an implementation.
    suite_e5: Part::E5, Implementation::of;

    2 conformance::read_index_waits_for_all_three_e5, "a read waits for an entry of the term, for a majority, and for what was committed";
    2 conformance::which_answers_confirm_e5, "one follower is one answer, and an answer is for its own round and term";
    2 conformance::learners_confirm_no_read_e5, "who has no vote confirms no read";
    2 conformance::pending_reads_of_a_deposed_leader_e5, "a read that waits does not outlive the office";
    5 clusters::lone_voter_reads_e5, "who decides alone reads alone";
    5 clusters::reads_without_writes_after_election_e5, "a new leader reads before anybody has written";
    2 leases::no_lease_before_an_entry_of_the_term_e5, "a new leader has no lease before it knows what is committed";
    2 leases::no_lease_after_a_transfer_e5, "a transfer that is given up does not bring the lease back";
    2 leases::promise_outlives_a_term_e5, "a follower that moves on to a later term keeps what it has promised";
    5 leases::lease_within_the_clock_error_e5, "a lease ends before another leader is elected, with clocks that drift";
    5 leases::lease_from_send_not_answer_e5, "a lease begins when the message left, and not when the answer came";
    5 leases::lease_ends_with_transfer_e5, "a lease ends when the office is on its way";
    5 leases::lease_and_pause_e5, "a leader that was asleep has no lease";
    5 services::follower_query_e5, "a follower answers when it has applied what the leader has committed";
    5 services::weak_reads_never_go_back_e5, "a read that may be old is never older than the last one";
    5 services::slow_replica_lease_reads_e5, "a lease does not say what is applied";
    10 services::chaos_e5, "faults of every kind, and all ways to read";
    5 leases::promise_survives_a_restart_e5, "a follower that restarts keeps what it has promised";
}
