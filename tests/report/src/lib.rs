//! What a run says: the line of one that passed, the report of one that failed, its log in columns, and exports for other
//! tools.
//!
//! # How it works
//!
//! A test ends with an outcome of the harness. If it passed, [`passed_line`] is all there is to say. If it failed,
//! [`explain()`] runs it again with a full trace, leaves the [`files`] of the run, and puts the report together: what went
//! wrong, the rule or the expectation, the state in which it failed, the last things that happened, and the command that
//! replays it.
//!
//! # Read in this order
//!
//! [`explain`](mod@explain), [`files`], [`columns`], [`export`](mod@export), [`page`].
//!
//! # What it leaves out
//!
//! When a test fails, and why: that is for the harness and the referee.

pub mod columns;
pub mod explain;
pub mod export;
mod facts;
pub mod files;
mod hint;
pub mod page;
mod truncate;
mod verdict_lines;

pub use explain::{REPORT_MAX, explain, headline};
pub use verdict_lines::{passed_line, remark_once};

#[cfg(test)]
mod fuzzing;
