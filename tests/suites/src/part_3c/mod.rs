//! Part 3C, persistence (§5; Fig. 2, State).
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's eight tests |
//! | `beyond_mit` | clusters: what MIT's suite does not see |
//! | `conformance` | one server: what it stores, and when |
//! | `conformance_disk` | one server: a disk that refuses a save, or is slow |
//!
//! A new test is a function with the suffix `_3c` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod conformance;
pub mod conformance_disk;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 3C for an implementation.
    suite_3c: Part::C3, Implementation::of;

    5 mit::persist1_3c, "restarts of all and of one" (MIT: Persist1, 76 RPCs);
    5 mit::persist2_3c, "changing majorities are down" (MIT: Persist2, 350 RPCs);
    5 mit::persist3_3c, "a majority crashes while the third is cut off" (MIT: Persist3, 39 RPCs);
    10 mit::figure8_3c, "leaders crash soon after a command" (MIT: Figure8, 948 RPCs);
    5 mit::unreliable_agree_3c, "agreement over a bad network" (MIT: UnreliableAgree, 1040 RPCs);
    10 mit::figure8_unreliable_3c, "Figure 8 over a bad network" (MIT: Figure8Unreliable, 10630 RPCs);
    5 mit::reliable_churn_3c, "servers come and go under load" (MIT: ReliableChurn, 10317 RPCs);
    5 mit::unreliable_churn_3c, "the same over a bad network" (MIT: UnreliableChurn, 4576 RPCs);
    5 beyond_mit::crash_at_every_save_3c, "power failures before and after saves";
    5 beyond_mit::restart_everything_3c, "all lose power at once";
    2 beyond_mit::empty_storage_knows_nothing_3c, "what is not stored is not known";
    5 beyond_mit::restart_between_votes_3c, "a voter restarts between two candidates";
    10 beyond_mit::chaos_3c, "faults of every kind at once";
    2 conformance::vote_survives_3c, "a restart forgets no vote";
    2 conformance::term_survives_3c, "a restart forgets no term";
    2 conformance::term_of_a_reply_survives_3c, "a restart forgets no term that came in a reply";
    2 conformance::own_vote_survives_3c, "a restart forgets no candidacy";
    2 conformance::entries_survive_3c, "a restart forgets no entry that was acknowledged";
    2 conformance::cut_survives_3c, "a restart brings back no entry that was cut";
    2 conformance::commands_survive_3c, "a restart forgets no command of a leader";
    2 conformance::vote_stored_before_reply_3c, "votes are stored before they are told";
    2 conformance::entries_stored_before_reply_3c, "entries are stored before they are acknowledged";
    2 conformance::candidacy_stored_before_request_3c, "a candidacy is stored before it is told";
    2 conformance::power_fails_before_reply_3c, "power fails between the save of a vote and the reply";
    2 conformance::entries_sent_again_after_power_failure_3c, "power fails between the save of entries and the reply";
    2 conformance::applies_again_3c, "a restarted server applies what it hears to be committed";
    2 conformance_disk::failed_save_of_a_vote_3c, "a vote that could not be saved is not given";
    2 conformance_disk::failed_save_of_entries_3c, "entries that could not be saved are not acknowledged";
    2 conformance_disk::failed_save_of_a_command_3c, "a command that could not be saved is no copy of the leader's";
    2 conformance_disk::failed_save_of_a_candidacy_3c, "a candidacy that could not be saved is not told";
    2 conformance_disk::repeated_entries_wait_for_the_save_3c, "entries sent twice, while the disk is still at work";
    2 conformance_disk::rewritten_entries_wait_for_the_save_3c, "entries sent twice, where others were stored before";
    2 conformance_disk::repeated_vote_waits_for_the_save_3c, "a vote asked for twice, while the disk is still at work";
    2 conformance_disk::own_copy_counts_once_stored_3c, "a leader that sends first waits for its disk before it commits";
    2 conformance_disk::rewritten_copy_counts_once_stored_3c, "what was stored at an index is not what is there now";
}
