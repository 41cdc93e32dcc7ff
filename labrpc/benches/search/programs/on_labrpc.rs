//! All programs, on labrpc. Needs nothing else, so that tests of labrpc can include this file by its path.

#[path = "labrpc_world.rs"]
mod world;

#[path = "mod.rs"]
mod plain;

mod timed;

pub(crate) use plain::{DEADLOCKS, FAILS_ALWAYS, PROGRAMS};
/// Programs that sleep: for tools with a clock of their own.
pub(crate) use timed::PROGRAMS as TIMED;
