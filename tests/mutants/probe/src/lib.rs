//! What mutation testing needs of a program in which a bug is planted: the hidden subcommand `probe`.
//!
//! A crate of its own, so that `cargo lab grade` builds nothing of the rest: the catalogue, the copies, the matrix.

mod command;
mod runs;

pub use command::{probe_command, run_probe};
pub use runs::{FailureKind, FailureReport, Run};
