//! Part 2L, locks: MIT's tests.
//!
//! MIT's clients write into a key what they hold. Here the [judge](lab_harness::single) knows who holds what, and the key is left out: so
//! the locks of a server that is wrong are not accused of it.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_harness::single::{LockClient, LockHandle, LockServer};
use lab_runs::World;

/// How long MIT's clients work.
const TIME: Duration = Duration::from_secs(2);
/// How long a client holds a lock (MIT).
pub(super) const HELD_MS: u64 = 10;
/// How long the last clients may take when all others have given their locks back and the network delivers.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// One client, a good network.
///
/// Catches: a lock that its own holder cannot take again.
pub fn one_client_reliable_2l(lab: &Lab) {
    contend(lab, lab.locks(), 1, 20);
}

/// Ten clients, a good network: one holds the lock at a time.
///
/// Catches: a lock that is read free in one step and taken in another, whatever was written in between.
pub fn many_clients_reliable_2l(lab: &Lab) {
    contend(lab, lab.locks(), 10, 10);
}

/// Ten clients, each takes a lock within a lock.
///
/// Catches: a lock that is stored under a key that another one has as well.
pub fn reliable_nested_2l(lab: &Lab) {
    let server = lab.locks();
    work(lab, &server, 10, 10, |client| {
        let (mut outer, mut inner) = (client.lock("outer"), client.lock("inner"));
        move |lab: &Lab| {
            outer.acquire();
            inner.acquire();
            lab.sleep_ms(HELD_MS);
            inner.release();
            outer.release();
        }
    });
}

/// One client, lost messages.
///
/// Catches: an acquire that was done, was answered `Maybe`, and waits for itself.
pub fn one_client_unreliable_2l(lab: &Lab) {
    contend(lab, lab.locks_unreliable(), 1, 5);
}

/// Ten clients, lost messages.
///
/// Catches: `Maybe` that is taken for `Ok` or for a refusal, when the lock is taken and when it is given back.
pub fn many_clients_unreliable_2l(lab: &Lab) {
    contend(lab, lab.locks_unreliable(), 10, 5);
}

fn contend(lab: &Lab, server: LockServer, clients: usize, least: u64) {
    work(lab, &server, clients, least, |client| {
        let mut lock = client.lock("l");
        move |lab: &Lab| hold(lab, &mut lock)
    });
}

/// Takes a lock, holds it for a while and gives it back.
pub(super) fn hold(lab: &Lab, lock: &mut LockHandle) {
    lock.acquire();
    lab.sleep_ms(HELD_MS);
    lock.release();
}

/// Clients do something again and again for [`TIME`]. Who gets the lock how often is not said, so only all of them together are asked
/// for `least` holdings, and for as many only in the simulation: a real machine may be busy.
fn work<W: FnMut(&Lab)>(
    lab: &Lab,
    server: &LockServer,
    clients: usize,
    least: u64,
    what: impl Fn(&LockClient) -> W + Clone + Send + 'static,
) {
    let end = lab.now() + TIME;
    let threads = (0..clients)
        .map(|_| {
            let what = what.clone();
            server
                .spawn(move |client| {
                    let lab = client.lab().clone();
                    let mut round = what(&client);
                    while lab.now() < end {
                        round(&lab);
                    }
                })
                .1
        })
        .collect();
    server.finish(threads, TIME + PATIENCE);
    let count = server.book().count();
    lab.set_operations(count);
    lab.expect(count > 0, || {
        Violation::new("no lock was acquired", "holdings", format!("none by {clients} clients in {TIME:?}"))
    });
    lab.expect_usual(
        lab.world() == World::Real || count >= least,
        &format!(
            "{clients} clients have acquired locks {count} times in {TIME:?}; mostly it is {least} or more"
        ),
    );
}
