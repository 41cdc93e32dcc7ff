//! Part 4A, the replicated state machine layer. The machine is a counter, and a command is what to add to it.
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's tests of `rsm` |
//! | `beyond_mit` | what they do not see |
//! | `callers` | who submits, who waits, and what they must be told |
//!
//! A new test is a function with the suffix `_4a` in the file of its subject, and a row below.

pub mod beyond_mit;
mod callers;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 4A for a service: `lab::suite_4a!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4a: Part::A4, Implementation::of_service;

    5 mit::basic_4a, "commands are executed on all replicas" (MIT: Basic);
    5 mit::concurrent_4a, "50 callers at once get their own results" (MIT: Concurrent);
    5 mit::leader_failure_4a, "the leader is cut off, and comes back" (MIT: LeaderFailure);
    5 mit::leader_partition_4a, "a leader in a minority executes and answers nothing" (MIT: LeaderPartition);
    5 mit::restart_replay_4a, "a restart replays the log" (MIT: RestartReplay);
    5 mit::shutdown_4a, "a killed server frees its callers" (MIT: Shutdown);
    5 mit::restart_submit_4a, "a restart with callers under way" (MIT: RestartSubmit);
    5 mit::snapshot_4a, "snapshots bound the log, and are restored" (MIT: Snapshot);
    5 beyond_mit::idle_after_partition_4a, "a deposed leader of an idle cluster frees its callers";
    5 beyond_mit::snapshot_under_load_4a, "snapshots under load fit to the log that follows";
}
