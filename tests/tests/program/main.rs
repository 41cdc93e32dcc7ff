//! The harness from end to end, on the reference and on implementations that are wrong on purpose.

mod conformance;
mod course;
mod disks;
mod exports;
mod forced;
mod lab2;
mod leases;
mod referee;
mod replays;
mod reports;
mod shrinks;
mod stale;
mod statements;
mod suites;
mod wrong;
