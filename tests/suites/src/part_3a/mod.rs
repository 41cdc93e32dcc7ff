//! Part 3A, leader election (§5.2).
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's three tests |
//! | `beyond_mit` | clusters: what MIT's suite does not see |
//! | `conformance_votes` | one server: who gets its vote |
//! | `conformance_terms` | one server: terms, and who steps down for them |
//! | `conformance_elections` | one server: candidates, and who wins |
//! | `conformance_hints` | one server: whom it names to clients |
//! | `conformance_timers` | one server: heartbeats and election timers |
//!
//! A new test is a function with the suffix `_3a` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod conformance_elections;
pub mod conformance_hints;
pub mod conformance_terms;
pub mod conformance_timers;
pub mod conformance_votes;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 3A for a Raft: `lab::suite_3a!(my_raft::Raft);`. What else the lab should know
    /// of it follows as calls: `lab::suite_3a!(my_raft::Raft, with_names(my_names));`; see [`Implementation`](crate::Implementation).
    suite_3a: Part::A3, Implementation::of;

    10 mit::initial_election_3a, "a leader is elected and stays" (MIT: InitialElection, 64 RPCs);
    10 mit::re_election_3a, "a leader is replaced; none without a majority" (MIT: ReElection, 134 RPCs);
    10 mit::many_elections_3a, "elections under changing connections" (MIT: ManyElections, 539 RPCs);
    5 beyond_mit::even_sizes_3a, "a half of 2, 4 or 6 servers elects nobody";
    5 beyond_mit::term_in_append_reply_3a, "a leader hears of a higher term in a reply";
    5 beyond_mit::term_in_vote_reply_3a, "a candidate hears of a higher term in a reply";
    5 beyond_mit::stale_heartbeats_3a, "heartbeats of an old term keep nobody from electing";
    5 beyond_mit::synchronised_starts_3a, "all start at once, again and again";
    5 beyond_mit::few_terms_3a, "elections do not take many terms";
    5 beyond_mit::paused_leader_3a, "a leader that was stopped for a while steps down";
    5 beyond_mit::drifting_clocks_3a, "clocks that drift depose nobody";
    10 beyond_mit::elections_in_chaos_3a, "late and repeated messages elect nobody twice";
    2 conformance_votes::one_vote_per_term_3a, "a second candidate of a term is refused";
    2 conformance_votes::same_candidate_again_3a, "a repeated request is granted again";
    2 conformance_votes::vote_outlives_heartbeats_3a, "a vote lasts for the whole term";
    2 conformance_votes::new_term_new_vote_3a, "a new term brings a new vote";
    2 conformance_terms::old_candidate_refused_3a, "a candidate of an old term is refused";
    2 conformance_terms::old_leader_refused_3a, "a leader of an old term is refused";
    2 conformance_terms::term_from_requests_3a, "higher terms in requests are adopted";
    2 conformance_terms::term_never_goes_back_3a, "old messages do not lower the term";
    2 conformance_terms::term_from_vote_reply_3a, "a candidate adopts a higher term from a reply";
    2 conformance_terms::term_from_append_reply_3a, "a leader steps down for a higher term in a reply";
    2 conformance_terms::leader_steps_down_for_candidate_3a, "a leader steps down for a later candidate";
    2 conformance_terms::leader_steps_down_for_leader_3a, "a leader steps down for a later leader";
    2 conformance_elections::candidate_follows_leader_3a, "a candidate follows the leader of its term";
    2 conformance_elections::candidate_votes_for_itself_3a, "a candidate has voted for itself";
    2 conformance_elections::candidate_tries_again_3a, "an election without a winner is followed by another";
    2 conformance_elections::majority_of_four_3a, "three of four elect, two do not";
    2 conformance_elections::voter_counts_once_3a, "votes are counted by voter";
    2 conformance_elections::late_votes_do_not_count_3a, "votes of an earlier term do not count";
    2 conformance_elections::votes_start_anew_3a, "each candidacy begins with one vote";
    2 conformance_elections::leader_says_so_at_once_3a, "the first heartbeat comes with the election";
    2 conformance_timers::heartbeats_at_a_sane_rate_3a, "heartbeats are repeated, not too often";
    2 conformance_timers::heartbeats_reset_the_timer_3a, "heartbeats restart the election timer";
    2 conformance_timers::granting_resets_the_timer_3a, "a vote that is granted restarts the timer";
    2 conformance_timers::refusing_resets_no_timer_3a, "a vote that is refused restarts no timer";
    2 conformance_timers::old_leader_resets_no_timer_3a, "an old leader restarts no timer";
    2 conformance_timers::timeouts_differ_3a, "election timeouts are random";
    2 conformance_hints::hint_names_a_leader_3a, "clients are sent to a leader, not to a candidate";
}
