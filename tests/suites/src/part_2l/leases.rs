//! Part 2L: leases, for who offers them. What is asked of them is that their tokens grow, whatever the clocks of their holders say.

use std::time::Duration;

use kvraft_interface::Token;
use lab_harness::Violation;
use lab_harness::lab::Lab;
use lab_harness::single::{FencedStore, LockServer};
use lab_runs::World;
use labrpc::sync::Arc;
use labrpc::sync::atomic::{AtomicBool, Ordering};

/// For how long the tests lend.
const LEASE: Duration = Duration::from_secs(2);
/// How long somebody may wait for a lease whose holder is gone: its time, and what it takes to see that it is over.
const PATIENCE: Duration = Duration::from_secs(20);

const TOKENS: &str = "a lease's token is greater than all that were given before (AnyLease::acquire)";

/// A server, if there are leases and machines that can be stopped.
fn server(lab: &Lab) -> LockServer {
    let server = lab.locks();
    server.needs_leases();
    if lab.world() == World::Real {
        lab.skip("a client's machine can be stopped in a simulation only");
    }
    server
}

/// Somebody takes the lease: the token, and when it was his.
fn take(server: &LockServer) -> (Token, Duration, Duration) {
    let thread = server.spawn(|client| client.lease("l", LEASE).acquire()).1;
    server.finish(vec![thread], PATIENCE).remove(0)
}

fn expect_greater(lab: &Lab, later: Token, earlier: Token) {
    lab.expect(later > earlier, || {
        Violation::new(
            format!("a lease was given with token {later} after one with token {earlier}"),
            format!("a token above {earlier}"),
            format!("{later}"),
        )
        .rule(TOKENS)
        .hint(
            "a token that is a client's own count: the version of the key, which only grows, is one for all",
        )
    });
}

/// A client dies with a lease. Somebody else gets it, and not before its time is over.
///
/// Catches: a lease that never ends, and one that is taken as soon as somebody wants it.
pub fn lease_of_the_dead_2l(lab: &Lab) {
    let server = server(lab);
    let client = server.lock_client();
    let node = client.node();
    let thread = node.spawn("client", move || {
        let mut lease = client.lease("l", LEASE);
        let taken = lease.acquire();
        std::mem::forget(lease);
        taken
    });
    let (first, called, _) = server.finish(vec![thread], PATIENCE).remove(0);
    lab.note(format!("C1 has the lease with token {first}, and dies"));
    node.crash();
    // Two wait for it. The second of them also waits for the first.
    let other = server.spawn(|client| client.lease("l", LEASE).acquire()).1;
    let (token, _, at) = take(&server);
    let (other, _, other_at) = server.finish(vec![other], PATIENCE).remove(0);
    let ((second, taken), (third, again)) =
        if token < other { ((token, at), (other, other_at)) } else { ((other, other_at), (token, at)) };
    expect_greater(lab, second, first);
    expect_greater(lab, third, second);
    lab.expect(taken >= called + LEASE && again >= called + 2 * LEASE, || {
        Violation::new(
            "a lease was given to another client before its time was over",
            format!(
                "nobody else has it before {LEASE:?} have passed since C1 asked, at {called:?}, and the next one not before twice \
                 that time"
            ),
            format!("at {taken:?} it was given again, and then at {again:?}"),
        )
        .rule("nobody else is lent the lock before its time is over, unless it was released (AnyLease::acquire)")
        .hint("a waiter that measures from when the lease was written by another clock, or that does not begin anew for a new holder")
    });
}

/// A client sleeps past the end of its lease, as in a long garbage collection, and does not know. Another one has it by then. The sleeper
/// wakes and writes: a store that compares tokens refuses it.
///
/// Catches: tokens that are a client's own count, or chance.
pub fn lease_of_a_paused_client_2l(lab: &Lab) {
    let server = server(lab);
    let mut last: Token = 0;
    for round in 0..3 {
        let store = FencedStore::default();
        let (has_it, wrote) = (Arc::new(AtomicBool::new(false)), store.clone());
        let told = Arc::clone(&has_it);
        let sleeper = server.lock_client();
        let number = sleeper.number();
        let node = sleeper.node();
        let thread = node.spawn("client", move || {
            let mut lease = sleeper.lease("l", LEASE);
            let (token, ..) = lease.acquire();
            told.store(true, Ordering::SeqCst);
            // As short as it is, the pause falls into it.
            sleeper.lab().sleep_ms(20);
            let written = wrote.write(token, "the sleeper's");
            std::mem::forget(lease);
            (token, written)
        });
        let end = lab.now() + PATIENCE;
        while !has_it.load(Ordering::SeqCst) {
            lab.expect(lab.now() < end, || {
                Violation::new(
                    format!("nobody has the lease, and C{number} does not get it in {PATIENCE:?}"),
                    "a lease whose time is over is lent to who asks",
                    format!("C{number}'s acquire has not returned"),
                )
                .hint("an acquire whose put was answered Maybe and that waits for itself, or one that is never over its predecessor's time")
            });
            lab.sleep_ms(1);
        }
        node.pause();
        let (second, ..) = take(&server);
        let is_written = store.write(second, "the next holder's");
        lab.expect(is_written, || {
            Violation::new(
                "the token of the next holder is not the highest",
                "a new one",
                format!("{second}"),
            )
            .rule(TOKENS)
        });
        node.resume();
        let (first, late) = server.finish(vec![thread], PATIENCE).remove(0);
        lab.expect(!late && store.value() == "the next holder's", || {
            Violation::new(
                "a client that has slept past its lease has overwritten what its successor wrote",
                format!("its token is below {second}, its successor's, so that the store refuses it"),
                format!("its token is {first}, and the store holds {:?}", store.value()),
            )
            .rule(TOKENS)
            .hint("a token that is a client's own count, or chance: the version of the key, which only grows, is one for all")
        });
        expect_greater(lab, second, first);
        if round > 0 {
            expect_greater(lab, first, last);
        }
        last = second;
    }
}

/// A client gives its lease back when its time is over and another one has it: the other one keeps it.
///
/// Catches: a release that frees whatever stands there now.
pub fn late_release_of_a_lease_2l(lab: &Lab) {
    let server = server(lab);
    let client = server.lock_client();
    let thread = client.node().spawn("client", move || {
        let mut lease = client.lease("l", LEASE);
        let (token, called, _) = lease.acquire();
        (lease, token, called)
    });
    let (mut lease, first, called) = server.finish(vec![thread], PATIENCE).remove(0);
    let (second, ..) = take(&server);
    expect_greater(lab, second, first);
    let thread = labrpc::thread::spawn(move || lease.release());
    server.finish(vec![thread], PATIENCE);
    let (third, _, taken) = take(&server);
    expect_greater(lab, third, second);
    lab.expect(taken >= called + 2 * LEASE, || {
        Violation::new(
            "a release of who had the lease no more has taken it from its holder",
            format!(
                "nobody else has it before twice {LEASE:?} have passed since C1 asked, at {called:?}: its own time, and that of its \
                 successor"
            ),
            format!("at {taken:?} it was given again"),
        )
        .rule("a release after the end of the lease leaves the next holder alone (AnyLease::release)")
        .hint("a release that frees whatever stands there now")
    });
}
