//! Part 3D, snapshots (§7; Fig. 13).
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's seven tests |
//! | `beyond_mit` | clusters: what MIT's suite does not see |
//! | `conformance_disk` | one server: snapshots and a disk that fails |
//! | `conformance_state` | one server: votes, old answers and snapshots in the middle of entries |
//! | `conformance_received` | one server: snapshots that it receives |
//! | `conformance_taken` | one server: snapshots that it has taken, and sends |
//!
//! A new test is a function with the suffix `_3d` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod conformance_disk;
pub mod conformance_received;
pub mod conformance_state;
pub mod conformance_taken;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 3D for an implementation.
    suite_3d: Part::D3, Implementation::of;

    5 mit::snapshot_basic_3d, "the log shrinks" (MIT: SnapshotBasic, 488 RPCs);
    5 mit::snapshot_install_3d, "a server gets the snapshot" (MIT: SnapshotInstall, 1444 RPCs);
    5 mit::snapshot_install_unreliable_3d, "the same over a bad network" (MIT: SnapshotInstallUnreliable, 1584 RPCs);
    5 mit::snapshot_install_crash_3d, "a crashed server gets the snapshot" (MIT: SnapshotInstallCrash, 1082 RPCs);
    5 mit::snapshot_install_un_crash_3d, "the same over a bad network" (MIT: SnapshotInstallUnCrash, 1182 RPCs);
    5 mit::snapshot_all_crash_3d, "all crash at once" (MIT: SnapshotAllCrash, 346 RPCs);
    5 mit::snapshot_init_3d, "the snapshot survives the first save after a restart" (MIT: SnapshotInit, 90 RPCs);
    5 beyond_mit::staggered_snapshots_3d, "snapshots at different indexes";
    5 beyond_mit::snapshots_from_another_thread_3d, "snapshots beside applying, and of old indexes";
    5 beyond_mit::late_snapshots_3d, "late and repeated snapshots";
    5 beyond_mit::interrupted_snapshots_3d, "a snapshot meets another before all of it is there";
    5 beyond_mit::restart_everything_3d, "all lose power at once, with snapshots";
    10 beyond_mit::chaos_3d, "faults of every kind at once, with snapshots";
    2 conformance_received::old_snapshot_leader_refused_3d, "a leader of an old term installs nothing";
    2 conformance_received::snapshot_is_a_message_of_the_leader_3d, "InstallSnapshot counts as a word of the leader";
    2 conformance_received::old_snapshots_hold_nobody_up_3d, "snapshots of an old term restart no timer";
    2 conformance_received::old_snapshot_ignored_3d, "an old snapshot takes nothing back";
    2 conformance_received::newer_snapshot_stays_3d, "an older snapshot does not replace a newer";
    2 conformance_received::older_snapshot_after_restart_3d, "an older snapshot does not replace the one of before a restart";
    2 conformance_received::suffix_is_kept_3d, "what follows a matching snapshot stays";
    2 conformance_received::other_log_is_dropped_3d, "a log that does not match the snapshot goes";
    2 conformance_received::snapshot_counts_as_applied_3d, "application goes on after the snapshot";
    2 conformance_received::label_and_bytes_of_a_delivered_snapshot_3d, "label and bytes of a delivered snapshot belong together";
    2 conformance_received::snapshot_survives_3d, "a received snapshot stays stored";
    2 conformance_received::snapshot_stored_before_reply_3d, "snapshots are stored before they are acknowledged";
    2 conformance_taken::snapshot_keeps_its_last_term_3d, "the last included term counts";
    2 conformance_taken::entries_below_the_snapshot_3d, "late entries below the snapshot lead on";
    2 conformance_taken::snapshot_is_sent_once_3d, "a lagging follower gets the snapshot once";
    2 conformance_taken::snapshot_under_way_is_not_sent_again_3d, "a snapshot that is under way is not sent again";
    2 conformance_taken::snapshot_is_sent_truly_3d, "the snapshot that is sent is the one that was taken";
    2 conformance_taken::install_acknowledges_the_snapshot_only_3d, "an installed snapshot is acknowledged, nothing more";
    2 conformance_taken::term_from_install_reply_3d, "a leader steps down for a higher term in a reply";
    2 conformance_taken::old_snapshot_of_the_service_3d, "an old snapshot of the service changes nothing";
    2 conformance_taken::label_and_bytes_of_a_snapshot_3d, "label and bytes of a snapshot belong together";
    2 conformance_taken::indexes_go_on_3d, "indexes go on after a snapshot";
    2 conformance_state::vote_outlives_a_taken_snapshot_3d, "a vote lasts though a snapshot is taken";
    2 conformance_state::vote_outlives_a_received_snapshot_3d, "a vote lasts though a snapshot is installed";
    2 conformance_state::old_install_reply_does_not_count_3d, "an answer to a snapshot of an earlier term does not count";
    2 conformance_state::taken_and_received_at_once_3d, "the service and the leader bring a snapshot each";
    2 conformance_state::snapshot_in_the_middle_of_entries_3d, "the service takes a snapshot while more is delivered";
    2 conformance_disk::failed_save_of_a_snapshot_3d, "a snapshot that could not be saved is not acknowledged";
    2 conformance_disk::power_fails_while_a_snapshot_is_taken_3d, "power fails at the saves of a snapshot that is taken";
    2 conformance_disk::power_fails_while_a_snapshot_is_installed_3d, "power fails at the saves of a snapshot that is installed";
}
