//! The harness of the lab: what judges a cluster of student code.

pub mod linearizability;
