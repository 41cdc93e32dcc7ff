//! What a run of a simulated test is: how it is asked for, what its scenario did, what it leaves behind, and how it is
//! repeated. This crate knows runs, and nothing of Raft.
//!
//! # How it works
//!
//! A [`Plan`] says in which [`World`] a test runs, from which seed and under which policy; the [`settings`] come from the
//! environment. While it runs, what the scenario does to the system under test goes through [`actions`], so that a failure can
//! be tried again with some of it left out. A run that failed leaves [`artifacts`], by which a replay proves that it is the same
//! run, and its report says with which [`commands`] it happens again.
//!
//! # Read in this order
//!
//! [`settings`], [`plan`], [`actions`], [`artifacts`], [`commands`], [`output`], [`input`], [`similarity`].
//!
//! # What it leaves out
//!
//! What a test is and when it fails: that is for whoever runs it.

#![allow(
    clippy::disallowed_macros,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

pub mod actions;
pub mod artifacts;
pub mod commands;
pub mod input;
mod kept;
pub mod output;
mod output_file;
pub mod plan;
pub mod settings;
pub mod similarity;
mod test_info;

pub use kept::read_kept;
pub use output_file::OutputFile;
pub use plan::Plan;
pub use settings::{Settings, World};
pub use test_info::TestInfo;
