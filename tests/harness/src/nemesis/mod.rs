//! The nemesis: faults of every kind, drawn at random, in phases that each end in the proof that the cluster has
//! recovered.
//!
//! # How it works
//!
//! A [`Nemesis`] goes through the phases of a [`FaultPlan`]. In each phase a [share of all messages](MessageFaults) is late,
//! comes twice, or is lost. Meanwhile one event follows the other: a fault is drawn by the [weights](FaultWeights), aimed at
//! the leader or at anybody, and lasts for a while, into later events. So several faults are in force at a time. Then
//! everything is [healed](Nemesis::heal), and the test proves that there is progress. What must hold at all times is judged by
//! the [invariants](crate::invariants), as in every test.
//!
//! All chance comes from the run's seed, and everything that is done is done by a function of [`Cluster`](crate::Cluster).
//!
//! # What it leaves out
//!
//! Disks that lose or change what they had stored: Raft assumes that they do not (§5.1, Fig. 2).

mod injection;
mod kinds;
mod phases;
mod plan;

pub use phases::{Nemesis, expect_agreement, offer_to_leaders};
pub use plan::{FaultPlan, FaultWeights, MessageFaults};
