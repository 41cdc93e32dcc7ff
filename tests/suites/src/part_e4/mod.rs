//! Part E4, snapshots in pieces (Fig. 13: offset, done). For Rafts that offer
//! [`snapshot_chunk_bytes`](raft_interface::Features::snapshot_chunk_bytes).
//!
//! | file | what it tests |
//! |---|---|
//! | `conformance_received` | one server: pieces that it receives |
//! | `conformance_sent` | one server: pieces that it sends |
//! | `clusters` | clusters whose leaders send their snapshots in pieces |
//!
//! Figure 13 says how the bytes travel and not how a follower says that a piece does not fit. Tests that need such a word read
//! the reply's field `expected { snapshot_id, offset }`; a server without it is not asked.
//!
//! A new test is a function with the suffix `_e4` in the file of its subject, and a row below.

pub mod clusters;
pub mod conformance_received;
pub mod conformance_sent;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E4 for an implementation.
    suite_e4: Part::E4, Implementation::of;

    2 conformance_received::old_leaders_chunk_e4, "a piece of a leader of an old term changes nothing";
    2 conformance_received::chunk_of_a_new_term_e4, "a piece is a word of the leader";
    2 conformance_received::first_chunk_e4, "nothing is installed before the last piece";
    2 conformance_received::chunk_out_of_nowhere_e4, "the middle of an unknown snapshot is refused";
    2 conformance_received::one_chunk_and_none_e4, "one piece may be all, and the last may be empty";
    2 conformance_received::chunks_in_order_e4, "pieces in order make the snapshot";
    2 conformance_received::chunk_again_e4, "a repeated piece changes nothing";
    2 conformance_received::gap_e4, "a piece behind a gap is refused, and what came before stays";
    2 conformance_received::new_transfer_e4, "a new transfer takes the place of the old one";
    2 conformance_received::foreign_chunk_e4, "a piece of another transfer does not disturb";
    2 conformance_received::late_last_chunk_e4, "a late last piece takes nothing back";
    2 conformance_received::suffix_and_conflict_e4, "what follows a matching snapshot stays, another log goes";
    2 conformance_received::after_the_last_chunk_e4, "the installed snapshot counts, and is stored before the reply";
    2 conformance_sent::pieces_are_sent_in_order_e4, "pieces leave in order, and the last says so";
    2 conformance_sent::unanswered_chunk_again_e4, "a piece without an answer is sent again";
    2 conformance_sent::chunk_after_step_down_e4, "a leader that steps down sends no more pieces";
    2 conformance_sent::goes_on_where_expected_e4, "a transfer goes on where the follower says";
    2 conformance_sent::begins_again_for_another_e4, "a transfer that the follower does not hold begins again";
    2 conformance_sent::entries_after_the_last_chunk_e4, "entries follow the last piece";
    5 clusters::snapshot_in_pieces_e4, "a server gets the snapshot in pieces";
    5 clusters::pieces_over_a_bad_network_e4, "the same over a bad network";
    5 clusters::late_compaction_e4, "snapshots of the service beside those that come";
    5 clusters::applier_and_transfer_e4, "late pieces and slow services";
    5 clusters::disk_fails_at_the_end_e4, "a disk that fails at the last piece";
    5 clusters::follower_restarts_e4, "a follower that starts again in mid-transfer";
    5 clusters::leader_compacts_meanwhile_e4, "newer snapshots while one is on its way";
    5 clusters::hundred_chunks_e4, "a hundred pieces without an election";
    5 clusters::leader_changes_in_mid_transfer_e4, "a leader that crashes in mid-transfer";
    10 clusters::chaos_e4, "faults of every kind at once, with snapshots in pieces";
}
