//! What stands behind each `#[test]`: the test over its seeds, and one panic that explains the first failure.

use lab_harness::implementation::Implementation;
use lab_harness::run::run_case;
use lab_report as report;
use lab_runs::artifacts::{self, StoredRun};
use lab_runs::{Plan, Settings, World, commands};
use labrpc::sim::Tracing;

use crate::find;

/// Runs the test of that name over the seeds that the [environment](Settings) asks for, prints a line for each run that
/// passed, and panics with a report at the first that did not.
///
/// With `LAB_SEED`, which is how a report says to replay a failure, it also says whether this is the run that was stored.
///
/// # Panics
///
/// If a run fails, if there is no such test, or if the environment asks for something that does not exist.
#[track_caller]
pub fn grade_test(name: &str, implementation: Implementation) {
    commands::init_test(name);
    labrpc::logging::init_quiet();
    let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
    let case = find(name).unwrap_or_else(|| panic!("there is no test {name}"));
    for &seed in &settings.seeds {
        let plan = Plan { world: settings.world, seed, policy: settings.policy, tracing: Tracing::Off };
        // Before the run, which replaces what is stored if it fails.
        let stored = settings.is_one_seed.then(|| stored(name, plan, implementation)).flatten();
        let outcome = run_case(case, implementation, plan);
        report::remark_once(&outcome);
        let comparison = match (&stored, outcome.fingerprint) {
            (Some(stored), Some(print)) if stored.fingerprint == print.to_string() => {
                format!("\nThe same run as the stored one: fingerprint {print}.")
            }
            (Some(stored), Some(print)) => format!(
                "\nNot the stored run: that one had fingerprint {}, this one has {print}. The code has changed since, or \
                 something in it is not under the seed's control.",
                stored.fingerprint
            ),
            _ => String::new(),
        };
        match report::explain_failure(case, implementation, plan, &outcome) {
            None => println!("{}{comparison}", report::passed_line(case, plan, &outcome)),
            Some(text) => panic!("{text}{comparison}"),
        }
    }
}

/// The run of this seed that an earlier failure has left.
fn stored(name: &str, plan: Plan, implementation: Implementation) -> Option<StoredRun> {
    let directory = artifacts::directory(name, plan.seed);
    (plan.world == World::Simulated)
        .then(|| StoredRun::read(&directory, plan, implementation.name()))
        .flatten()
}
