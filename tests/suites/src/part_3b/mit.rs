//! Part 3B, log replication (§5.3, §5.4): MIT's ten tests.

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::kv::wait_for;
use lab_harness::lab::Lab;
use labrpc::thread;
use raft_interface::{Command, Index, ServerId, Term};

/// Three commands are agreed on, at the indexes 1, 2 and 3.
///
/// Catches: entries that are never sent or never committed, a leader that tells nobody of what it commits, and indexes
/// that do not begin at 1.
pub fn basic_agree_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    for index in 1..=3 {
        cluster.expect_not_applied(index, "no command was given for it yet");
        let got = cluster.one_shot(3);
        expect_index(lab, got, index);
    }
}

/// Ten commands of 5,000 bytes: each is sent to each server about once.
///
/// Catches: a leader that sends the whole log with every message, or an entry again and again.
pub fn rpc_bytes_3b(lab: &Lab) {
    const COMMANDS: u64 = 10;
    const COMMAND_BYTES: u64 = 5000;
    /// MIT's allowance for everything but the commands.
    const OVERHEAD_MAX: u64 = 50_000;

    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);
    // The first command has waited for a leader: elections do not count.
    let before = cluster.bytes();
    for index in 2..2 + COMMANDS {
        let got = cluster.one_shot_of(&lab.long_command(COMMAND_BYTES as usize), 3);
        expect_index(lab, got, index);
    }
    let used = cluster.bytes() - before;
    let limit = 3 * COMMANDS * COMMAND_BYTES + OVERHEAD_MAX;
    lab.expect(used <= limit, || {
        Violation::new(
            "too many bytes for ten commands",
            format!("at most {limit} bytes: each command once to each server, and 50,000 for the rest"),
            format!("{used} bytes"),
        )
        .hint("AppendEntries that carry the whole log, or entries that are under way already")
    });
    // MIT does not ask for this. The commands are random, so no encoding makes them shorter than four fifths.
    let needed = 2 * COMMANDS * COMMAND_BYTES * 4 / 5;
    lab.expect(used >= needed, || {
        Violation::new(
            "servers know commands that never came over the network",
            format!(
                "at least {needed} bytes on the network: each command to both followers, in whatever form"
            ),
            format!("{used} bytes, and all three servers have applied all ten commands"),
        )
        .hint("servers share memory: a static variable, or something that a clone shares with the original")
    });
}

/// Followers are lost one after the other. As long as there is a majority it goes on; without one nothing commits.
///
/// Catches: a leader that waits for all followers, and one that commits without a majority.
pub fn follower_failure_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);

    let leader = cluster.check_one_leader();
    cluster.disconnect(cluster.next(leader, 1));
    cluster.one_shot(2);
    // Longer than an election timeout (MIT). The follower that is left must not have given up its leader, which
    // waits for calls to the lost one.
    lab.sleep_ms(1000);
    cluster.one_shot(2);

    let leader = cluster.check_one_leader();
    cluster.disconnect_all(cluster.others(leader));
    let index = cluster.start_on_leader(leader).index;
    expect_index(lab, index, 4);
    lab.sleep_ms(2000);
    cluster.expect_not_applied(index, "two of three servers are cut off");
}

/// The same for leaders: the second one that is lost takes the majority with it.
///
/// Catches: a new leader that cannot commit, and one that commits without a majority.
pub fn leader_failure_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);

    let first = cluster.check_one_leader();
    cluster.disconnect(first);
    cluster.one_shot(2);
    lab.sleep_ms(1000);
    cluster.one_shot(2);

    let second = cluster.check_one_leader();
    cluster.disconnect(second);
    // Whoever believes that it leads takes one: also the leader that is cut off.
    for server in cluster.servers() {
        cluster.offer(server);
    }
    lab.sleep_ms(2000);
    cluster.expect_not_applied(4, "two of three servers are cut off");
}

/// A follower misses four entries, returns, and catches up.
///
/// Catches: a leader that does not find where the follower's log ends, and one that gives up on a follower.
pub fn fail_agree_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);

    let leader = cluster.check_one_leader();
    let follower = cluster.next(leader, 1);
    cluster.disconnect(follower);
    cluster.one_shot(2);
    cluster.one_shot(2);
    lab.sleep_ms(1000);
    cluster.one_shot(2);
    cluster.one_shot(2);

    // Its term has grown while it stood for election alone, so it may depose the leader on its return: hence
    // `one`.
    cluster.connect(follower);
    cluster.one(3);
    lab.sleep_ms(1000);
    cluster.one(3);
}

/// Three of five followers are cut off: nothing commits. When they are back it goes on, whoever leads then.
///
/// Catches: a commit by a minority, and a log that the uncommitted entry breaks.
pub fn fail_no_agree_3b(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    cluster.one_shot(5);

    let leader = cluster.check_one_leader();
    let lost = [1, 2, 3].map(|step| cluster.next(leader, step));
    cluster.disconnect_all(lost);
    let index = cluster.start_on_leader(leader).index;
    expect_index(lab, index, 2);
    lab.sleep_ms(2000);
    cluster.expect_not_applied(index, "three of five servers are cut off");

    cluster.connect_all(lost);
    let index = start_on_some_leader(&cluster).1;
    // 3 if the leader of before leads on: its entry 2 is still there, and commits after all. 2 if a server
    // without that entry was elected.
    lab.expect((2..=3).contains(&index), || {
        Violation::new("a wrong index after the majority returned", "2 or 3", format!("{index}"))
    });
    cluster.one(5);
}

/// Five commands are given at the same time, and all of them commit.
///
/// Catches: commands that overwrite each other, and a leader that replicates one at a time and forgets the others.
pub fn concurrent_starts_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    for attempt in 0..5 {
        if attempt > 0 {
            // The term moved on, which may happen. Let things calm down.
            lab.sleep_ms(3000);
        }
        let leader = cluster.check_one_leader();
        let Some(started) = cluster.offer(leader) else { continue };
        let commands = start_concurrently(&cluster, leader, started.term, 5);
        let applied: Option<Vec<Command>> =
            commands.iter().map(|&(index, _)| cluster.wait(index, 3, Some(started.term))).collect();
        let (Some(applied), false) = (applied, has_moved_on(&cluster, started.term)) else { continue };
        for (_, command) in &commands {
            lab.expect(applied.contains(command), || {
                Violation::new(
                    "a command that was accepted is missing",
                    "five commands given at the same time are all committed",
                    "another command stands at its index",
                )
            });
        }
        return;
    }
    lab.fail(Violation::new("the term changed too often", "a term that lasts", "five terms that moved on"));
}

/// Gives `count` commands to a leader at the same time. Returns those that it accepted in `term`, with their indexes.
fn start_concurrently(
    cluster: &Cluster,
    leader: ServerId,
    term: Term,
    count: usize,
) -> Vec<(Index, Command)> {
    let clients: Vec<_> = (0..count)
        .map(|_| {
            let cluster = cluster.clone();
            thread::spawn(move || {
                let command = cluster.lab().command();
                let started = cluster.start(leader, &command).filter(|started| started.is_leader)?;
                (started.term == term).then_some((started.index, command))
            })
        })
        .collect();
    clients.into_iter().filter_map(wait_for).collect()
}

/// An isolated leader with uncommitted entries comes back while the next leader is cut off.
///
/// Catches: conflicting entries that are kept, a deposed leader that keeps its role, and an election that a short log
/// can win.
pub fn rejoin_3b(lab: &Lab) {
    let cluster = lab.cluster(3).start();
    cluster.one(3);

    let first = cluster.check_one_leader();
    cluster.disconnect(first);
    // They never commit, for nobody hears of them. On its return the others' entries take their places.
    for _ in 0..3 {
        cluster.offer(first);
    }
    cluster.one(2);

    let second = cluster.check_one_leader();
    cluster.disconnect(second);
    cluster.connect(first);
    cluster.one(2);

    cluster.connect(second);
    cluster.one(3);
}

/// Many uncommitted entries on both sides of partitions that swap: followers' logs are far from the leader's.
///
/// Catches: a leader that goes back one entry per round, and conflicts that are resolved wrong.
pub fn backup_3b(lab: &Lab) {
    let cluster = lab.cluster(5).start();
    cluster.one(5);

    // The leader keeps one follower, and 50 entries that never commit.
    let first = cluster.check_one_leader();
    let [a, b, c, d] = [1, 2, 3, 4].map(|step| cluster.next(first, step));
    cluster.disconnect_all([b, c, d]);
    offer_many(&cluster, first, 50);
    lab.sleep_ms(500);

    // The other three go on without them.
    cluster.disconnect_all([first, a]);
    cluster.connect_all([b, c, d]);
    agree_many(&cluster, 50, 3);

    // Again, one of the three is lost, and 50 more entries never commit.
    let second = cluster.check_one_leader();
    let lost = if second == b { cluster.next(second, 1) } else { b };
    cluster.disconnect(lost);
    offer_many(&cluster, second, 50);
    lab.sleep_ms(500);

    // The first leader's side returns with the one that was lost.
    cluster.disconnect_all(cluster.servers());
    cluster.connect_all([first, a, lost]);
    agree_many(&cluster, 50, 3);

    cluster.connect_all(cluster.servers());
    cluster.one(5);
}

fn offer_many(cluster: &Cluster, leader: ServerId, count: usize) {
    for _ in 0..count {
        cluster.offer(leader);
    }
}

fn agree_many(cluster: &Cluster, count: usize, servers: usize) {
    for _ in 0..count {
        cluster.one(servers);
    }
}

/// Elections, agreement and idling do not take too many calls.
///
/// Catches: a heartbeat storm, candidates that ask too often, and a call per entry and follower with retries.
pub fn count_3b(lab: &Lab) {
    const COMMANDS: u64 = 10;
    /// MIT's limit: a call per command and server, and three more of each.
    const CALLS_MAX: u64 = (COMMANDS + 1 + 3) * 3;
    /// A leader may tell each follower of each commit at once, as raft-rs does: the followers apply it sooner.
    const NOTICES: u64 = (COMMANDS + 1) * 2;
    /// MIT's limit for a second of idling.
    const IDLE_CALLS_MAX: u64 = 3 * 20;

    let cluster = lab.cluster(3).start();
    cluster.check_one_leader();
    // At most what a few split votes and the first second of heartbeats take (MIT).
    let each = cluster.calls_per_exchange();
    expect_calls(lab, "electing the first leader", cluster.rpcs(), 1, 30 * each);

    for attempt in 0..5 {
        // As in `concurrent_starts_3b`: a change of term costs calls that nobody asked for.
        if attempt > 0 {
            lab.sleep_ms(3000);
        }
        let leader = cluster.check_one_leader();
        let before = cluster.rpcs();
        let Some(term) = agree_in_one_term(&cluster, leader, COMMANDS) else { continue };
        let used = cluster.rpcs() - before;
        if has_moved_on(&cluster, term) {
            continue;
        }
        expect_calls(lab, "agreeing on ten commands", used, 0, (CALLS_MAX + NOTICES) * each);

        let before = cluster.rpcs();
        lab.sleep_ms(1000);
        expect_calls(lab, "a second of idling", cluster.rpcs() - before, 0, IDLE_CALLS_MAX * each);
        lab.expect_usual(
            used <= CALLS_MAX * each,
            &format!(
                "agreeing on ten commands took {used} calls, and MIT allows {}: perhaps each commit is told at once, with a \
                 message of its own, or calls are repeated",
                CALLS_MAX * each
            ),
        );
        return;
    }
    lab.fail(Violation::new("the term changed too often", "a term that lasts", "five terms that moved on"));
}

/// Gives a leader one command and then `count` more, and waits for all. `None` if the term moved on; else the term.
fn agree_in_one_term(cluster: &Cluster, leader: ServerId, count: u64) -> Option<Term> {
    let first = cluster.offer(leader)?;
    for step in 1..=count {
        let started = cluster.offer(leader).filter(|started| started.term == first.term)?;
        expect_index(cluster.lab(), started.index, first.index + step);
    }
    for step in 0..=count {
        cluster.wait(first.index + step, cluster.size(), Some(first.term))?;
    }
    Some(first.term)
}

#[track_caller]
fn expect_calls(lab: &Lab, what: &str, used: u64, min: u64, max: u64) {
    lab.expect((min..=max).contains(&used), || {
        Violation::new(
            format!("{what} took {used} calls"),
            format!("{min} to {max} calls"),
            format!("{used}"),
        )
        .hint("heartbeats more often than needed, or calls repeated while the first is under way")
    });
}

/// Whether a server is in a later term.
pub(super) fn has_moved_on(cluster: &Cluster, term: Term) -> bool {
    cluster.servers().any(|server| cluster.state(server).is_some_and(|(now, _)| now != term))
}

/// Gives a new command to whoever leads, with patience for an election. Returns who it was and the command's index.
#[track_caller]
fn start_on_some_leader(cluster: &Cluster) -> (ServerId, Index) {
    for _ in 0..10 {
        let leader = cluster.check_one_leader();
        if let Some(started) = cluster.offer(leader) {
            return (leader, started.index);
        }
    }
    cluster.lab().fail(Violation::new(
        "leaders do not stay long enough to take a command",
        "a leader that accepts a command",
        "ten leaders that had been deposed half a second later",
    ))
}

#[track_caller]
pub(super) fn expect_index(lab: &Lab, got: Index, index: Index) {
    lab.expect(got == index, || {
        Violation::new(
            format!("a command got the index {got}"),
            format!("index {index}: as many commands were given before"),
            format!("index {got}"),
        )
        .hint("indexes that do not begin at 1, or entries of the implementation's own")
    });
}
