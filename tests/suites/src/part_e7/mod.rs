//! Part E7, storage that fails: power failures in the middle of a save, damage, flushes that fail.
//!
//! | file | what it tests |
//! |---|---|
//! | `storage` | what a real Raft has saved, saved once more on disks that fail at every step |
//! | `clusters` | clusters whose servers store on such disks |
//!
//! Servers store through the persister that the implementation opens on a [`FaultyDisk`](raft_interface::FaultyDisk)
//! ([`RaftServer::open_storage`](raft_interface::RaftServer::open_storage)): its own, or the lab's journal if it has none. Then `storage`
//! says little of the implementation, and `clusters` what it does when saves are slow, fail or are cut off.
//!
//! Every Raft can be put to this part, and MIT's labs ask for none of it: it is graded only when somebody names it. What is asked
//! stands in [`contract`](raft_interface::contract), "The disk".
//!
//! A new test is a function with the suffix `_e7` in the file of its subject, and a row below.

pub mod clusters;
pub mod storage;

use crate::suite::suite;

suite! { $
    /// Makes a `#[test]` of every test of part E7 for an implementation.
    suite_e7: Part::E7, Implementation::of;

    5 storage::torn_at_every_byte_e7, "the power fails at every byte of a save";
    5 storage::damage_in_the_middle_e7, "flipped bits are refused, and nothing is silently shortened";
    5 clusters::flush_fails_e7, "after a flush that failed nothing is acknowledged that is not stored";
    5 clusters::unordered_writes_e7, "power failures in the middle of saves that reach the disk in any order";
}
