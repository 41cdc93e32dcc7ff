//! Part E2, who counts: voters, and servers that only learn (§6; thesis §4.2.1). For Rafts that offer
//! [`first_configuration`](raft_interface::Features::first_configuration).
//!
//! | file | what it tests |
//! |---|---|
//! | `conformance` | one server, with a vote or without |
//! | `clusters` | clusters in which some learn |
//!
//! Some statements about who counts are older than this part: who lags elects too is `up_to_date_3b`, a vote outlives a crash in
//! `vote_survives_3c`, and an old term is answered with the newer one in `old_leader_refused_3a`.
//!
//! A new test is a function with the suffix `_e2` in the file of its subject, and a row below.

pub mod clusters;
pub mod conformance;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E2 for an implementation.
    suite_e2: Part::E2, Implementation::of;

    2 conformance::lagging_voters_do_not_commit_e2, "who lags stays in the count";
    2 conformance::scenario_e_e2, "one vote a term, in whatever order candidates ask";
    2 conformance::observer_never_stands_e2, "who has no vote does not stand";
    2 conformance::configuration_counts_not_the_answer_e2, "who has no vote is not counted, whatever it answers";
    5 clusters::isolated_leader_e2, "a leader that is alone commits nothing";
    5 clusters::observers_are_no_voters_e2, "learners neither help nor hinder";
    5 clusters::caught_up_voter_counts_e2, "a voter that has caught up counts again";
    5 clusters::learner_gets_everything_e2, "a learner gets entries and snapshots";
    10 clusters::chaos_e2, "faults of every kind at once, with learners that come and go";
}
