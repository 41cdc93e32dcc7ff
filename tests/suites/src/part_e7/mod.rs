//! Part E7, storage that fails: power failures in the middle of a save, damage, flushes that fail; and a follower that has lost much and
//! gets it from its peers.
//!
//! | file | what it tests |
//! |---|---|
//! | `storage` | what a real Raft has saved, saved once more on disks that fail at every step |
//! | `clusters` | clusters whose servers store on such disks |
//! | `catch_up` | who is far behind fetches from peers, for Rafts that offer [`catch_up_from_peers`](raft_interface::Features::catch_up_from_peers) |
//!
//! Servers store through the persister that the implementation opens on a [`FaultyDisk`](raft_interface::FaultyDisk)
//! ([`RaftServer::open_storage`](raft_interface::RaftServer::open_storage)): its own, or the lab's journal if it has none. Then `storage`
//! says little of the implementation, and `clusters` what it does when saves are slow, fail or are cut off.
//!
//! Every Raft can be put to this part, and MIT's labs ask for none of it: it is graded only when somebody names it. What is asked
//! stands in [`contract`](raft_interface::contract), "The disk".
//!
//! A new test is a function with the suffix `_e7` in the file of its subject, and a row below.

pub mod catch_up;
pub mod clusters;
pub mod storage;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E7 for an implementation.
    suite_e7: Part::E7, Implementation::of;

    5 storage::torn_at_every_byte_e7, "the power fails at every byte of a save";
    5 storage::damage_in_the_middle_e7, "flipped bits are refused, and nothing is silently shortened";
    5 clusters::flush_fails_e7, "after a flush that failed nothing is acknowledged that is not stored";
    2 catch_up::committed_only_e7, "a peer gets what is committed, and nothing else";
    2 catch_up::fetched_is_not_acknowledged_e7, "what is fetched is not acknowledged by that";
    5 catch_up::pruned_everywhere_e7, "what nobody has any more comes in a snapshot";
    5 catch_up::helper_dies_e7, "peers die while a server catches up";
    5 clusters::unordered_writes_e7, "power failures in the middle of saves that reach the disk in any order";
}
