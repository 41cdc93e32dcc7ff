//! Part E6, forwarding: every server of a service takes commands, and hands them to the leader. For services that
//! [do](kvraft_interface::KeyValue::forwards). Nobody has to: MIT's servers refuse, and their clerks go elsewhere.
//!
//! | file | what it tests |
//! |---|---|
//! | `clusters` | what a caller is told of commands, and what becomes of them |
//! | `snapshots` | the same of commands that are hidden by a snapshot |
//!
//! The layer is that of part 4A, a counter on a replicated state machine. Each command adds a number of its own
//! ([`delta`](lab_harness::kv::delta)), so the sum tells which were executed, and how often. Hints and redirects of clients are older
//! than this part: `hint_names_a_leader_3a`. So are requests that come again: `duplicated_requests_4b`, `retry_after_restart_4c`; and
//! that `start` waits for nobody: `entries_leave_at_once_3b`. Queries are E5's.
//!
//! A new test is a function with the suffix `_e6` in the file of its subject, and a row below.

pub mod clusters;
pub mod snapshots;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E6 for a service: `lab::suite_e6!(kvraft::Reference<my_raft::Raft>);`.
    suite_e6: Part::E6, Implementation::of_service;

    5 clusters::batch_in_one_piece_e6, "many commands in one call stand in the log in one piece, in their order";
    5 clusters::feed_and_execute_e6, "one call returns when commands are appended, the other when they are applied here";
    5 clusters::acknowledged_and_lost_e6, "places that were promised, and other entries in them";
    5 clusters::overwritten_in_part_e6, "a row of which some were committed by a successor";
    5 snapshots::executed_below_a_snapshot_e6, "entries that were executed, and a server that learns it from a snapshot";
    5 snapshots::lost_below_a_snapshot_e6, "entries that were lost, and a server that learns it from a snapshot";
    5 clusters::offline_gives_back_e6, "without a leader the commands come back, and have no effect";
    5 clusters::answer_to_another_call_e6, "late answers belong to their own calls";
    5 clusters::request_twice_e6, "a message that arrives twice is one request";
    5 clusters::request_after_restart_e6, "a server that has restarted brings new requests";
    5 clusters::forward_loop_e6, "two that believe in each other do not forward for ever";
    10 clusters::chaos_e6, "faults of every kind";
}
