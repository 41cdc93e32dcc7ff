//! Part E5 in clusters: reads while nobody writes.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use raft_interface::{Features, Index, ReadIndexError, ServerId};

use crate::part_e2::conformance::members;

/// A read that was answered covers what was committed before it began.
#[track_caller]
pub(super) fn expect_sees(
    lab: &Lab,
    server: ServerId,
    read: Option<Result<Index, ReadIndexError>>,
    committed: Index,
) {
    let sees = read.is_none_or(|read| read.is_err() || read.is_ok_and(|index| index >= committed));
    lab.expect(sees, || {
        Violation::new(
            format!("a stale read on S{server}"),
            format!("an error, or Ok({committed}) or later: entry {committed} was committed before it began"),
            format!("{read:?}"),
        )
        .rule("a read covers everything that was committed before it began (§8; thesis §6.4)")
        .hint("a server reads that does not know that another one leads, or what is committed")
        .servers([server])
    });
}

/// Reads on that server until one is confirmed, for three seconds.
fn expect_reads(lab: &Lab, cluster: &Cluster, server: ServerId, committed: Index, why: &str) {
    let mut last = None;
    for _ in 0..30 {
        last = cluster.read_index(server, Duration::from_millis(500));
        expect_sees(lab, server, last, committed);
        if matches!(last, Some(Ok(_)) | None) {
            return;
        }
        lab.sleep_ms(100);
    }
    lab.fail(
        Violation::new(format!("S{server} leads and confirms no read"), why, format!("{last:?}"))
            .rule("a leader that has committed an entry of its term confirms reads with a majority (§8; thesis §6.4)")
            .hint("the read waits for answers that are not needed, or for an entry that nobody appends")
            .servers([server]),
    )
}

/// One server has a vote and two learn: it is a majority, so it reads alone, and needs nobody's answer.
///
/// Catches: a read that waits for the answer of a peer, where no answer is needed and none comes.
pub fn lone_voter_reads_e5(lab: &Lab) {
    let cluster = lab.cluster(3).features(members(&[0], &[1, 2])).start();
    let mut committed = cluster.one(3);
    for _ in 0..3 {
        expect_reads(lab, &cluster, 0, committed, "it is the only voter, with learners or without");
        cluster.disconnect_all([1, 2]);
        committed = cluster.one(1);
        expect_reads(lab, &cluster, 0, committed, "it is the only voter, and nobody else is needed");
        for learner in [1, 2] {
            expect_sees(lab, learner, cluster.read_index(learner, Duration::from_millis(100)), committed);
        }
        cluster.connect_all([1, 2]);
        cluster.power_failure(0);
        cluster.restart(0);
        committed = cluster.one(3);
    }
}

/// The leader is cut off and another one elected, and nobody writes: it reads all the same, for it has committed its own entry.
///
/// Catches: a leader that waits for a command before it knows what is committed, though it begins its term with an entry.
pub fn reads_without_writes_after_election_e5(lab: &Lab) {
    let features = Features { noop_on_election: true, ..Features::NONE };
    let cluster = lab.cluster(3).features(features).start();
    let committed = cluster.one(3);
    let (mut term, mut leader) = cluster.check_leader_after(0);
    for _ in 0..4 {
        let old = leader;
        cluster.disconnect(old);
        (term, leader) = cluster.check_leader_after(term);
        expect_reads(lab, &cluster, leader, committed, "an entry of its term commits what came before (§8)");
        // It may think that it leads.
        expect_sees(lab, old, cluster.read_index(old, Duration::from_millis(300)), committed);
        cluster.connect(old);
        lab.sleep_ms(300);
    }
    cluster.one(3);
}
