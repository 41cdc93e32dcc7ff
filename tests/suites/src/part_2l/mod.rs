//! Part 2L, locks on a key/value server on one machine, without a Raft: the second half of lab 2 of 6.5840.
//!
//! | file | what it tests |
//! |---|---|
//! | `mit` | MIT's tests |
//! | `beyond_mit` | what they do not see: lost replies, a client that dies, locks in two orders |
//! | `leases` | locks that come back by themselves, for who [offers](kvraft_interface::Locks::leases) them |
//!
//! A new test is a function with the suffix `_2l` in the file of its subject, and a row below.

pub mod beyond_mit;
pub mod leases;
pub mod mit;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part 2L for locks: `lab::suite_2l!(my_lab2::MyLocks);`. What else the lab should know of
    /// them follows as calls; see [`Implementation`](crate::Implementation).
    suite_2l: Part::L2, Implementation::of_locks;

    5 mit::one_client_reliable_2l, "one client takes a lock and gives it back" (MIT: OneClientReliable);
    5 mit::many_clients_reliable_2l, "ten clients, one holder at a time" (MIT: ManyClientsReliable);
    5 mit::reliable_nested_2l, "a lock within a lock" (MIT: ReliableNested);
    2 beyond_mit::locks_apart_2l, "one lock holds up no other";
    5 beyond_mit::two_locks_two_orders_2l, "two locks in two orders: both wait until somebody gives one back";
    5 beyond_mit::dead_holder_2l, "a client dies with the lock, and nobody takes it for free";
    5 mit::one_client_unreliable_2l, "one client, lost messages" (MIT: OneClientUnreliable);
    5 beyond_mit::lost_replies_of_acquire_2l, "an acquire whose replies are lost does not wait for itself";
    5 beyond_mit::lost_reply_of_release_2l, "a release after Maybe takes the lock from nobody";
    5 mit::many_clients_unreliable_2l, "ten clients, lost messages" (MIT: ManyClientsUnreliable);
    10 beyond_mit::chaos_2l, "late messages, copies of old ones, clients that are cut off and that die while they wait";
    5 leases::lease_of_the_dead_2l, "a lease comes back from who has died, and not before its time";
    5 leases::lease_of_a_paused_client_2l, "the token of who has slept past its lease is an old one";
    5 leases::late_release_of_a_lease_2l, "a lease that is over is not taken from its next holder";
}
