//! The macros that make `#[test]` functions of the suites, one macro per part.

/// Makes a macro for the tests of one part.
macro_rules! suite {
    ($dollar:tt $(#[$doc:meta])* $suite:ident: $($test:ident)*) => {
        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            (@names) => { [$(stringify!($test)),*] };
            ($dollar raft:ty $dollar(, $dollar method:ident($dollar($dollar argument:expr),*))* $dollar(,)?) => {
                $(
                    #[test]
                    fn $test() {
                        let implementation = $crate::Implementation::of::<$dollar raft>();
                        $crate::grade_test(
                            stringify!($test),
                            implementation$dollar(.$dollar method($dollar($dollar argument),*))*,
                        );
                    }
                )*
            };
        }
    };
}

suite! { $
    /// Makes a `#[test]` of every test of part 3A for a Raft: `lab::suite_3a!(my_raft::Raft);`. What else the lab should know
    /// of it follows as calls: `lab::suite_3a!(my_raft::Raft, with_names(my_names));`; see [`Implementation`](crate::Implementation).
    suite_3a:
    initial_election_3a
    re_election_3a
    many_elections_3a
    even_sizes_3a
    term_in_append_reply_3a
    term_in_vote_reply_3a
    stale_heartbeats_3a
    synchronised_starts_3a
    few_terms_3a
    paused_leader_3a
    drifting_clocks_3a
    elections_in_chaos_3a
    one_vote_per_term_3a
    same_candidate_again_3a
    vote_outlives_heartbeats_3a
    new_term_new_vote_3a
    old_candidate_refused_3a
    old_leader_refused_3a
    term_from_requests_3a
    term_never_goes_back_3a
    term_from_vote_reply_3a
    term_from_append_reply_3a
    leader_steps_down_for_candidate_3a
    leader_steps_down_for_leader_3a
    candidate_follows_leader_3a
    candidate_votes_for_itself_3a
    candidate_tries_again_3a
    majority_of_four_3a
    voter_counts_once_3a
    late_votes_do_not_count_3a
    leader_says_so_at_once_3a
    heartbeats_at_a_sane_rate_3a
    heartbeats_reset_the_timer_3a
    granting_resets_the_timer_3a
    refusing_resets_no_timer_3a
    old_leader_resets_no_timer_3a
    timeouts_differ_3a
}

suite! { $
    /// Makes a `#[test]` of every test of part 3B for an implementation.
    suite_3b:
    basic_agree_3b
    rpc_bytes_3b
    follower_failure_3b
    leader_failure_3b
    fail_agree_3b
    fail_no_agree_3b
    concurrent_starts_3b
    rejoin_3b
    backup_3b
    count_3b
    even_split_3b
    unanswered_leader_3b
    bridge_3b
    latency_3b
    backlog_3b
    many_servers_3b
    returning_follower_3b
    late_and_twice_3b
    far_apart_3b
    crossing_messages_3b
    chaos_3b
    idle_3b
    threads_end_3b
    kill_with_full_channel_3b
    up_to_date_3b
    refusal_leaves_the_vote_3b
    missing_previous_entry_3b
    other_previous_term_3b
    heartbeat_is_checked_3b
    conflict_is_cut_3b
    late_request_cuts_nothing_3b
    repeated_requests_3b
    old_leader_changes_nothing_3b
    commit_not_past_the_log_3b
    commit_not_past_new_entries_3b
    candidate_tells_its_log_3b
    entries_leave_at_once_3b
    many_entries_in_a_message_3b
    leader_goes_on_trying_3b
    refused_is_tried_again_3b
    backs_up_fast_3b
    commits_with_majority_of_four_3b
    counts_own_term_only_3b
    match_is_what_was_sent_3b
    old_success_does_not_count_3b
    commit_is_told_3b
    silence_commits_nothing_3b
    next_index_starts_at_the_end_3b
    deposed_leader_sends_nothing_3b
}

suite! { $
    /// Makes a `#[test]` of every test of part 3C for an implementation.
    suite_3c:
    persist1_3c
    persist2_3c
    persist3_3c
    figure8_3c
    unreliable_agree_3c
    figure8_unreliable_3c
    reliable_churn_3c
    unreliable_churn_3c
    crash_at_every_save_3c
    restart_everything_3c
    restart_between_votes_3c
    chaos_3c
    vote_survives_3c
    term_survives_3c
    own_vote_survives_3c
    entries_survive_3c
    cut_survives_3c
    commands_survive_3c
    vote_stored_before_reply_3c
    entries_stored_before_reply_3c
    candidacy_stored_before_request_3c
    power_fails_before_reply_3c
    entries_sent_again_after_power_failure_3c
    applies_again_3c
}

suite! { $
    /// Makes a `#[test]` of every test of part 3D for an implementation.
    suite_3d:
    snapshot_basic_3d
    snapshot_install_3d
    snapshot_install_unreliable_3d
    snapshot_install_crash_3d
    snapshot_install_un_crash_3d
    snapshot_all_crash_3d
    snapshot_init_3d
    staggered_snapshots_3d
    snapshots_from_another_thread_3d
    late_snapshots_3d
    restart_everything_3d
    chaos_3d
    old_snapshot_leader_refused_3d
    snapshot_is_a_message_of_the_leader_3d
    old_snapshot_ignored_3d
    newer_snapshot_stays_3d
    suffix_is_kept_3d
    other_log_is_dropped_3d
    snapshot_counts_as_applied_3d
    snapshot_survives_3d
    snapshot_stored_before_reply_3d
    snapshot_keeps_its_last_term_3d
    entries_below_the_snapshot_3d
    snapshot_is_sent_once_3d
    snapshot_is_sent_truly_3d
    install_acknowledges_the_snapshot_only_3d
    term_from_install_reply_3d
    old_snapshot_of_the_service_3d
    indexes_go_on_3d
}

/// Makes a macro for the tests of one part of a service.
macro_rules! service_suite {
    ($dollar:tt $(#[$doc:meta])* $suite:ident: $($test:ident)*) => {
        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            (@names) => { [$(stringify!($test)),*] };
            ($dollar service:ty $dollar(, $dollar method:ident($dollar($dollar argument:expr),*))* $dollar(,)?) => {
                $(
                    #[test]
                    fn $test() {
                        let implementation = $crate::Implementation::of_service::<$dollar service>();
                        $crate::grade_test(
                            stringify!($test),
                            implementation$dollar(.$dollar method($dollar($dollar argument),*))*,
                        );
                    }
                )*
            };
        }
    };
}

service_suite! { $
    /// Makes a `#[test]` of every test of part 4A for a service: `lab::suite_4a!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4a:
    basic_4a
    concurrent_4a
    leader_failure_4a
    leader_partition_4a
    restart_replay_4a
    shutdown_4a
    restart_submit_4a
    snapshot_4a
    idle_after_partition_4a
    snapshot_under_load_4a
}

service_suite! { $
    /// Makes a `#[test]` of every test of part 4B for a service: `lab::suite_4b!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4b:
    basic_4b
    speed_4b
    concurrent_4b
    unreliable_4b
    unreliable_one_key_4b
    one_partition_4b
    many_partitions_one_client_4b
    many_partitions_many_clients_4b
    persist_one_client_4b
    persist_concurrent_4b
    persist_concurrent_unreliable_4b
    persist_partition_4b
    persist_partition_unreliable_4b
    persist_partition_unreliable_linearizable_4b
    lagging_follower_4b
    same_request_through_two_leaders_4b
    clients_crash_4b
    duplicated_requests_4b
    races_for_a_version_4b
    read_index_4b
    read_index_one_partition_4b
    paused_leader_reads_4b
    drifting_clocks_reads_4b
    first_read_of_a_term_4b
}

service_suite! { $
    /// Makes a `#[test]` of every test of part 4C for a service: `lab::suite_4c!(kvraft::Reference<my_raft::Raft>);`. What else
    /// the lab should know of it follows as calls; see [`Implementation`](crate::Implementation).
    suite_4c:
    snapshot_rpc_4c
    snapshot_size_4c
    speed_4c
    snapshot_recover_4c
    snapshot_recover_many_clients_4c
    snapshot_unreliable_4c
    snapshot_unreliable_recover_4c
    snapshot_unreliable_recover_concurrent_partition_4c
    snapshot_unreliable_recover_concurrent_partition_linearizable_4c
    retry_after_restart_4c
    long_run_4c
    chaos_4c
}
