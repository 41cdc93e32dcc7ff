//! Beyond Figure 2, statement by statement: what must hold of snapshots in pieces, of who counts, of reads, elections and
//! storage, and the test that asks for it.
//!
//! Each is a Given / When / Then in few words. `cargo lab grade E` runs the tests of parts E; those of 3A to 4C are older than this
//! page. A statement without a test says so.
//!
//! # Who counts (A)
//!
//! | | statement | test |
//! |---|---|---|
//! | A1 | voters that lag behind and abstain stay in the count: two of five commit nothing | `lagging_voters_do_not_commit_e2` |
//! | A2 | one vote a term, in whatever order two candidates ask a voter that lags behind one of them | `scenario_e_e2` |
//! | A3 | a leader that is alone applies nothing, of 3, 5, 7 or 9 | `isolated_leader_e2` |
//! | A4 | without its learners a cluster goes on; without its voters nothing does, whatever learners say | `observers_are_no_voters_e2` |
//! | A5 | a learner never stands, and its term does not move | `observer_never_stands_e2` |
//! | A6 | who counts is in the configuration, not in the answer | `configuration_counts_not_the_answer_e2` |
//! | A7 | a voter that lags votes for a candidate that is up to date | `up_to_date_3b` |
//! | A8 | a vote is stored before the answer, and given again to the same candidate only | `vote_survives_3c` |
//! | A9 | a voter that has caught up counts again | `caught_up_voter_counts_e2` |
//! | A10 | a request of an older term is answered with the newer one | `old_leader_refused_3a` |
//!
//! # Snapshots in pieces (I)
//!
//! | | statement | test |
//! |---|---|---|
//! | I1 | an older term: answered with the newer one, and nothing else happens | `old_leaders_chunk_e4` |
//! | I2 | a newer term is stored before the answer, and the timer starts anew | `chunk_of_a_new_term_e4` |
//! | I3 | the first piece is held, and nothing is applied | `first_chunk_e4` |
//! | I4 | a piece of an unknown transfer that is not its first is refused | `chunk_out_of_nowhere_e4` |
//! | I5 | a first piece that is the last is installed at once, also an empty one | `one_chunk_and_none_e4` |
//! | I6 | a snapshot of the service that comes late takes the place of no newer one | `late_compaction_e4` |
//! | I7 | the next piece is appended, the last one installs | `chunks_in_order_e4` |
//! | I8 | a repeated piece changes nothing | `chunk_again_e4` |
//! | I9 | a piece behind a gap is refused, and what is held stays | `gap_e4` |
//! | I10 | the first piece of another transfer takes the place of the old one | `new_transfer_e4` |
//! | I11 | another piece of another transfer is refused, and what is held stays | `foreign_chunk_e4` |
//! | I12 | a piece that cannot be written leaves what is held, and can come again | `chunks::tests::sink_that_fails_keeps_what_was_there_and_the_piece_can_come_again` |
//! | I13 | a last piece that comes late takes nothing back | `late_last_chunk_e4` |
//! | I14 | what follows a matching entry stays, any other log goes as a whole | `suffix_and_conflict_e4` |
//! | I15 | the installed snapshot counts as applied, committed and stored, with its configuration | `after_the_last_chunk_e4`, `newer_snapshot_newer_configuration_e3` |
//! | I16 | what reaches the service has growing indexes, whatever is installed meanwhile | `applier_and_transfer_e4` |
//! | I17 | a disk that fails at the end: nothing is acknowledged, and the server can be ended | `disk_fails_at_the_end_e4` |
//! | I18 | pieces in order, one at a time, the last with `done`; again without an answer; where the follower says; none after a step down | `pieces_are_sent_in_order_e4`, `unanswered_chunk_again_e4`, `chunk_after_step_down_e4`, `goes_on_where_expected_e4`, `begins_again_for_another_e4`, `entries_after_the_last_chunk_e4` |
//! | I19 | a follower that restarts gets all from the beginning | `follower_restarts_e4` |
//! | I20 | a newer snapshot does not change what is on its way | `leader_compacts_meanwhile_e4` |
//! | I21 | a hundred pieces without an election | `hundred_chunks_e4` |
//!
//! # Followers, reads, clients (H)
//!
//! | | statement | test |
//! |---|---|---|
//! | H1 | a heartbeat commits what it has compared, and no more | `commit_not_past_new_entries_3b` |
//! | H2 | only a conflict cuts the log, at the very entry | `late_request_cuts_nothing_3b`, `conflict_is_cut_3b` |
//! | H3 | a message that does not fit is refused, and still a word of the leader | `missing_previous_entry_3b`, `mismatch_is_a_word_of_the_leader_3b` |
//! | H4 | a success acknowledges what was sent | `match_is_what_was_sent_3b` |
//! | H5 | entries of older terms are committed along with one of the own | `counts_own_term_only_3b` |
//! | H6 | a read waits for a majority that was asked after it, and for an entry of the own term | `read_index_waits_for_all_three_e5` |
//! | H7 | which answers confirm a read | `which_answers_confirm_e5`, `older_terms_are_told_e1` |
//! | H8 | reads of a deposed leader end with an error; who decides alone reads at once | `pending_reads_of_a_deposed_leader_e5`, `lone_voter_reads_e5` |
//! | H9 | a hint names a leader, and no candidate | `hint_names_a_leader_3a` |
//! | H10 | a request that comes again is applied once | `duplicated_requests_4b` |
//! | H11 | also at another leader, after a crash | `retry_after_restart_4c` |
//!
//! # The rest
//!
//! | | statement | test |
//! |---|---|---|
//! | F1 | many commands in one call stand in the log in one piece, in their order; the answer is a range and its term, and no command is an error | `batch_in_one_piece_e6` |
//! | F2 | commands in whose places other entries are committed were not executed, and their caller is not told that they were | `acknowledged_and_lost_e6` |
//! | F3 | without a leader the commands come back and have no effect; a late answer is for nobody | `offline_gives_back_e6`, `answer_to_another_call_e6` |
//! | F4 | a follower answers a query when it has applied what the leader has committed; its state has a position; a weak read never goes back | `follower_query_e5`, `weak_reads_never_go_back_e5` |
//! | F5 | `feed` returns when the commands are appended, `execute` when they are applied here; a request that comes twice is one, and numbers of a session make it one whatever happens | `feed_and_execute_e6`, `request_twice_e6`, `duplicated_requests_4b`, `retry_after_restart_4c` |
//! | F6 | entries that a follower fetches from its peers are committed ones, and not acknowledged by that; who is silent is followed by another one, and what nobody has comes in a snapshot | `committed_only_e7`, `fetched_is_not_acknowledged_e7`, `helper_dies_e7`, `pruned_everywhere_e7` |
//! | N1 | an entry is a command, a configuration or a no-op, and refused if it is none | `own_entries_are_no_commands_e1`, `unknown_entry_is_refused_e1` |
//! | N2 | an answer to another call, and a second vote of one server, do not count | `scripts::elections`, `scripts::calm::late_pre_vote_does_not_count` |
//! | N3 | a leader that hears from no majority steps down, and its reads end with an error | `leader_without_majority_steps_down_e1`, `read_of_a_lonely_leader_ends_e1` |
//! | L1 | `start` returns at once | `entries_leave_at_once_3b` |
//! | L2 | a thousand elections in a row, and after `kill` no thread is left | `thousand_elections_e1` |
//!
//! Membership (§6), leases (thesis §6.4.1) and storage have no statements of their own: their tests are in parts E3, E5 and E7.
