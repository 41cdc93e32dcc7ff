//! Threads: their ends and results, scopes, parking.

mod local;
mod panicking;
mod park;
mod scope;
mod spawn;
