//! The harness from end to end, on the reference and on implementations that are wrong on purpose.

mod conformance;
mod counting;
mod course;
mod disks;
mod exports;
mod forced;
mod gives_up;
mod lab2;
mod leases;
mod power;
mod referee;
mod replays;
mod reports;
mod shrinks;
mod stale;
mod statements;
mod steps;
mod suites;
mod wrong;

/// How many seeds whoever set `LAB_SEEDS` wants; by default these tests take the fewest, since `cargo test` as a whole is to end
/// within two minutes.
fn seeds() -> Option<u64> {
    std::env::var("LAB_SEEDS").ok().map(|text| text.parse().expect("LAB_SEEDS is a number"))
}
