//! Part E6 in clusters: servers that take commands though another one leads, what they say of them, and what becomes of them.

use std::time::Duration;

use kvraft_interface::{ForwardError, Layer};
use lab_harness::Violation;
use lab_harness::kv::{COMMANDS_MAX, Forwarded, KvCluster, executions, wait_for};
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, MessageFaults, Nemesis};
use lab_runs::settings::World;
use labrpc::sync::Arc;
use labrpc::thread;
use raft_interface::ServerId;

use crate::clients::finish_within;

/// A server takes these commands in a thread of its own, and what it says of them is taken down.
pub(super) fn executing(
    cluster: &Arc<KvCluster>,
    forwarded: &Arc<Forwarded>,
    server: ServerId,
    commands: Vec<usize>,
) -> thread::JoinHandle<()> {
    let (cluster, forwarded) = (Arc::clone(cluster), Arc::clone(forwarded));
    thread::spawn(move || execute(&cluster, &forwarded, server, &commands))
}

fn execute(cluster: &KvCluster, forwarded: &Forwarded, server: ServerId, commands: &[usize]) {
    let told = cluster.execute(server, commands);
    forwarded.note_execute(cluster, server, commands, told.as_ref());
}

/// A cluster with a counter, which has a leader that all know of.
fn start(lab: &Lab, servers: usize) -> (Arc<KvCluster>, Arc<Forwarded>) {
    let cluster = lab.service(servers, Layer::Counter).paced().start();
    cluster.sum_of_all();
    (Arc::new(cluster), Arc::default())
}

/// Three servers are given three commands each at the same time, in no order of their numbers. A replica that applies slowly shows
/// them one by one.
///
/// Catches: commands that are started one by one while others come between them, or in another order.
pub fn batch_in_one_piece_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let empty = cluster.execute(0, &[]);
    lab.expect(empty.is_none_or(|told| told == Err(ForwardError::NoCommands)), || {
        Violation::new("no commands were accepted", "ForwardError::NoCommands", "another answer")
            .rule("there is no place in the log for no command (ForwardError::NoCommands)")
    });
    for round in 0..2 {
        let batches: Vec<Vec<usize>> =
            (0..3).map(|server| [2, 0, 1].map(|place| round * 9 + server * 3 + place).to_vec()).collect();
        let watched = cluster.next(cluster.check_one_leader(), 1);
        cluster.pace(watched, Duration::from_millis(20));
        let calls: Vec<_> =
            (0..3).map(|server| executing(&cluster, &forwarded, server, batches[server].clone())).collect();
        while calls.iter().any(|call| !call.is_finished()) {
            if let Some(counter) = cluster.counter(watched) {
                expect_one_piece(lab, watched, &batches, &executions(counter));
            }
            lab.sleep_ms(1);
        }
        calls.into_iter().for_each(wait_for);
        cluster.pace(watched, Duration::ZERO);
    }
    forwarded.check(&cluster);
}

/// Of these batches at most one has been applied in part, and of that the first commands.
#[track_caller]
fn expect_one_piece(lab: &Lab, server: ServerId, batches: &[Vec<usize>], executions: &[i64; COMMANDS_MAX]) {
    let applied = |batch: &[usize]| batch.iter().map(|&command| executions[command] > 0).collect::<Vec<_>>();
    let mut in_part = 0;
    for batch in batches {
        let applied = applied(batch);
        let is_sorted = applied.is_sorted_by(|before, after| before >= after);
        in_part += u32::from(applied.contains(&true) && applied.contains(&false));
        lab.expect(is_sorted && in_part <= 1, || {
            Violation::new(
                format!("commands {batch:?} of one call do not stand in one piece, or in another order"),
                "one after the other, in the order in which they were given, with nothing in between",
                format!("S{server} has applied these so far: {applied:?}, of batches {batches:?}"),
            )
            .rule("commands of one call stand in the log one after the other, in their order (AnyService::feed)")
            .hint("a leader that starts the commands of two requests in turn")
            .servers([server])
        });
    }
}

/// All replicas apply slowly. Who is to execute commands returns when its own replica has them; who is to feed them, before.
///
/// Catches: a caller that hears of a command when the leader has committed it, and then reads it nowhere; one that hears of a row
/// when the first of it is applied; a caller that waits
/// though it was promised not to; a server that gives everything back.
pub fn feed_and_execute_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let mut commands = 0..COMMANDS_MAX;
    for server in cluster.servers() {
        cluster.pace(server, Duration::from_millis(100));
        for _ in 0..2 {
            let row: Vec<usize> = commands.by_ref().take(2).collect();
            let told = cluster.execute(server, &row);
            let has_all = |counter| row.iter().all(|&command| executions(counter)[command] > 0);
            let is_here = cluster.counter(server).is_none_or(has_all);
            lab.expect(is_here || !matches!(told, Some(Ok(_))), || {
                Violation::new(
                    format!("S{server} has executed commands, and its own replica does not have them"),
                    format!(
                        "commands {row:?} are in the counter of S{server} when the call returns, all of them"
                    ),
                    "they are not",
                )
                .rule("execute returns when this server has applied the commands (AnyService::execute)")
                .hint("a caller that is told what the leader knows, and not what its own server has applied")
                .servers([server])
            });
            forwarded.note_execute(&cluster, server, &row, told.as_ref());
        }
        cluster.pace(server, Duration::ZERO);
    }
    cluster.servers().for_each(|server| cluster.pace(server, Duration::from_secs(1)));
    for server in cluster.servers() {
        let Some(command) = commands.next() else { break };
        let began = lab.now();
        let told = cluster.feed(server, &[command]);
        // On a busy real machine anything may take a second.
        let is_prompt = lab.world() == World::Real || lab.now() - began < Duration::from_millis(900);
        lab.expect(is_prompt || told.as_ref().is_none_or(Result::is_err), || {
            Violation::new(
                format!("S{server} returned when its command was applied"),
                "it returns when a leader has appended the command: no replica applies anything for a second",
                format!("{:?}", lab.now() - began),
            )
            .rule("feed returns as soon as a leader has appended the commands (AnyService::feed)")
            .servers([server])
        });
        forwarded.note_feed(&cluster, server, &[command], told.as_ref());
    }
    cluster.servers().for_each(|server| cluster.pace(server, Duration::ZERO));
    expect_some_executed(lab, &forwarded.check(&cluster));
}

/// Of all commands that servers were given in fair weather, at least one was executed: giving all of them back is no forwarding.
#[track_caller]
fn expect_some_executed(lab: &Lab, executions: &[i64; COMMANDS_MAX]) {
    let executed = executions.iter().any(|&times| times > 0);
    lab.expect(executed || lab.world() == World::Real, || {
        Violation::new(
            "no command that a server was given was executed",
            "at least one of many: there is a leader, all know it, and no message is lost",
            "every command was given back, or nothing came of it",
        )
        .rule("a server has commands appended by whoever leads (AnyService::feed)")
        .hint("a server that says that it found no leader, or that it does not know, and has asked nobody")
    });
}

/// A leader and a follower are cut off from three others. The leader appends what the follower brings, and promises places. The others
/// elect another leader, and its entries are committed in those places. Then all are together again.
///
/// Catches: places that are known by their index alone; commands that are appended anew by whoever leads next, with or without a
/// number by which they would be recognised.
pub fn acknowledged_and_lost_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 5);
    let mut commands = 0..COMMANDS_MAX;
    let mut take = |count: usize| commands.by_ref().take(count).collect::<Vec<_>>();
    for _ in 0..2 {
        let leader = cluster.check_one_leader();
        let follower = cluster.next(leader, 1);
        let others: Vec<ServerId> = (2..5).map(|step| cluster.next(leader, step)).collect();
        let split = cluster.partition(&[&[leader, follower], &others]);
        let lost = [
            executing(&cluster, &forwarded, follower, take(3)),
            executing(&cluster, &forwarded, leader, take(1)),
        ];
        let fed = take(1);
        let told = cluster.feed(follower, &fed);
        forwarded.note_feed(&cluster, follower, &fed, told.as_ref());
        // They have a leader soon, and it commits in the same places.
        let kept = take(5);
        if let Some(next) = leader_among(lab, &cluster, &others) {
            execute(&cluster, &forwarded, next, &kept);
        }
        split.end();
        for call in lost {
            finish_within(lab, call, Duration::from_secs(10), "the network was healed");
        }
    }
    forwarded.check(&cluster);
}

/// A leader loses the others a moment after it was given a row of commands: some have left, and its successor commits those. What it then
/// gives back as overwritten are the others.
///
/// Catches: a row that is given back as a whole, so that who hands it over again executes its first commands twice.
pub fn overwritten_in_part_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let mut commands = 0..COMMANDS_MAX;
    for _ in 0..5 {
        let leader = cluster.check_one_leader();
        let others = [1, 2].map(|step| cluster.next(leader, step));
        let row = commands.by_ref().take(3).collect();
        // While one is stored, the one before may leave.
        cluster.slow_disk(leader, Duration::from_millis(5));
        let call = executing(&cluster, &forwarded, leader, row);
        lab.sleep_ms(3 + lab.below(20));
        let split = cluster.partition(&[&[leader], &others]);
        cluster.slow_disk(leader, Duration::ZERO);
        let kept: Vec<usize> = commands.by_ref().take(1).collect();
        if let Some(next) = leader_among(lab, &cluster, &others) {
            execute(&cluster, &forwarded, next, &kept);
        }
        split.end();
        finish_within(lab, call, Duration::from_secs(10), "the network was healed");
    }
    forwarded.check(&cluster);
}

/// Which of these leads, within two seconds.
pub(super) fn leader_among(lab: &Lab, cluster: &KvCluster, servers: &[ServerId]) -> Option<ServerId> {
    let leads = |&server: &ServerId| cluster.state(server).is_some_and(|(_, is_leader)| is_leader);
    (0..200).find_map(|_| {
        lab.sleep_ms(10);
        servers.iter().copied().find(leads)
    })
}

/// A server loses the answers of its leader, then is cut off until it knows of no leader, then is connected again. What comes back as
/// without effect has none, and can be handed over again.
///
/// Catches: what was not answered and comes back as if it had not been sent; what comes back and is kept, to be sent later; a caller
/// that waits for ever.
pub fn offline_gives_back_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let mut was_offline = false;
    let mut next = 0;
    for _ in 0..2 {
        let leader = cluster.check_one_leader();
        let follower = cluster.next(leader, 1);
        let deaf = cluster.one_way(&[leader], &[follower]);
        let unanswered = [next, next + 1];
        execute(&cluster, &forwarded, follower, &unanswered);
        deaf.end();
        cluster.disconnect(follower);
        // Long enough to stand for election: then it knows of no leader, whatever it knew before.
        lab.sleep_ms(1500);
        let mut commands = vec![next + 2, next + 3, next + 4];
        let told = cluster.execute(follower, &commands);
        forwarded.note_execute(&cluster, follower, &commands, told.as_ref());
        cluster.connect(follower);
        cluster.sum_of_all();
        if let Some(Err(ForwardError::Offline { .. })) = told {
            was_offline = true;
            // In another order: what is executed now is what was handed over now.
            commands.reverse();
            execute(&cluster, &forwarded, follower, &commands);
        }
        next += 5;
    }
    forwarded.check(&cluster);
    lab.expect_usual(was_offline, "a server that was alone for long does not say that it found no leader");
}

/// Answers are late and overtake each other, while all servers have many calls under way.
///
/// Catches: answers that are taken for those to other requests: by the order in which they come, or by a number that two have.
pub fn answer_to_another_call_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    cluster.long_reordering();
    let calls: Vec<_> = (0..COMMANDS_MAX)
        .map(|command| {
            lab.sleep_ms(lab.below(30));
            executing(&cluster, &forwarded, command % 3, vec![command])
        })
        .collect();
    for call in calls {
        finish_within(lab, call, Duration::from_secs(20), "all were handed over");
    }
    cluster.network().in_order();
    forwarded.check(&cluster);
}

/// Every message arrives twice, the second time late.
///
/// Catches: a request that is appended whenever it comes.
pub fn request_twice_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let twice = cluster.duplicates(1.0, Duration::from_millis(300));
    for command in 0..COMMANDS_MAX {
        execute(&cluster, &forwarded, command % 3, &[command]);
        lab.sleep_ms(lab.below(50));
    }
    // The last ones come, too.
    lab.sleep_ms(400);
    twice.end();
    forwarded.check(&cluster);
}

/// A server hands over commands, loses its power, and hands over others. All that while the leader stays up, and may remember.
///
/// Catches: requests that are numbered from the beginning after a restart, so that the leader takes them for copies of old ones.
pub fn request_after_restart_e6(lab: &Lab) {
    let (cluster, forwarded) = start(lab, 3);
    let mut commands = 0..COMMANDS_MAX;
    for _ in 0..3 {
        let follower = cluster.next(cluster.check_one_leader(), 1);
        for _ in 0..2 {
            execute(&cluster, &forwarded, follower, &commands.by_ref().take(2).collect::<Vec<_>>());
        }
        cluster.power_failure(follower);
        cluster.restart(follower);
        // Until it has heard from the leader again.
        lab.sleep_ms(300);
    }
    expect_some_executed(lab, &forwarded.check(&cluster));
}

/// Two of five servers are left, so that nobody leads, and each is given commands. Whatever they believe of each other, they ask now
/// and then.
///
/// Catches: a request that a server forwards on although it was forwarded to it: two that believe in each other never stop.
pub fn forward_loop_e6(lab: &Lab) {
    /// Of the requests of a service to each other, in all: for each call some dozens a second are enough.
    const REQUESTS_MAX: u64 = 3000;

    let (cluster, forwarded) = start(lab, 5);
    let leader = cluster.check_one_leader();
    let left = [1, 2].map(|step| cluster.next(leader, step));
    // The followers first: then the two that are left have just heard from the leader, and still believe in it when it is gone.
    [3, 4, 0].into_iter().for_each(|step| cluster.power_failure(cluster.next(leader, step)));
    let before = cluster.requests_of_services();
    for round in 0..3 {
        let calls = [0, 1].map(|place| executing(&cluster, &forwarded, left[place], vec![2 * round + place]));
        while calls.iter().any(|call| !call.is_finished()) {
            let requests = cluster.requests_of_services() - before;
            lab.expect(requests <= REQUESTS_MAX, || {
                Violation::new(
                    "servers that find no leader ask each other without end",
                    format!("at most {REQUESTS_MAX} requests for six calls"),
                    format!("{requests} for {} calls so far", 2 * round + 2),
                )
                .rule("a request is forwarded once: who gets it and does not lead refuses it")
                .hint(
                    "two servers that take each other for the leader, and forward what was forwarded to them",
                )
                .servers(left)
            });
            lab.sleep_ms(1);
        }
        calls.into_iter().for_each(wait_for);
    }
    lab.note(format!("{} requests", cluster.requests_of_services() - before));
    cluster.repair();
    forwarded.check(&cluster);
}

/// Faults of every kind but for messages that come twice, which a leader that restarts cannot recognise. All servers are given commands
/// meanwhile.
///
/// Catches: what only a combination of faults shows.
pub fn chaos_e6(lab: &Lab) {
    let messages = MessageFaults { duplicate_percent: 0, ..FaultPlan::SERVICE.messages };
    let plan = FaultPlan { messages, ..FaultPlan::SERVICE };
    let builder = lab.service(5, Layer::Counter);
    // Drawn: with snapshots, some servers learn only from them what became of their entries.
    let builder = if lab.happens(50) { builder.snapshots_at(500) } else { builder };
    let cluster = Arc::new(builder.start());
    let forwarded: Arc<Forwarded> = Arc::default();
    let calls = std::cell::RefCell::new(Vec::new());
    let mut commands = 0..COMMANDS_MAX;
    Nemesis::new(lab, &cluster, plan).run(
        || {
            let count = 1 + usize::from(lab.happens(30));
            let batch: Vec<usize> = commands.by_ref().take(count).collect();
            let server = lab.below(5) as ServerId;
            // Their number is limited, so not at every event.
            if !batch.is_empty() {
                calls.borrow_mut().push(executing(&cluster, &forwarded, server, batch));
            }
        },
        || {
            cluster.sum_of_all();
        },
    );
    for call in calls.into_inner() {
        finish_within(lab, call, Duration::from_secs(10), "all faults had ended");
    }
    forwarded.check(&cluster);
}
