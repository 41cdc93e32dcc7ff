//! Many seeds of any simulated program: sweeps in worker processes, replays that prove themselves, failures made smaller.
//!
//! This crate knows runs and nothing of Raft. A program offers its tests as a [`Target`](target::Target) for sweeps, as a
//! [`Repeatable`](replay::Repeatable) for replays and as a [`Scenario`](shrink::Scenario) for shrinking.
//!
//! # Read in this order
//!
//! 1. [`target`]: what the hunt asks of a program.
//! 2. [`workers`]: the processes that make runs, what they are told and what they answer.
//! 3. [`sweep`]: many tests over many seeds: results, what is kept, statistics.
//! 4. [`replay`]: whether a run is the run that it should be.
//! 5. [`shrink`]: fewer faults, commands and preemptions.
//! 6. [`program`]: all of it as a program, for tests that are closures: [`main`].
//!
//! # What it leaves out
//!
//! What a failure of a Raft says: that is for the program that tests one.

mod failed_run;
pub mod program;
pub mod replay;
pub mod shrink;
pub mod sweep;
pub mod target;
pub mod workers;

pub use failed_run::{FailedRun, SearchedRun};
pub use program::main;

#[cfg(test)]
mod fuzzing;
