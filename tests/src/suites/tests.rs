//! The macros that make `#[test]` functions of the suites, one macro per part.

/// Makes a macro for the tests of one part.
macro_rules! suite {
    ($dollar:tt $(#[$doc:meta])* $suite:ident: $($test:ident)*) => {
        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            (@names) => { [$(stringify!($test)),*] };
            ($dollar raft:ty) => {
                $(
                    #[test]
                    fn $test() {
                        $crate::grade_test::<$dollar raft>(stringify!($test));
                    }
                )*
            };
        }
    };
}

suite! { $
    /// Makes a `#[test]` of every test of part 3A for an implementation: `lab::suite_3a!(raft::Raft);`.
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
    chaos_3b
    idle_3b
    threads_end_3b
    kill_with_full_channel_3b
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
}
