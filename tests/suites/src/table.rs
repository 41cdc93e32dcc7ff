//! All tests as a table: parts, points, limits, and MIT's numbers to compare with. The only place for them.

use std::time::Duration;

use super::{chaos, conformance_3a, conformance_3b, conformance_3c, conformance_3d, conformance_3d_order};
use super::{more_3a, more_3b, more_3b_logs, more_3c, more_3d, part_3a, part_3b, part_3c, part_3d};
use super::{part_4a, part_4b, part_4b_reads, part_4c};
use lab_harness::case::Part::{A3, A4, B3, B4, C3, C4, D3};
use lab_harness::case::{Origin, Part, TestCase};
use lab_harness::lab::Lab;

/// MIT's limit for a test, of virtual time here.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Some ten times what the most expensive test takes.
const STEPS_MAX: u64 = 5_000_000;

const fn mit(name: &'static str, rpcs: u32) -> Origin {
    Origin::Mit { name, rpcs }
}

const fn test(
    part: Part,
    points: u32,
    name: &'static str,
    body: fn(&Lab),
    origin: Origin,
    about: &'static str,
) -> TestCase {
    TestCase { name, part, points, about, origin, time_max: TIME_MAX, steps_max: STEPS_MAX, body }
}

/// A row: part, points, function, origin, what it is about.
macro_rules! rows {
    ($($part:ident $points:literal $module:ident::$name:ident, $origin:expr, $about:literal;)*) => {
        &[$(test($part, $points, stringify!($name), $module::$name, $origin, $about)),*]
    };
}

/// Every test, in the order in which they are graded.
#[rustfmt::skip]
pub static TESTS: &[TestCase] = rows! {
    A3 10 part_3a::initial_election_3a, mit("InitialElection", 64), "a leader is elected and stays";
    A3 10 part_3a::re_election_3a, mit("ReElection", 134), "a leader is replaced; none without a majority";
    A3 10 part_3a::many_elections_3a, mit("ManyElections", 539), "elections under changing connections";
    A3 5 more_3a::even_sizes_3a, Origin::Lab, "a half of 2, 4 or 6 servers elects nobody";
    A3 5 more_3a::term_in_append_reply_3a, Origin::Lab, "a leader hears of a higher term in a reply";
    A3 5 more_3a::term_in_vote_reply_3a, Origin::Lab, "a candidate hears of a higher term in a reply";
    A3 5 more_3a::stale_heartbeats_3a, Origin::Lab, "heartbeats of an old term keep nobody from electing";
    A3 5 more_3a::synchronised_starts_3a, Origin::Lab, "all start at once, again and again";
    A3 5 more_3a::few_terms_3a, Origin::Lab, "elections do not take many terms";
    A3 5 more_3a::paused_leader_3a, Origin::Lab, "a leader that was stopped for a while steps down";
    A3 5 more_3a::drifting_clocks_3a, Origin::Lab, "clocks that drift depose nobody";
    A3 10 more_3a::elections_in_chaos_3a, Origin::Lab, "late and repeated messages elect nobody twice";
    A3 2 conformance_3a::one_vote_per_term_3a, Origin::Lab, "a second candidate of a term is refused";
    A3 2 conformance_3a::same_candidate_again_3a, Origin::Lab, "a repeated request is granted again";
    A3 2 conformance_3a::vote_outlives_heartbeats_3a, Origin::Lab, "a vote lasts for the whole term";
    A3 2 conformance_3a::new_term_new_vote_3a, Origin::Lab, "a new term brings a new vote";
    A3 2 conformance_3a::old_candidate_refused_3a, Origin::Lab, "a candidate of an old term is refused";
    A3 2 conformance_3a::old_leader_refused_3a, Origin::Lab, "a leader of an old term is refused";
    A3 2 conformance_3a::term_from_requests_3a, Origin::Lab, "higher terms in requests are adopted";
    A3 2 conformance_3a::term_never_goes_back_3a, Origin::Lab, "old messages do not lower the term";
    A3 2 conformance_3a::term_from_vote_reply_3a, Origin::Lab, "a candidate adopts a higher term from a reply";
    A3 2 conformance_3a::term_from_append_reply_3a, Origin::Lab, "a leader steps down for a higher term in a reply";
    A3 2 conformance_3a::leader_steps_down_for_candidate_3a, Origin::Lab, "a leader steps down for a later candidate";
    A3 2 conformance_3a::leader_steps_down_for_leader_3a, Origin::Lab, "a leader steps down for a later leader";
    A3 2 conformance_3a::candidate_follows_leader_3a, Origin::Lab, "a candidate follows the leader of its term";
    A3 2 conformance_3a::candidate_votes_for_itself_3a, Origin::Lab, "a candidate has voted for itself";
    A3 2 conformance_3a::candidate_tries_again_3a, Origin::Lab, "an election without a winner is followed by another";
    A3 2 conformance_3a::majority_of_four_3a, Origin::Lab, "three of four elect, two do not";
    A3 2 conformance_3a::voter_counts_once_3a, Origin::Lab, "votes are counted by voter";
    A3 2 conformance_3a::late_votes_do_not_count_3a, Origin::Lab, "votes of an earlier term do not count";
    A3 2 conformance_3a::leader_says_so_at_once_3a, Origin::Lab, "the first heartbeat comes with the election";
    A3 2 conformance_3a::heartbeats_at_a_sane_rate_3a, Origin::Lab, "heartbeats are repeated, not too often";
    A3 2 conformance_3a::heartbeats_reset_the_timer_3a, Origin::Lab, "heartbeats restart the election timer";
    A3 2 conformance_3a::granting_resets_the_timer_3a, Origin::Lab, "a vote that is granted restarts the timer";
    A3 2 conformance_3a::refusing_resets_no_timer_3a, Origin::Lab, "a vote that is refused restarts no timer";
    A3 2 conformance_3a::old_leader_resets_no_timer_3a, Origin::Lab, "an old leader restarts no timer";
    A3 2 conformance_3a::timeouts_differ_3a, Origin::Lab, "election timeouts are random";

    B3 5 part_3b::basic_agree_3b, mit("BasicAgree", 18), "three commands at the indexes 1, 2, 3";
    B3 5 part_3b::rpc_bytes_3b, mit("RPCBytes", 48), "each command is sent to each server about once";
    B3 5 part_3b::follower_failure_3b, mit("FollowerFailure", 112), "followers are lost one by one";
    B3 5 part_3b::leader_failure_3b, mit("LeaderFailure", 184), "leaders are lost one by one";
    B3 5 part_3b::fail_agree_3b, mit("FailAgree", 85), "a follower returns and catches up";
    B3 5 part_3b::fail_no_agree_3b, mit("FailNoAgree", 193), "no agreement without a majority";
    B3 5 part_3b::concurrent_starts_3b, mit("ConcurrentStarts", 18), "commands given at the same time";
    B3 5 part_3b::rejoin_3b, mit("Rejoin", 149), "an isolated leader returns";
    B3 10 part_3b::backup_3b, mit("Backup", 2099), "logs that differ by many entries";
    B3 5 part_3b::count_3b, mit("Count", 58), "not too many calls";
    B3 5 more_3b::even_split_3b, Origin::Lab, "a half of 4 servers commits nothing";
    B3 5 more_3b::unanswered_leader_3b, Origin::Lab, "a leader without replies commits nothing";
    B3 5 more_3b::bridge_3b, Origin::Lab, "two majorities with one server in common";
    B3 5 more_3b::latency_3b, Origin::Lab, "a command does not wait for a heartbeat";
    B3 5 more_3b::backlog_3b, Origin::Lab, "ten thousand entries in few messages";
    B3 5 more_3b::many_servers_3b, Origin::Lab, "25 servers";
    B3 5 more_3b::returning_follower_3b, Origin::Lab, "calls that hang hold nobody up";
    B3 5 more_3b::late_and_twice_3b, Origin::Lab, "late and repeated messages change no log";
    B3 5 more_3b_logs::far_apart_3b, Origin::Lab, "logs that differ by thousands of entries, in few calls";
    B3 5 more_3b_logs::crossing_messages_3b, Origin::Lab, "a deposed leader is told so while it sends";
    B3 10 chaos::chaos_3b, Origin::Lab, "all faults of the network at once, pauses, clocks";
    B3 5 more_3b::idle_3b, Origin::Lab, "an idle cluster costs next to nothing";
    B3 5 more_3b::threads_end_3b, Origin::Lab, "no thread outlives kill";
    B3 5 more_3b::kill_with_full_channel_3b, Origin::Lab, "kill frees a server whose service is stuck";
    B3 2 conformance_3b::up_to_date_3b, Origin::Lab, "whose log is more up to date, all nine cases";
    B3 2 conformance_3b::refusal_leaves_the_vote_3b, Origin::Lab, "a refused candidate does not have the vote";
    B3 2 conformance_3b::missing_previous_entry_3b, Origin::Lab, "AppendEntries fails over a gap";
    B3 2 conformance_3b::other_previous_term_3b, Origin::Lab, "AppendEntries fails if the previous term differs";
    B3 2 conformance_3b::heartbeat_is_checked_3b, Origin::Lab, "heartbeats are checked like other AppendEntries";
    B3 2 conformance_3b::conflict_is_cut_3b, Origin::Lab, "a conflict goes, with all that follows";
    B3 2 conformance_3b::late_request_cuts_nothing_3b, Origin::Lab, "only a conflict cuts the log";
    B3 2 conformance_3b::repeated_requests_3b, Origin::Lab, "repeated requests do no harm";
    B3 2 conformance_3b::old_leader_changes_nothing_3b, Origin::Lab, "a leader of an old term changes nothing";
    B3 2 conformance_3b::commit_not_past_the_log_3b, Origin::Lab, "what has not come is not committed";
    B3 2 conformance_3b::commit_not_past_new_entries_3b, Origin::Lab, "what may not be the leader's is not committed";
    B3 2 conformance_3b::candidate_tells_its_log_3b, Origin::Lab, "candidates tell their last entry";
    B3 2 conformance_3b::entries_leave_at_once_3b, Origin::Lab, "commands do not wait for heartbeats";
    B3 2 conformance_3b::many_entries_in_a_message_3b, Origin::Lab, "a message brings many entries";
    B3 2 conformance_3b::leader_goes_on_trying_3b, Origin::Lab, "lost messages are sent again";
    B3 2 conformance_3b::refused_is_tried_again_3b, Origin::Lab, "refused messages are tried further back";
    B3 2 conformance_3b::backs_up_fast_3b, Origin::Lab, "long differences take few rounds";
    B3 2 conformance_3b::commits_with_majority_of_four_3b, Origin::Lab, "three of four commit, two do not";
    B3 2 conformance_3b::counts_own_term_only_3b, Origin::Lab, "entries of earlier terms are not counted";
    B3 2 conformance_3b::match_is_what_was_sent_3b, Origin::Lab, "a reply acknowledges what was sent";
    B3 2 conformance_3b::old_success_does_not_count_3b, Origin::Lab, "replies to an earlier leadership do not count";
    B3 2 conformance_3b::commit_is_told_3b, Origin::Lab, "followers hear what is committed";
    B3 2 conformance_3b::silence_commits_nothing_3b, Origin::Lab, "sent is not stored";
    B3 2 conformance_3b::next_index_starts_at_the_end_3b, Origin::Lab, "a new leader sends what is new";
    B3 2 conformance_3b::deposed_leader_sends_nothing_3b, Origin::Lab, "only who was elected sends";

    C3 5 part_3c::persist1_3c, mit("Persist1", 76), "restarts of all and of one";
    C3 5 part_3c::persist2_3c, mit("Persist2", 350), "changing majorities are down";
    C3 5 part_3c::persist3_3c, mit("Persist3", 39), "a majority crashes while the third is cut off";
    C3 10 part_3c::figure8_3c, mit("Figure8", 948), "leaders crash soon after a command";
    C3 5 part_3c::unreliable_agree_3c, mit("UnreliableAgree", 1040), "agreement over a bad network";
    C3 10 part_3c::figure8_unreliable_3c, mit("Figure8Unreliable", 10630), "Figure 8 over a bad network";
    C3 5 part_3c::reliable_churn_3c, mit("ReliableChurn", 10317), "servers come and go under load";
    C3 5 part_3c::unreliable_churn_3c, mit("UnreliableChurn", 4576), "the same over a bad network";
    C3 5 more_3c::crash_at_every_save_3c, Origin::Lab, "power failures before and after saves";
    C3 5 more_3c::restart_everything_3c, Origin::Lab, "all lose power at once";
    C3 5 more_3c::restart_between_votes_3c, Origin::Lab, "a voter restarts between two candidates";
    C3 10 chaos::chaos_3c, Origin::Lab, "faults of every kind at once";
    C3 2 conformance_3c::vote_survives_3c, Origin::Lab, "a restart forgets no vote";
    C3 2 conformance_3c::term_survives_3c, Origin::Lab, "a restart forgets no term";
    C3 2 conformance_3c::own_vote_survives_3c, Origin::Lab, "a restart forgets no candidacy";
    C3 2 conformance_3c::entries_survive_3c, Origin::Lab, "a restart forgets no entry that was acknowledged";
    C3 2 conformance_3c::cut_survives_3c, Origin::Lab, "a restart brings back no entry that was cut";
    C3 2 conformance_3c::commands_survive_3c, Origin::Lab, "a restart forgets no command of a leader";
    C3 2 conformance_3c::vote_stored_before_reply_3c, Origin::Lab, "votes are stored before they are told";
    C3 2 conformance_3c::entries_stored_before_reply_3c, Origin::Lab, "entries are stored before they are acknowledged";
    C3 2 conformance_3c::candidacy_stored_before_request_3c, Origin::Lab, "a candidacy is stored before it is told";
    C3 2 conformance_3c::power_fails_before_reply_3c, Origin::Lab, "power fails between the save of a vote and the reply";
    C3 2 conformance_3c::entries_sent_again_after_power_failure_3c, Origin::Lab, "power fails between the save of entries and the reply";
    C3 2 conformance_3c::applies_again_3c, Origin::Lab, "a restarted server applies what it hears to be committed";

    D3 5 part_3d::snapshot_basic_3d, mit("SnapshotBasic", 488), "the log shrinks";
    D3 5 part_3d::snapshot_install_3d, mit("SnapshotInstall", 1444), "a server gets the snapshot";
    D3 5 part_3d::snapshot_install_unreliable_3d, mit("SnapshotInstallUnreliable", 1584), "the same over a bad network";
    D3 5 part_3d::snapshot_install_crash_3d, mit("SnapshotInstallCrash", 1082), "a crashed server gets the snapshot";
    D3 5 part_3d::snapshot_install_un_crash_3d, mit("SnapshotInstallUnCrash", 1182), "the same over a bad network";
    D3 5 part_3d::snapshot_all_crash_3d, mit("SnapshotAllCrash", 346), "all crash at once";
    D3 5 part_3d::snapshot_init_3d, mit("SnapshotInit", 90), "the snapshot survives the first save after a restart";
    D3 5 more_3d::staggered_snapshots_3d, Origin::Lab, "snapshots at different indexes";
    D3 5 more_3d::snapshots_from_another_thread_3d, Origin::Lab, "snapshots beside applying, and of old indexes";
    D3 5 more_3d::late_snapshots_3d, Origin::Lab, "late and repeated snapshots";
    D3 5 more_3d::restart_everything_3d, Origin::Lab, "all lose power at once, with snapshots";
    D3 10 chaos::chaos_3d, Origin::Lab, "faults of every kind at once, with snapshots";
    D3 2 conformance_3d::old_snapshot_leader_refused_3d, Origin::Lab, "a leader of an old term installs nothing";
    D3 2 conformance_3d::snapshot_is_a_message_of_the_leader_3d, Origin::Lab, "InstallSnapshot counts as a word of the leader";
    D3 2 conformance_3d::old_snapshot_ignored_3d, Origin::Lab, "an old snapshot takes nothing back";
    D3 2 conformance_3d_order::newer_snapshot_stays_3d, Origin::Lab, "an older snapshot does not replace a newer";
    D3 2 conformance_3d::suffix_is_kept_3d, Origin::Lab, "what follows a matching snapshot stays";
    D3 2 conformance_3d::other_log_is_dropped_3d, Origin::Lab, "a log that does not match the snapshot goes";
    D3 2 conformance_3d::snapshot_counts_as_applied_3d, Origin::Lab, "application goes on after the snapshot";
    D3 2 conformance_3d::snapshot_survives_3d, Origin::Lab, "a received snapshot stays stored";
    D3 2 conformance_3d::snapshot_stored_before_reply_3d, Origin::Lab, "snapshots are stored before they are acknowledged";
    D3 2 conformance_3d::snapshot_keeps_its_last_term_3d, Origin::Lab, "the last included term counts";
    D3 2 conformance_3d::entries_below_the_snapshot_3d, Origin::Lab, "late entries below the snapshot lead on";
    D3 2 conformance_3d::snapshot_is_sent_once_3d, Origin::Lab, "a lagging follower gets the snapshot once";
    D3 2 conformance_3d::snapshot_is_sent_truly_3d, Origin::Lab, "the snapshot that is sent is the one that was taken";
    D3 2 conformance_3d::install_acknowledges_the_snapshot_only_3d, Origin::Lab, "an installed snapshot is acknowledged, nothing more";
    D3 2 conformance_3d::term_from_install_reply_3d, Origin::Lab, "a leader steps down for a higher term in a reply";
    D3 2 conformance_3d::old_snapshot_of_the_service_3d, Origin::Lab, "an old snapshot of the service changes nothing";
    D3 2 conformance_3d::indexes_go_on_3d, Origin::Lab, "indexes go on after a snapshot";

    A4 5 part_4a::basic_4a, mit("Basic", 0), "commands are executed on all replicas";
    A4 5 part_4a::concurrent_4a, mit("Concurrent", 0), "50 callers at once get their own results";
    A4 5 part_4a::leader_failure_4a, mit("LeaderFailure", 0), "the leader is cut off, and comes back";
    A4 5 part_4a::leader_partition_4a, mit("LeaderPartition", 0), "a leader in a minority executes and answers nothing";
    A4 5 part_4a::restart_replay_4a, mit("RestartReplay", 0), "a restart replays the log";
    A4 5 part_4a::shutdown_4a, mit("Shutdown", 0), "a killed server frees its callers";
    A4 5 part_4a::restart_submit_4a, mit("RestartSubmit", 0), "a restart with callers under way";
    A4 5 part_4a::snapshot_4a, mit("Snapshot", 0), "snapshots bound the log, and are restored";
    A4 5 part_4a::idle_after_partition_4a, Origin::Lab, "a deposed leader of an idle cluster frees its callers";
    A4 5 part_4a::snapshot_under_load_4a, Origin::Lab, "snapshots under load fit to the log that follows";
    B4 5 part_4b::basic_4b, mit("Basic", 0), "one client";
    B4 5 part_4b::speed_4b, mit("Speed", 0), "1000 operations, one after the other";
    B4 5 part_4b::concurrent_4b, mit("Concurrent", 0), "five clients";
    B4 5 part_4b::unreliable_4b, mit("Unreliable", 0), "lost messages";
    B4 5 part_4b::unreliable_one_key_4b, mit("UnreliableOneKey", 0), "appends of the same letter, lost messages";
    B4 5 part_4b::one_partition_4b, mit("OnePartition", 0), "nothing completes in a minority";
    B4 5 part_4b::many_partitions_one_client_4b, mit("ManyPartitionsOneClient", 0), "partitions, one client";
    B4 5 part_4b::many_partitions_many_clients_4b, mit("ManyPartitionsManyClients", 0), "partitions, five clients";
    B4 5 part_4b::persist_one_client_4b, mit("PersistOneClient", 0), "restarts, one client";
    B4 5 part_4b::persist_concurrent_4b, mit("PersistConcurrent", 0), "restarts, five clients";
    B4 5 part_4b::persist_concurrent_unreliable_4b, mit("PersistConcurrentUnreliable", 0), "restarts, lost messages";
    B4 5 part_4b::persist_partition_4b, mit("PersistPartition", 0), "restarts, partitions";
    B4 5 part_4b::persist_partition_unreliable_4b, mit("PersistPartitionUnreliable", 0), "restarts, partitions, lost messages";
    B4 5 part_4b::persist_partition_unreliable_linearizable_4b, mit("PersistPartitionUnreliableLinearizable", 0), "the same, 30 clients, shared keys";
    B4 5 part_4b::lagging_follower_4b, Origin::Lab, "a follower does not answer reads from its own state";
    B4 5 part_4b::same_request_through_two_leaders_4b, Origin::Lab, "a request that is in the log twice takes effect once";
    B4 5 part_4b::clients_crash_4b, Origin::Lab, "clients die in the middle of a call";
    B4 5 part_4b::duplicated_requests_4b, Origin::Lab, "messages arrive twice, the second time late";
    B4 5 part_4b::races_for_a_version_4b, Origin::Lab, "conditional writes of one version at once";
    B4 5 part_4b_reads::read_index_4b, Origin::Lab, "reads by ReadIndex, restarts, partitions";
    B4 5 part_4b_reads::read_index_one_partition_4b, Origin::Lab, "a leader in a minority answers no read";
    B4 5 part_4b_reads::paused_leader_reads_4b, Origin::Lab, "a leader that slept answers no old values";
    B4 5 part_4b_reads::drifting_clocks_reads_4b, Origin::Lab, "clocks that drift do not matter for reads";
    B4 5 part_4b_reads::first_read_of_a_term_4b, Origin::Lab, "the first read of a new leader";
    C4 5 part_4c::snapshot_rpc_4c, mit("SnapshotRPC", 0), "a server that missed much is needed";
    C4 5 part_4c::snapshot_size_4c, mit("SnapshotSize", 0), "a small state has a small snapshot";
    C4 5 part_4c::speed_4c, mit("Speed", 0), "1000 operations with snapshots";
    C4 5 part_4c::snapshot_recover_4c, mit("SnapshotRecover", 0), "restarts from snapshots";
    C4 5 part_4c::snapshot_recover_many_clients_4c, mit("SnapshotRecoverManyClients", 0), "restarts from snapshots, 20 clients";
    C4 5 part_4c::snapshot_unreliable_4c, mit("SnapshotUnreliable", 0), "lost messages";
    C4 5 part_4c::snapshot_unreliable_recover_4c, mit("SnapshotUnreliableRecover", 0), "lost messages, restarts";
    C4 5 part_4c::snapshot_unreliable_recover_concurrent_partition_4c, mit("SnapshotUnreliableRecoverConcurrentPartition", 0), "lost messages, restarts, partitions";
    C4 5 part_4c::snapshot_unreliable_recover_concurrent_partition_linearizable_4c, mit("SnapshotUnreliableRecoverConcurrentPartitionLinearizable", 0), "the same, 30 clients, shared keys";
    C4 5 part_4c::retry_after_restart_4c, Origin::Lab, "a retry is recognised after a restart from a snapshot";
    C4 5 part_4c::long_run_4c, Origin::Lab, "many snapshots and restarts under load";
    C4 10 chaos::chaos_4c, Origin::Lab, "faults of every kind at once, under load";
};
