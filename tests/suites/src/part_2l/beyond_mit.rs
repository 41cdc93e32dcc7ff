//! Part 2L, locks: what MIT's suite does not see. Lost replies one by one, a client that dies, locks in two orders, and chaos.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_harness::single::{LockClient, LockServer};
use lab_runs::World;
use labrpc::network::Direction;
use labrpc::sim::NodeHandle;
use labrpc::thread::{self, JoinHandle};

use super::mit::{HELD_MS, PATIENCE, hold};

/// How long a lock that is free may take to be acquired by who is alone, and a release to return (Locks).
const SOON: Duration = Duration::from_secs(10);

/// A client holds one lock, and another client takes another at once.
///
/// Catches: one lock for all names, and names of which one begins with the other.
pub fn locks_apart_2l(lab: &Lab) {
    let server = lab.locks();
    let names = ["a", "b", "ab", "a/b", "a b"];
    let threads = names
        .map(|name| {
            server
                .spawn(move |client| {
                    let mut lock = client.lock(name);
                    lock.acquire();
                    lock
                })
                .1
        })
        .into();
    // All are held at the end.
    for mut lock in server.finish(threads, SOON) {
        lock.release();
    }
}

/// Two clients take two locks in two orders, and wait for each other: the classic deadlock. No lock can prevent it, and none may break
/// it by giving a lock to two. When one client gives a lock back all goes on.
///
/// Catches: a waiter that takes what is held when it has waited for long.
pub fn two_locks_two_orders_2l(lab: &Lab) {
    const STUCK: Duration = Duration::from_secs(20);
    let server = lab.locks();
    let clients = [["x", "y"], ["y", "x"]].map(|order| {
        let client = server.lock_client();
        let node = client.node();
        (client, node, order)
    });
    let first = |(client, node, [name, _]): &(LockClient, NodeHandle, [&str; 2])| {
        let mut lock = client.lock(name);
        node.spawn("first lock", move || {
            lock.acquire();
            lock
        })
    };
    // On its machine, and beside what holds the first: a handle is one thread's.
    let second = |(client, node, [_, name]): &(LockClient, NodeHandle, [&'static str; 2])| {
        let (client, name) = (client.clone(), *name);
        node.spawn("second lock", move || hold(client.lab(), &mut client.lock(name)))
    };
    let firsts = server.finish(clients.iter().map(first).collect(), SOON);
    let seconds: Vec<_> = clients.iter().map(second).collect();
    lab.sleep(if lab.world() == World::Real { STUCK / 10 } else { STUCK });
    for line in server.book().cycle_in_words() {
        lab.note(format!("deadlock: {line}"));
    }
    // Had one of them got its second lock, the judge would have ended the run. Who waits for what one gives back is the other.
    for (((_, node, _), mut lock), goes_on) in clients.iter().zip(firsts).zip(seconds.into_iter().rev()) {
        server.finish(vec![node.spawn("gives back", move || lock.release())], SOON);
        server.finish(vec![goes_on], PATIENCE);
    }
}

/// A client dies with the lock. Nobody can tell it from one that is slow, so nobody else may have the lock, however long it takes
/// (6.5840; a lease is what comes back).
///
/// Catches: a lock that is taken away after a time.
pub fn dead_holder_2l(lab: &Lab) {
    const WAITED: Duration = Duration::from_secs(60);
    let server = lab.locks();
    let client = server.lock_client();
    let number = client.number();
    let node = client.node();
    let thread = node.spawn("client", move || {
        let mut lock = client.lock("l");
        lock.acquire();
        lock
    });
    let lock = server.finish(vec![thread], SOON).remove(0);
    // Its machine, where machines can be crashed; its handle stays behind either way.
    let _cut = server.cut_off(number);
    node.crash();
    lock.forget();
    server.died(number);
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            server.spawn(|client| {
                let mut lock = client.lock("l");
                hold(client.lab(), &mut lock);
            })
        })
        .collect();
    lab.sleep(if lab.world() == World::Real { WAITED / 20 } else { WAITED });
    // A waiter that had got it would have ended the run. Another lock is still to be had.
    server.finish(vec![server.spawn(|client| hold(client.lab(), &mut client.lock("m"))).1], SOON);
    drop(waiters);
}

/// A client is alone, and of its first calls one reply after the other is lost: its acquire returns all the same.
///
/// Catches: an acquire that was done, was answered `Maybe`, and waits for itself.
pub fn lost_replies_of_acquire_2l(lab: &Lab) {
    let server = lab.locks();
    for count in 1..=5 {
        let client = server.lock_client();
        let lost = [Direction::Reply, Direction::Request].map(|what| {
            (lab.happens(30) || what == Direction::Reply).then(|| server.lose(client.number(), what, count))
        });
        let thread = client.node().spawn("client", move || {
            let mut lock = client.lock(&format!("l{count}"));
            for _ in 0..2 {
                hold(client.lab(), &mut lock);
            }
        });
        server.finish(vec![thread], SOON);
        drop(lost);
    }
}

/// The reply of a release is lost, and before its client asks again somebody else has the lock. The release returns, and the lock
/// is still the other's.
///
/// Catches: a release that frees whatever stands there now.
pub fn lost_reply_of_release_2l(lab: &Lab) {
    // Which of its replies is the one that counts depends on the lock: each in its turn.
    for count in 1..=4 {
        let server = lab.locks();
        let first = server.lock_client();
        let number = first.number();
        let node = first.node();
        let thread = node.spawn("client", move || {
            let mut lock = first.lock("l");
            lock.acquire();
            lock
        });
        let mut lock = server.finish(vec![thread], SOON).remove(0);
        let second = spawn_holder(&server, "l");
        let lost = server.lose(number, Direction::Reply, count);
        let releasing = node.spawn("gives back", move || lock.release());
        // What it asks after the lost reply waits until somebody else has the lock. Where the release is done before, nothing is lost.
        wait_for_hit(lab, &lost, &releasing);
        let kept = server.hold_requests(number);
        server.wait_until(Duration::from_secs(2), |book| {
            book.holder("l").is_some_and(|holder| holder != number)
        });
        lab.sleep_ms(50);
        kept.end();
        let third = spawn_holder(&server, "l");
        server.finish(vec![releasing], SOON);
        server.finish(vec![second, third], PATIENCE);
        drop(lost);
    }
}

/// A client that takes the lock, holds it for two seconds and gives it back.
fn spawn_holder(server: &LockServer, name: &'static str) -> JoinHandle<()> {
    let time = if server.lab().world() == World::Real { 300 } else { 2_000 };
    server
        .spawn(move |client| {
            let mut lock = client.lock(name);
            lock.acquire();
            client.lab().sleep_ms(time);
            lock.release();
        })
        .1
}

/// Waits until a fault has hit, or the thread has come to its end without.
fn wait_for_hit(lab: &Lab, fault: &labrpc::network::Fault, thread: &JoinHandle<()>) {
    let end = lab.now() + SOON;
    while fault.hits() == 0 && !thread.is_finished() && lab.now() < end {
        thread::sleep(Duration::from_micros(200));
    }
}

/// Late messages, copies of requests that were answered long ago, clients that are cut off, and clients that die while they wait.
/// Who dies while it waits may die with the lock: then it is left alone, and the others take the next.
///
/// Catches: an old put of a client that is taken for its new one.
pub fn chaos_2l(lab: &Lab) {
    const CLIENTS: usize = 5;
    const ROUNDS: u64 = 10;
    let is_real = lab.world() == World::Real;
    let time = if is_real { Duration::from_secs(2) } else { Duration::from_secs(20) };
    // Either messages are lost, or requests come again: of a copy whose first try was lost nobody can tell what it did.
    let is_lossy = lab.happens(50);
    let server = if is_lossy { lab.locks_unreliable() } else { lab.locks() };
    let fault = if is_lossy {
        server.delays(0.3, Duration::from_millis(200))
    } else {
        server.late_copies(0.3, Duration::from_millis(300), Duration::from_secs(3))
    };
    let end = lab.now() + time;
    let start = |server: &LockServer| {
        let client = server.lock_client();
        let number = client.number();
        let thread = client.node().spawn("client", move || {
            let lab = client.lab().clone();
            let mut locks = [client.lock("l0"), client.lock("l1")];
            while lab.now() < end {
                let chosen = lab.below(2) as usize;
                hold(&lab, &mut locks[chosen]);
                lab.sleep_ms(lab.below(2 * HELD_MS));
            }
        });
        (number, thread)
    };
    let working: Vec<(u32, JoinHandle<()>)> = (0..CLIENTS).map(|_| start(&server)).collect();
    let pause = (time.as_millis() as u64) / (2 * ROUNDS);
    for _ in 0..ROUNDS {
        lab.sleep_ms(pause);
        let chosen = lab.below(working.len() as u64) as usize;
        let cut = lab.happens(60).then(|| server.cut_off(working[chosen].0));
        lab.sleep_ms(pause);
        drop(cut);
    }
    // One that dies while it waits for a lock of its own, whose holder lives.
    let holder = spawn_holder(&server, "l2");
    server.wait_until(SOON, |book| book.holder("l2").is_some());
    let (victim, waiting) = {
        let client = server.lock_client();
        let number = client.number();
        let node = client.node();
        let waiting = node.spawn("client", move || hold(client.lab(), &mut client.lock("l2")));
        lab.sleep_ms(lab.below(300));
        node.crash();
        server.died(number);
        (number, waiting)
    };
    let gone = server.cut_off(victim);
    fault.end();
    server.network().reliable();
    let (numbers, threads): (Vec<u32>, Vec<_>) = working.into_iter().unzip();
    drop(numbers);
    server.finish(threads, PATIENCE);
    server.finish(vec![holder], PATIENCE);
    lab.set_operations(server.book().count());
    lab.expect(server.book().count() > 0, || Violation::new("no lock was acquired", "some", "none"));
    drop((waiting, gone));
}
