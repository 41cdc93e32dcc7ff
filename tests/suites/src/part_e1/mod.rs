//! Part E1, calm elections: a leader is replaced when it must be, and not otherwise. For Rafts that offer one of
//! [`noop_on_election`](raft_interface::Features::noop_on_election) (§8), [`pre_vote`](raft_interface::Features::pre_vote)
//! (thesis §9.6), [`check_quorum`](raft_interface::Features::check_quorum) (thesis §6.2, §4.2.3) and
//! [`leadership_transfer`](raft_interface::Features::leadership_transfer) (thesis §3.10). Each test asks for the features that it
//! is about, and a Raft that does not offer these is not asked.
//!
//! | file | what it tests |
//! |---|---|
//! | `conformance_no_ops` | one server: the entry with which a leader begins its term |
//! | `conformance_votes` | one server: votes that do not count, and candidates that are left alone |
//! | `conformance_transfers` | one server: leaders that give up their office |
//! | `clusters` | clusters in which elections are calm, and one in which there are many |
//!
//! A new test is a function with the suffix `_e1` in the file of its subject, and a row below.

pub mod clusters;
pub mod conformance_no_ops;
pub mod conformance_transfers;
pub mod conformance_votes;

use lab_harness::lab::Lab;
use raft_interface::Features;

use crate::suite::suite;

/// These features, and by chance others of this part that the implementation offers: they must not be in each other's way.
fn with_others(lab: &Lab, wanted: Features) -> Features {
    let mut features = wanted;
    let others = [
        Features { noop_on_election: true, ..Features::default() },
        Features { pre_vote: true, ..Features::default() },
        Features { check_quorum: true, ..Features::default() },
        Features { leadership_transfer: true, ..Features::default() },
    ];
    for other in others {
        // Drawn for all implementations alike.
        let is_drawn = lab.happens(50);
        let both = Features {
            noop_on_election: features.noop_on_election | other.noop_on_election,
            pre_vote: features.pre_vote | other.pre_vote,
            check_quorum: features.check_quorum | other.check_quorum,
            leadership_transfer: features.leadership_transfer | other.leadership_transfer,
            ..features
        };
        if is_drawn && lab.has_features(&both) {
            features = both;
        }
    }
    lab.note(format!("features: {}", features.names().collect::<Vec<_>>().join(", ")));
    features
}

suite! { $
    /// Makes a `#[test]` of every test of part E1 for an implementation.
    suite_e1: Part::E1, Implementation::of;

    2 conformance_no_ops::own_entries_are_no_commands_e1, "a leader begins its term with an entry that is no command";
    2 conformance_no_ops::unknown_entry_is_refused_e1, "an entry of an unknown kind is not taken";
    2 conformance_votes::pre_vote_changes_nothing_e1, "a pre-vote moves neither term nor vote of the voter";
    2 conformance_votes::pre_candidate_keeps_its_term_e1, "nor of the candidate, until a majority says yes";
    2 conformance_votes::pre_vote_wants_a_good_log_e1, "a pre-vote goes to a log that is up to date";
    2 conformance_votes::pre_vote_is_refused_under_a_leader_e1, "no pre-vote is given while there is a leader";
    2 conformance_votes::older_terms_are_told_e1, "who is behind is told the term";
    2 conformance_votes::term_of_a_pre_vote_refusal_e1, "who is refused goes on in the term that it is told";
    2 conformance_votes::candidate_under_a_leader_is_ignored_e1, "a candidate under a leader is left alone, with its term";
    2 conformance_votes::transfer_needs_no_patience_e1, "but not one whom the leader has sent";
    2 conformance_transfers::read_of_a_lonely_leader_ends_e1, "a read ends with the leader that has lost its majority";
    2 conformance_transfers::commands_are_refused_meanwhile_e1, "no command is taken while the office is on its way";
    2 conformance_transfers::order_that_is_not_obeyed_e1, "who was told to lead and does not is waited for not long";
    2 conformance_transfers::catches_up_first_e1, "who is to lead gets all entries first";
    2 conformance_transfers::timeout_now_e1, "TimeoutNow is obeyed at once";
    2 conformance_transfers::old_timeout_now_e1, "an old TimeoutNow is not";
    5 clusters::noop_commits_the_past_e1, "a new leader commits what its predecessor left";
    5 clusters::returning_server_deposes_nobody_e1, "a server that comes back deposes nobody";
    5 clusters::low_term_server_comes_back_e1, "a server with a better log and an older term comes back";
    5 clusters::leader_without_majority_steps_down_e1, "a leader without a majority steps down, one with a majority does not";
    5 clusters::bridge_keeps_one_leader_e1, "two sides that meet in one server keep their leader";
    5 clusters::transfer_e1, "the office goes round";
    5 clusters::transfer_to_a_lagging_server_e1, "the office goes to a server that lags";
    5 clusters::transfer_to_a_dead_server_e1, "the office stays where it is if nobody takes it";
    5 clusters::thousand_elections_e1, "a thousand elections in a row" (within 3000 s);
    10 clusters::chaos_e1, "faults of every kind at once, with calm elections";
}
