//! Part E3, sentence by sentence: one leader that changes who counts.
//!
//! A test restates a sentence of the paper, with its reference, and puts it to the proof: see [`lab_harness::conformance`].

use lab_harness::conformance::{Bench, ELECTION_MAX, Request, SentRequest};
use lab_harness::lab::Lab;
use raft_interface::{Change, Index, Servers};

use crate::part_e2::conformance::members;

/// The leader makes a change, which nothing forbids.
#[track_caller]
fn change(bench: &Bench, change: Change) -> Index {
    match bench.change(change) {
        Ok(index) => index,
        Err(error) => bench.fail(
            format!("the leader refuses {change:?}"),
            "it appends the configuration: it leads, and has committed an entry of its term",
            error.to_string(),
        ),
    }
}

/// Agreement in a joint configuration needs a majority of the old voters and one of the new (§6).
///
/// Catches: a majority of all of both.
pub fn joint_needs_both_majorities_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4, 5]),
        6,
        "agreement requires separate majorities from both the old and new configurations (§6)",
        "a majority of the servers of both together is counted",
    );
    [3, 4, 5].into_iter().for_each(|peer| bench.peer(peer).follows());
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2, 3, 4, 5]);
    // Old ones: S0 alone from now on. New ones: all. Four of six.
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    let index = change(&bench, Change::Voters(Servers::from_iter([3, 4, 5])));
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(index - 1, "of the old voters S0 alone has the joint configuration");
    // And the other way round.
    [3, 4, 5].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    bench.peer(1).follows();
    lab.sleep_ms(1000);
    bench.expect_applies_at_least(index, "S0 and S1 of the old ones have it, and all of the new");
}

/// A server uses the latest configuration in its log, committed or not (§6).
///
/// Catches: a configuration that is in force when it is committed.
pub fn in_force_when_appended_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3]),
        4,
        "a server always uses the latest configuration in its log, regardless of whether the entry is committed (§6)",
        "the new configuration is in force when its entry is committed, or applied",
    );
    bench.peer(3).follows();
    bench.elect(&[1]);
    bench.settle(&[1, 3]);
    [2, 3].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    let index = change(&bench, Change::Promote(3));
    lab.sleep_ms(1000);
    bench.expect_commit_at_most(
        index - 1,
        "two of the four voters have it, which include S3 from the append on",
    );
    bench.peer(3).follows();
    bench.expect_applies_at_least(index, "three of four have it");
}

/// While a configuration is not committed, the next one is refused (thesis §4.1).
///
/// Catches: two changes on their way, whose majorities need not meet.
pub fn one_change_at_a_time_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4]),
        5,
        "a leader may not begin a change before the last one is committed (thesis §4.1)",
        "every change is appended at once",
    );
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).follows());
    bench.elect(&[1]);
    bench.settle(&[1, 3, 4]);
    [1, 2, 3, 4].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    change(&bench, Change::Promote(3));
    let second = bench.change(Change::Promote(4));
    bench.expect(
        second.is_err(),
        "a second change begins before the first is committed",
        "it is refused",
        format!("{second:?}"),
    );
}

/// A leader that has committed nothing in its term makes no change (raft-dev, July 2015: bug in single-server membership
/// changes).
///
/// Catches: two majorities that do not meet, of a change that a deposed leader has begun and one of its successor.
pub fn not_before_own_term_commits_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2, 3], &[4]),
        5,
        "a leader must not append a new configuration before it has committed an entry of its own term (raft-dev, July 2015)",
        "a new leader makes changes at once",
    );
    [1, 2, 3].into_iter().for_each(|peer| bench.peer(peer).votes_only());
    bench.expect(
        bench.await_leadership().is_some(),
        "S0 was not elected",
        "S1 to S3 vote for it",
        format!("{:?}", bench.state()),
    );
    let early = bench.change(Change::Remove(3));
    [1, 2, 3].into_iter().for_each(|peer| bench.peer(peer).follows());
    lab.sleep_ms(500);
    // Through the joint configuration it is safe: each of its majorities holds one of the old voters.
    let first = bench.configurations_delivered().into_iter().next();
    bench.expect(
        early.is_err() || first.is_none_or(|first| first.incoming.is_some()),
        "a leader that has committed nothing in its term changes a voter in one step",
        "it refuses, or goes through the joint configuration (§6)",
        format!(
            "{early:?}, and then the configuration {}",
            first.map_or("none".to_owned(), |first| first.to_string())
        ),
    );
    if early.is_err() {
        change(&bench, Change::Remove(3));
    }
}

/// The new configuration alone is appended when the joint one is committed, and not before (§6).
///
/// Catches: both entries at once.
pub fn leaving_joint_waits_for_commit_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4]),
        5,
        "once the joint configuration has been committed, the leader creates the entry of the new one (§6)",
        "the new configuration is appended together with the joint one",
    );
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).follows());
    bench.elect(&[1, 2]);
    bench.settle(&[1, 2, 3, 4]);
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).is_silent());
    let index = change(&bench, Change::Voters(Servers::from_iter([0, 3, 4])));
    lab.sleep_ms(1000);
    let beyond = |sent: &SentRequest| sent.request.last_index() > index;
    bench.expect(
        bench.count_requests(beyond) == 0,
        "the joint configuration is left before a majority of its new voters has it",
        format!("no entry after {index}: S3 and S4 do not have the joint configuration, two of the three new voters"),
        "an entry after it",
    );
    bench.peer(3).follows();
    bench.expect_applies_at_least(
        index + 1,
        "both majorities have the joint one, and S0 and S3 are two of the new three",
    );
}

/// An election in a joint configuration needs a majority of the old voters and one of the new, and both are asked (§6).
///
/// Catches: a majority of all of both, and a candidate that asks the old voters only, so that nobody is elected any more.
pub fn joint_elections_need_both_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2], &[3, 4]),
        5,
        "elections require separate majorities from both the old and new configurations (§6)",
        "a majority of the servers of both together elects, or the new voters are not asked",
    );
    [3, 4].into_iter().for_each(|peer| bench.peer(peer).follows());
    let term = bench.elect(&[1, 2]);
    bench.settle(&[1, 2, 3, 4]);
    bench.peers().into_iter().for_each(|peer| peer.is_silent());
    let (last, of) = bench.peer(1).follower().last();
    change(&bench, Change::Voters(Servers::from_iter([0, 3, 4])));
    bench.peer(1).appends(term + 1).after(last, of).prepares("S1 leads the next term");
    [1, 2].into_iter().for_each(|peer| bench.peer(peer).votes_only());
    bench.expect_no_leader_for(
        ELECTION_MAX / 2,
        "all old voters elect it, and of the three new ones it alone: S3 and S4 are silent",
    );
    bench.peer(2).is_silent();
    bench.elect(&[1, 3]);
}

/// A leader that has appended its own removal leads until that is committed: in its term it sends the entry to all, though it does not
/// count itself (§6; thesis §4.2.2).
///
/// Catches: a leader that goes when its removal is in its log, so that the others have to elect one who may not have it.
pub fn leads_until_its_removal_commits_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[0, 1, 2, 3], &[]),
        4,
        "a leader that is not in the new configuration steps down when that is committed, and manages the cluster until then (§6; \
         thesis §4.2.2)",
        "the leader steps down when it appends the configuration",
    );
    let term = bench.elect(&[1, 2, 3]);
    bench.settle(&[1, 2, 3]);
    [1, 2, 3].into_iter().for_each(|peer| bench.peer(peer).waits());
    bench.skip_requests();
    let index = change(&bench, Change::Remove(0));
    bench.expect(
        bench.state() == (term, true),
        "S0 leads no more, and its removal is only in its own log",
        format!("it leads term {term}"),
        format!("{:?}", bench.state()),
    );
    let brings = |request: &Request| request.last_index() >= index;
    let sent = bench.peer(1).next_request(ELECTION_MAX, brings);
    let of_term = sent.as_ref().map(|sent| sent.request.term());
    bench.expect(
        of_term == Some(term),
        "S0 does not send its removal in the term in which it has appended it",
        format!("an AppendEntries of term {term} to S1, with entry {index}"),
        sent.map_or_else(|| "none".to_owned(), |sent| sent.request.to_string()),
    );
    [1, 2, 3].into_iter().for_each(|peer| bench.peer(peer).follows());
    bench.answer_all_waiting();
    bench.expect_applies_at_least(index, "S1 to S3 have it");
}

/// A server votes for a candidate that is not in its own configuration, and also if it is not itself: there may be a newer one
/// that it has not got (thesis §4.1).
///
/// Catches: votes that are refused to strangers, so that a cluster whose new members are needed elects nobody.
pub fn votes_across_configurations_e3(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        members(&[1], &[0]),
        3,
        "servers process requests without a look at their own configuration, and grant votes to servers that are not in it \
         (thesis §4.1)",
        "requests of servers that are not in the configuration are refused",
    );
    bench
        .peer(2)
        .asks_vote(5)
        .is_granted("S2 may be a member, and S0 have a vote, in a configuration that S0 has not got");
    bench.peer(2).appends(5).entries(&[5]).commit(1).prepares("S2 leads term 5");
    bench.expect_applies(1, "leaderCommit is 1");
}
