//! What stands behind each `#[test]`: the test over its seeds, and one panic that explains the first failure.

use raft_interface::RaftServer;

use crate::case::TestCase;
use crate::implementation::Implementation;
use crate::kv::KeyValue;
use crate::report;
use crate::run::{Outcome, Plan, run_case};
use crate::settings::Settings;
use crate::suites;
use labrpc::sim::Tracing;

/// Runs the test of that name over the seeds that the [environment](Settings) asks for, prints a line for each run that
/// passed, and panics with a report at the first that did not.
///
/// # Panics
///
/// If a run fails, if there is no such test, or if the environment asks for something that does not exist.
#[track_caller]
pub fn grade_test<R: RaftServer>(name: &str) {
    grade(name, Implementation::of::<R>());
}

/// As [`grade_test`], for a key/value service.
///
/// # Panics
///
/// As [`grade_test`].
#[track_caller]
pub fn grade_service_test<K: KeyValue>(name: &str) {
    grade(name, Implementation::of_service::<K>());
}

#[track_caller]
fn grade(name: &str, implementation: Implementation) {
    labrpc::logging::init_quiet();
    let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
    let case = suites::find(name).unwrap_or_else(|| panic!("there is no test {name}"));
    for &seed in &settings.seeds {
        let plan = Plan { world: settings.world, seed, policy: settings.policy, tracing: Tracing::Off };
        let outcome = run_case(case, implementation, plan);
        report::remark_once(&outcome);
        match explain(case, implementation, plan, &outcome) {
            None => println!("{}", report::passed_line(case, plan, &outcome)),
            Some(text) => panic!("{text}"),
        }
    }
}

/// The report of a failed run; `None` if it passed. A failed simulation is run again with a full trace, which is left
/// with the report where it says.
#[must_use]
pub fn explain(
    case: &TestCase,
    implementation: Implementation,
    plan: Plan,
    outcome: &Outcome,
) -> Option<String> {
    outcome.defeat.as_ref()?;
    Some(report::failure(case, implementation, plan, outcome))
}
