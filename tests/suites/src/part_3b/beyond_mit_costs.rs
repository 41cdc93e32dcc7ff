//! Part 3B: what MIT's suite does not see. Bytes on a slow link, and threads of servers that live long.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use lab_runs::settings::World;
use labrpc::network::{Address, Delay, Delays, Fault, Rule, Traffic};
use labrpc::sim::{HeapMark, ThreadReport};
use raft_interface::ServerId;

/// Many commands, one in a millisecond, while messages to one follower take long.
///
/// Notes, without blame, for nothing but bytes is lost: a leader that sends with each command all that is not acknowledged.
pub fn bytes_on_a_slow_link_3b(lab: &Lab) {
    const COMMANDS: u64 = 400;
    const COMMAND_BYTES: u64 = 500;
    /// What waits for a heartbeat to be sent again costs less than that.
    const TIMES_MAX: u64 = 10;
    const LINK: Duration = Duration::from_millis(150);

    let cluster = lab.cluster(3).start();
    cluster.one_shot(3);
    let leader = cluster.check_one_leader();
    let slow = slow_link(&cluster, leader, cluster.next(leader, 1), LINK);
    lab.sleep_ms(500);
    let before = cluster.bytes();
    for _ in 0..COMMANDS {
        cluster.start(leader, &lab.long_command(COMMAND_BYTES as usize));
        lab.sleep_ms(1);
    }
    lab.sleep_ms(1000);
    drop(slow);
    cluster.one(3);
    let used = cluster.bytes() - before;
    let once = 2 * COMMANDS * COMMAND_BYTES;
    lab.expect_usual(
        used <= TIMES_MAX * once,
        &format!(
            "on a link of {LINK:?} each command is sent {} times to each follower: whatever is not acknowledged goes out again \
             with each command, which on a link of little bandwidth makes answers later still",
            used / once
        ),
    );
}

/// Messages between two servers take so long, either way.
fn slow_link(cluster: &Cluster, one: ServerId, other: ServerId, time: Duration) -> [Fault; 2] {
    [(one, other), (other, one)].map(|(from, to)| {
        let link = Traffic::all().from(Address::Server(from as u32)).to(Address::Server(to as u32));
        cluster.network().add_rule(Delay::new(Delays::Fixed(time)).on(link))
    })
}

/// A follower is cut off and connected again, many times, while commands come. Calls to it hang for seconds.
///
/// Catches: threads, one for each call that hung, that never end.
pub fn long_life_3b(lab: &Lab) {
    /// So often a follower is cut off between two looks at the threads.
    const CYCLES: usize = 4;
    const LOOKS: usize = 3;
    /// A pool may keep some threads that it has once needed. That is no growth: it needs them again.
    const GROWTH_MAX: usize = 16;

    let cluster = lab.cluster(3).start();
    cluster.one(3);
    let mut looks: Vec<Vec<ThreadReport>> = Vec::new();
    for _ in 0..LOOKS {
        for _ in 0..CYCLES {
            let leader = cluster.check_one_leader();
            let away = cluster.next(leader, 1);
            cluster.disconnect(away);
            for _ in 0..10 {
                cluster.offer(leader);
                lab.sleep_ms(100);
            }
            cluster.connect(away);
            cluster.one(3);
        }
        // A call may hang for seven seconds.
        lab.sleep_ms(8000);
        looks.push(cluster.servers().flat_map(|server| cluster.threads_alive(server)).collect());
    }
    let counts: Vec<usize> = looks.iter().map(Vec::len).collect();
    lab.expect(counts[LOOKS - 1] <= counts[0] + GROWTH_MAX, || {
        Violation::new(
            format!("three servers have {} threads, and had {} earlier in their lives", counts[LOOKS - 1], counts[0]),
            format!("not more than {GROWTH_MAX} more: {} partitions have passed in between, and all calls have ended", CYCLES * (LOOKS - 1)),
            format!("{counts:?} threads, after {CYCLES} partitions each; the last: {}", last_of(&looks[LOOKS - 1])),
        )
        .rule("the threads of a server do not grow in number with the partitions that it has lived through (RaftServer::make)")
        .hint("a thread for each call that hangs, and none of them ends")
    });
}

/// Nobody asks for anything, for ten minutes. Heartbeats come and go.
///
/// Catches: what is noted for each message that was sent or answered, and never thrown away: a server that lives for months runs out
/// of memory.
pub fn memory_of_an_idle_life_3b(lab: &Lab) {
    /// Before the first look, for what is made once and kept.
    const WARM_UP: Duration = Duration::from_secs(150);
    const IDLE: Duration = Duration::from_secs(600);
    /// Less than the smallest note of a message, in a list that doubles when it is full.
    const BYTES_PER_MESSAGE_MAX: usize = 8;
    /// What comes only once, as room in a list that was never so long before, may come so late, and be more than that for the few
    /// messages of slow heartbeats. A note of each of them is more still.
    const ONCE_MAX: usize = 32 * 1024;

    let cannot = || lab.skip("the memory of these servers alone cannot be measured here");
    if lab.world() == World::Real {
        cannot();
    }
    let cluster = lab.cluster(3).start();
    cluster.one(3);
    lab.sleep(WARM_UP);
    let Some(mark) = HeapMark::now() else { cannot() };
    let calls_before = cluster.rpcs();
    lab.sleep(IDLE);
    let Some(growth) = mark.growth() else { cannot() };
    let messages = (cluster.rpcs() - calls_before) as usize;
    lab.expect(growth <= (messages * BYTES_PER_MESSAGE_MAX).max(ONCE_MAX), || {
        Violation::new(
            "the memory of idle servers grows with each message",
            format!("at most {BYTES_PER_MESSAGE_MAX} bytes for each in {IDLE:?}, in which nobody asks for anything"),
            format!("{growth} bytes for {messages} messages"),
        )
        .rule("the memory of a server does not grow with the heartbeats that it has lived through (RaftServer::make)")
        .hint("a list of what was sent or answered, of which nothing is ever removed")
    });
}

/// Where the youngest threads are.
fn last_of(threads: &[ThreadReport]) -> String {
    threads.iter().rev().take(3).map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
