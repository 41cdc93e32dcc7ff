//! Part E7, catch-up from peers: a follower that is far behind fetches committed entries from others than its leader. For Rafts that
//! offer [`catch_up_from_peers`](raft_interface::Features::catch_up_from_peers).
//!
//! The first tests put one server among scripted peers, which ask and are asked by the name `FetchEntries { first, most }`
//! ([`raft_interface::contract`], "Beyond Figure 2"); a server without it is not asked. The others are clusters.

use std::time::Duration;

use lab_harness::cluster::{Cluster, Snapshots};
use lab_harness::conformance::{Bench, Entry, command};
use lab_harness::lab::Lab;
use raft_interface::{Features, Index, ServerId, Term};

const CATCH_UP: Features = Features { catch_up_from_peers: true, ..Features::NONE };

/// So many entries the server has, and knows to be committed.
const OWN: usize = 20;
/// So many entries are many, wherever somebody begins to call it so.
const MANY: usize = 400;

/// A server that is asked gives committed entries only, as they are, and no more than it is asked for.
///
/// Catches: entries that a leader may still replace, and that nobody would replace where they were fetched.
pub fn committed_only_e7(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        CATCH_UP,
        3,
        "only entries that are committed are given to a peer (contract, Beyond Figure 2)",
        "FetchEntries is answered from the log, and the commit index is not looked at",
    );
    bench.needs_fetches();
    let log: [Term; 6] = [1, 1, 3, 3, 5, 5];
    let commit = 2 + lab.below(3);
    bench.peer(1).appends(5).entries(&log).commit(commit).prepares("S1 leads term 5");
    bench.expect_applies(commit, "S1 says that it is committed");
    for first in 1..=7 {
        for most in [1, 2, 100] {
            gives(&bench, (first, most), &log, commit);
        }
    }
}

/// S2 asks for entries.
fn gives(bench: &Bench, (first, most): (Index, u64), log: &[Term], commit: Index) {
    let Some(given) = bench.peer(2).asks_for_entries(first, most) else {
        bench.lab().skip("it does not answer FetchEntries");
    };
    let last = first + given.entries.len() as Index - 1;
    bench.expect(
        (given.entries.is_empty() || last <= commit) && given.commit_index <= commit,
        format!("S0 gives entries that are not committed to S2, which asked for {most} from {first}"),
        format!("nothing after entry {commit}"),
        format!("entries up to {last}, commit index {}", given.commit_index),
    );
    let is_true = |(index, entry): (Index, &Entry)| {
        log.get(index as usize - 1) == Some(&entry.term) && entry.command == command(index, entry.term)
    };
    let before = (first - 1).checked_sub(1).map_or(0, |place| log[place as usize]);
    let are_true = (first..).zip(&given.entries).all(is_true);
    bench.expect(
        given.entries.is_empty() || (are_true && given.prev_log_term == before),
        format!("S0 gives other entries than it has to S2, which asked for {most} from {first}"),
        format!("entries of its log, whose terms are {log:?}, after one of term {before}"),
        format!("{given:?}"),
    );
    bench.expect(
        given.entries.len() as u64 <= most,
        format!("S0 gives more entries to S2 than it asked for, from {first}"),
        format!("{most} at most"),
        format!("{}", given.entries.len()),
    );
}

/// A server says success to AppendEntries if it has the entry before the new ones, and only then (Fig. 2, AppendEntries, receiver 2);
/// that it fetches entries, or has fetched some, changes nothing.
///
/// Catches: an acknowledgement of entries that are on their way, and entries that are put behind others that they do not follow.
pub fn fetched_is_not_acknowledged_e7(lab: &Lab) {
    let bench = Bench::start_with(
        lab,
        CATCH_UP,
        4,
        "reply false if the log has no entry at prevLogIndex whose term is prevLogTerm (Fig. 2, AppendEntries, receiver 2)",
        "what is being fetched counts as stored, or fetched entries are not compared with what is before them",
    );
    bench.needs_fetches();
    // What S3 has left at the end is committed nowhere.
    let own = [vec![1; OWN], vec![2; 1 + lab.below(3) as usize]].concat();
    bench.peer(3).appends(2).entries(&own).commit(OWN as Index).prepares("S3 leads term 2");
    bench.expect_applies(OWN as Index, "S3 says that it is committed");
    let log: Vec<Term> = [vec![1; OWN], vec![4; MANY - OWN]].concat();
    let leader = bench.peer(1);
    let ahead = || leader.appends(5).after(2 * MANY as Index, 5);
    ahead().fails("S0 has a few entries, and asks for others at most");
    lab.sleep_ms(50);
    ahead().fails("nobody has given it any");
    // S2 knows of less than S0 does.
    bench.peer(2).helps(5, &log[..OWN / 2]);
    for _ in 0..10 {
        ahead().fails("nobody has given it any");
        lab.sleep_ms(50);
    }
    leader.appends(5).after(OWN as Index, 1).succeeds("it has this one since S3 led");
    // From now on S2 gives what is committed. The rest of the leader's log is nowhere else.
    bench.peer(2).helps(5, &log);
    let before = bench.fetches().len();
    for _ in 0..10 {
        ahead().fails("nobody but S1 has entries of term 5");
        lab.sleep_ms(50);
    }
    lab.expect_usual(bench.fetches().len() > before, "it asks nobody but its leader for what it lacks");
    let end = || leader.appends(5).after(MANY as Index, 4).commit(MANY as Index);
    let has_it = end().send().is_some_and(|reply| reply.success);
    // It has not fetched, or not enough.
    lab.expect_usual(has_it, "it does not take what S2 gives");
    bench.expect_applies_at_least(MANY as Index, "it is there, and S1 says that it is committed");
    let delivered = bench.commands_delivered();
    let wrong = delivered.iter().find(|(index, bytes)| *bytes != command(*index, log[*index as usize - 1]));
    bench.expect(
        wrong.is_none(),
        "S0 has put fetched entries behind others that they do not follow",
        "the entries of the leader's log",
        format!("{wrong:?}"),
    );
}

/// A server is cut off or down while the others agree on so many commands that it is far behind.
fn falls_behind(lab: &Lab, cluster: &Cluster, victim: ServerId) -> bool {
    let loses_power = lab.happens(50);
    if loses_power {
        cluster.power_failure(victim);
    } else {
        cluster.disconnect(victim);
    }
    let others = cluster.size() - 1;
    for _ in 0..4 {
        let leader = cluster.check_one_leader();
        for _ in 0..30 + lab.below(30) {
            cluster.offer(leader);
        }
        cluster.one(others);
    }
    loses_power
}

fn comes_back(cluster: &Cluster, server: ServerId, has_lost_power: bool) {
    if has_lost_power {
        cluster.restart(server);
    } else {
        cluster.connect(server);
    }
}

/// Whoever could help has the entries in a snapshot: the leader sends its own, as ever.
///
/// Catches: a follower that waits for what nobody has any more, and entries that are given although they are gone.
pub fn pruned_everywhere_e7(lab: &Lab) {
    let cluster = lab.cluster(3).features(CATCH_UP).snapshots(Snapshots::EveryTen).start();
    for _ in 0..4 {
        cluster.one(3);
        let leader = cluster.check_one_leader();
        let victim = cluster.next(leader, 1 + lab.below(2) as usize);
        let has_lost_power = falls_behind(lab, &cluster, victim);
        comes_back(&cluster, victim, has_lost_power);
        cluster.one(3);
    }
}

/// While a follower catches up over a slow network, one of those who may help it dies, or the leader does.
///
/// Catches: a follower that goes on asking the dead, and answers to a fetch that come when all is different.
pub fn helper_dies_e7(lab: &Lab) {
    let cluster = lab.cluster(5).features(CATCH_UP).start();
    for _ in 0..4 {
        cluster.one(5);
        let leader = cluster.check_one_leader();
        let victim = cluster.next(leader, 1 + lab.below(4) as usize);
        let has_lost_power = falls_behind(lab, &cluster, victim);
        let slow = cluster.delays(0.7, Duration::from_millis(40));
        comes_back(&cluster, victim, has_lost_power);
        lab.sleep_ms(lab.below(300));
        let dead = cluster.next(victim, 1 + lab.below(3) as usize);
        cluster.power_failure(dead);
        lab.sleep_ms(lab.below(300));
        drop(slow);
        // The victim has what was agreed on without it.
        cluster.one(4);
        cluster.restart(dead);
    }
    cluster.one(5);
}
