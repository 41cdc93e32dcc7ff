//! What the tests of the facades share.

use std::collections::BTreeSet;

use labrpc::sim::{Cause, Failure, Policy, Sim};

/// Seeds per policy.
pub(crate) const SEEDS: u64 = 30;

/// The policies that tests run under.
pub(crate) const POLICIES: [Policy; 7] = [
    Policy::Random,
    Policy::Pct { depth: 3 },
    Policy::Fifo,
    Policy::Urw,
    Policy::Surw,
    Policy::Pos,
    Policy::Starve,
];

/// Runs `body` on real threads, and in the simulation under many schedules.
pub(crate) fn in_both_worlds(body: fn()) {
    for _ in 0..3 {
        body();
    }
    in_simulation(body);
}

/// Runs `body` in the simulation under many schedules.
pub(crate) fn in_simulation(body: fn()) {
    for policy in POLICIES {
        for seed in 0..SEEDS {
            let outcome = Sim::new(seed).policy(policy).run(body);
            if let Err(failure) = outcome {
                panic!("{failure}");
            }
        }
    }
}

/// Runs `body` once in the simulation and returns how it failed.
pub(crate) fn failure(body: fn()) -> Failure {
    match Sim::new(1).run(body) {
        Ok(_) => panic!("the run was expected to fail"),
        Err(failure) => *failure,
    }
}

/// The message of a misuse that `body` commits.
pub(crate) fn misuse(body: fn()) -> String {
    match failure(body).cause {
        Cause::Misuse { message, .. } => message,
        other => panic!("expected a misuse, got: {other}"),
    }
}

/// Over all schedules of [`in_simulation`], the different values that `body` returned.
pub(crate) fn outcomes<T: Ord + Send + 'static>(body: fn() -> T) -> BTreeSet<T> {
    outcomes_under(&POLICIES, body)
}

/// As [`outcomes`], over seeds of the policy under which threads run in a fixed order: only what else depends on the
/// seed can differ.
pub(crate) fn outcomes_in_fixed_order<T: Ord + Send + 'static>(body: fn() -> T) -> BTreeSet<T> {
    outcomes_under(&[Policy::Fifo], body)
}

fn outcomes_under<T: Ord + Send + 'static>(policies: &[Policy], body: fn() -> T) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    for &policy in policies {
        for seed in 0..SEEDS {
            match Sim::new(seed).policy(policy).run(body) {
                Ok((value, _)) => seen.insert(value),
                Err(failure) => panic!("{failure}"),
            };
        }
    }
    seen
}
