//! Threads: their ends and results, scopes, parking.

mod park;
mod scope;
mod spawn;
