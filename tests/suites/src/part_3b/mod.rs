//! Part 3B, log replication (§5.3, §5.4).
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's ten tests |
//! | `beyond_mit` | clusters: what MIT's suite does not see |
//! | `beyond_mit_costs` | clusters: what slow links and a long life cost |
//! | `beyond_mit_logs` | clusters: logs far apart, and messages that cross |
//! | `conformance_votes` | one server: votes and logs (§5.4.1) |
//! | `conformance_followers` | one server: what it does with an AppendEntries |
//! | `conformance_leaders` | one server: what it sends as a leader |
//! | `conformance_saves` | one server: what it sends as a leader on a slow disk |
//! | `conformance_commitment` | one server: what it takes for committed |
//! | `conformance_telling` | one server: whom it tells of that |
//!
//! A new test is a function with the suffix `_3b` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod beyond_mit_costs;
pub mod beyond_mit_logs;
pub mod conformance_commitment;
pub mod conformance_followers;
pub mod conformance_leaders;
pub mod conformance_saves;
pub mod conformance_telling;
pub mod conformance_votes;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 3B for an implementation.
    suite_3b: Part::B3, Implementation::of;

    5 mit::basic_agree_3b, "three commands at the indexes 1, 2, 3" (MIT: BasicAgree, 18 RPCs);
    5 mit::rpc_bytes_3b, "each command is sent to each server about once" (MIT: RPCBytes, 48 RPCs);
    5 mit::follower_failure_3b, "followers are lost one by one" (MIT: FollowerFailure, 112 RPCs);
    5 mit::leader_failure_3b, "leaders are lost one by one" (MIT: LeaderFailure, 184 RPCs);
    5 mit::fail_agree_3b, "a follower returns and catches up" (MIT: FailAgree, 85 RPCs);
    5 mit::fail_no_agree_3b, "no agreement without a majority" (MIT: FailNoAgree, 193 RPCs);
    5 mit::concurrent_starts_3b, "commands given at the same time" (MIT: ConcurrentStarts, 18 RPCs);
    5 mit::rejoin_3b, "an isolated leader returns" (MIT: Rejoin, 149 RPCs);
    10 mit::backup_3b, "logs that differ by many entries" (MIT: Backup, 2099 RPCs);
    5 mit::count_3b, "not too many calls" (MIT: Count, 58 RPCs);
    5 beyond_mit::even_split_3b, "a half of 4 servers commits nothing";
    5 beyond_mit::unanswered_leader_3b, "a leader without replies commits nothing";
    5 beyond_mit::bridge_3b, "two majorities with one server in common";
    5 beyond_mit::latency_3b, "a command does not wait for a heartbeat";
    5 beyond_mit::backlog_3b, "two thousand entries in few messages";
    5 beyond_mit::many_servers_3b, "25 servers";
    5 beyond_mit::returning_follower_3b, "calls that hang hold nobody up";
    5 beyond_mit::late_and_twice_3b, "late and repeated messages change no log";
    5 beyond_mit_logs::far_apart_3b, "logs that differ by thousands of entries, in few calls";
    5 beyond_mit_logs::crossing_messages_3b, "a deposed leader is told so while it sends";
    10 beyond_mit::chaos_3b, "all faults of the network at once, pauses, clocks";
    5 beyond_mit::idle_3b, "an idle cluster costs next to nothing";
    2 beyond_mit_costs::bytes_on_a_slow_link_3b, "a slow link carries each command a few times at most";
    2 beyond_mit_costs::long_life_3b, "a server that lives long needs no more threads";
    2 beyond_mit_costs::memory_of_an_idle_life_3b, "a server that lives long needs no more memory" (within 1000 s);
    5 beyond_mit::threads_end_3b, "no thread outlives kill";
    5 beyond_mit::kill_with_full_channel_3b, "kill frees a server whose service is stuck";
    2 conformance_votes::up_to_date_3b, "whose log is more up to date, all nine cases";
    2 conformance_votes::refusal_leaves_the_vote_3b, "a refused candidate does not have the vote";
    2 conformance_followers::missing_previous_entry_3b, "AppendEntries fails over a gap";
    2 conformance_followers::other_previous_term_3b, "AppendEntries fails if the previous term differs";
    2 conformance_followers::heartbeat_is_checked_3b, "heartbeats are checked like other AppendEntries";
    2 conformance_followers::conflict_is_cut_3b, "a conflict goes, with all that follows";
    2 conformance_followers::mismatch_is_a_word_of_the_leader_3b, "an AppendEntries that does not match restarts the timer";
    2 conformance_followers::late_request_cuts_nothing_3b, "only a conflict cuts the log";
    2 conformance_followers::repeated_requests_3b, "repeated requests do no harm";
    2 conformance_followers::old_leader_changes_nothing_3b, "a leader of an old term changes nothing";
    2 conformance_followers::commit_not_past_the_log_3b, "what has not come is not committed";
    2 conformance_followers::commit_not_past_new_entries_3b, "what may not be the leader's is not committed";
    2 conformance_votes::candidate_tells_its_log_3b, "candidates tell their last entry";
    2 conformance_leaders::command_is_sent_3b, "a command is sent to each follower";
    2 conformance_leaders::entries_leave_at_once_3b, "commands do not wait for heartbeats";
    2 conformance_saves::command_during_a_save_is_sent_3b, "a command that comes during a save is not forgotten";
    2 conformance_leaders::many_entries_in_a_message_3b, "a message brings many entries";
    2 conformance_leaders::leader_goes_on_trying_3b, "lost messages are sent again";
    2 conformance_leaders::refused_is_tried_again_3b, "refused messages are tried further back";
    2 conformance_leaders::backs_up_fast_3b, "long differences take few rounds";
    2 conformance_commitment::commits_with_majority_of_four_3b, "three of four commit, two do not";
    2 conformance_commitment::counts_own_term_only_3b, "entries of earlier terms are not counted";
    2 conformance_commitment::match_is_what_was_sent_3b, "a reply acknowledges what was sent";
    2 conformance_commitment::old_success_does_not_count_3b, "replies to an earlier leadership do not count";
    2 conformance_commitment::commit_is_told_3b, "followers hear what is committed";
    2 conformance_telling::refused_commit_is_told_again_3b, "who refused a message hears what it told all the same";
    2 conformance_commitment::silence_commits_nothing_3b, "sent is not stored";
    2 conformance_leaders::next_index_starts_at_the_end_3b, "a new leader sends what is new";
    2 conformance_leaders::deposed_leader_sends_nothing_3b, "only who was elected sends";
}
