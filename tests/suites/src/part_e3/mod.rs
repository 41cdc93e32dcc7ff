//! Part E3, membership: who counts changes (§6; thesis §4). For Rafts that offer
//! [`first_configuration`](raft_interface::Features::first_configuration) and have
//! [`change_configuration`](raft_interface::RaftServer::change_configuration).
//!
//! | file | what it tests |
//! |---|---|
//! | `conformance` | one leader that changes who counts |
//! | `clusters` | clusters whose members come and go |
//! | `hasty` | changes that are asked for as early as can be |
//!
//! A new test is a function with the suffix `_e3` in the file of its subject, and a row below.

pub mod clusters;
pub mod conformance;
pub mod hasty;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E3 for an implementation.
    suite_e3: Part::E3, Implementation::of;

    2 conformance::joint_needs_both_majorities_e3, "a joint configuration needs both majorities";
    2 conformance::joint_elections_need_both_e3, "and so do elections in it";
    2 conformance::in_force_when_appended_e3, "a configuration counts as soon as it is in the log";
    2 conformance::one_change_at_a_time_e3, "a second change waits for the first";
    2 conformance::not_before_own_term_commits_e3, "no change before an entry of the own term is committed";
    2 conformance::leaving_joint_waits_for_commit_e3, "a joint configuration is left when it is committed";
    2 conformance::leads_until_its_removal_commits_e3, "a leader leads until its removal is committed";
    2 conformance::votes_across_configurations_e3, "a vote is given without a look at the own configuration";
    5 clusters::add_one_e3, "a server is added";
    5 clusters::remove_one_e3, "a server is removed";
    5 clusters::leader_removes_itself_e3, "the leader is removed";
    5 clusters::removed_server_disturbs_nobody_e3, "a removed server deposes nobody";
    5 clusters::uncommitted_removal_e3, "a leader that has removed itself may still be needed";
    5 clusters::replace_all_e3, "all servers are replaced";
    5 clusters::crash_in_joint_e3, "power failures at every save of a change";
    5 clusters::rolled_back_with_the_entry_e3, "a configuration goes with its entry";
    5 clusters::configuration_in_snapshot_e3, "the configuration is in the snapshot, and stays stored";
    5 clusters::newer_snapshot_newer_configuration_e3, "a snapshot brings the configuration at its end";
    5 clusters::learner_catches_up_first_e3, "a server that lags gets no vote";
    5 hasty::change_of_a_new_leader_e3, "a new leader is asked for a change at once";
    5 hasty::second_change_at_once_e3, "two changes are asked for at once";
    5 clusters::majority_of_one_grows_e3, "a cluster of one grows to five";
    5 clusters::changes_while_clients_work_e3, "changes while commands come";
    10 clusters::chaos_e3, "faults of every kind at once, and members that come and go";
}
