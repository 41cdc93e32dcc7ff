//! Tests over their seeds, and what they are worth: what stands behind `grade` and behind each `#[test]`.
//!
//! Code under test runs in worker processes: what it does to its process costs the test, and not the others or the table.
//! [`grading`] gives the runs to workers; [`target`] is what a worker does; [`grade_test`] is a `#[test]`.

pub mod demands;
pub mod grading;
pub mod target;

use std::env;
use std::process::exit;
use std::sync::Arc;

use lab_harness::implementation::Implementation;
use lab_hunt::target::RunFacts;
use lab_hunt::workers::{self, Launch};
use lab_runs::artifacts::{self, StoredRun};
use lab_runs::{Plan, Settings, World, commands};
use labrpc::sim::Tracing;

use crate::find;
use grading::{Grading, RowEnd, Watcher};
use target::Suites;

/// The variable that makes a test executable a worker.
const WORKER: &str = "LAB_WORKER";

/// Runs a test over the seeds that the [environment](Settings) asks for, prints a line for each run that
/// passed, and panics with a report at the first that did not.
///
/// `path` is the `#[test]` function that calls this: `module_path!()`, with `::` and the function's name behind. The runs are
/// made in a worker process: this executable again, told to run that function alone.
///
/// With `LAB_SEED`, which is how a report says to replay a failure, it also says whether this is the run that was stored.
///
/// # Panics
///
/// If a run fails, if there is no such test, or if the environment asks for something that does not exist.
#[track_caller]
pub fn grade_test(path: &str, name: &str, implementation: Implementation) {
    let path = below_crate(path);
    // Both look at the process as it was started, before the code under test can change it.
    commands::init_test(path);
    let _ = artifacts::root();
    labrpc::logging::init_quiet();
    if env::var_os(WORKER).is_some() {
        work(implementation);
    }
    let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
    let case = find(name).unwrap_or_else(|| panic!("there is no test {name}"));
    let plan = |&seed| Plan { world: settings.world, seed, policy: settings.policy, tracing: Tracing::Off };
    let plans: Vec<Plan> = settings.seeds.iter().map(plan).collect();
    // Before the run, which replaces what is stored if it fails.
    let stored = plans.first().filter(|_| settings.is_one_seed);
    let stored = stored.and_then(|&plan| stored_run(name, plan, implementation));
    let launch = launch(path);
    let grading = Grading {
        cases: &[case],
        plans: &plans,
        workers: 1,
        launch,
        is_repeated: false,
        is_interruptible: false,
    };
    let mut watcher = Printed { stored };
    let graded = grading::grade(&grading, &mut watcher);
    let graded = graded.unwrap_or_else(|error| panic!("{error:#}"));
    match graded.rows.into_iter().next().map(|row| row.end) {
        Some(RowEnd::Passed | RowEnd::Skipped(_)) => {}
        Some(RowEnd::Failed(failed)) => {
            panic!("{}{}", failed.report, watcher.comparison(failed.fingerprint.as_deref()))
        }
        Some(RowEnd::Interrupted(how)) => panic!("{name} was interrupted each time: {how}"),
        None => panic!("{name} was not run"),
    }
}

/// The path of a function below its crate, as libtest and nextest name it.
fn below_crate(path: &str) -> &str {
    path.split_once("::").map_or(path, |(_, below)| below)
}

/// This process is a worker, and nothing else.
fn work(implementation: Implementation) -> ! {
    match workers::work(&Suites { implementation }) {
        // Not back into libtest, which would report a test.
        Ok(()) => exit(0),
        Err(error) => {
            eprintln!("{error:#}");
            exit(2)
        }
    }
}

/// How a worker for the test at this path is started.
fn launch(path: &str) -> Launch {
    // With two threads, libtest gives the test one of its own; it has the path for a name.
    let arguments = [path, "--exact", "--nocapture", "--test-threads=2", "--include-ignored"];
    Launch {
        arguments: arguments.map(str::to_owned).to_vec(),
        environment: vec![(WORKER.to_owned(), "1".to_owned())],
        // By a thread that libtest's capture reaches: it belongs to this test.
        echo: Some(Arc::new(|line| eprintln!("{}", labrpc::printable(line)))),
        ..Launch::default()
    }
}

/// Prints what a test of cargo prints.
struct Printed {
    /// The run of this seed that an earlier failure has left.
    stored: Option<StoredRun>,
}

impl Printed {
    /// Whether the run with this fingerprint is the stored one; empty if none is stored.
    fn comparison(&self, fingerprint: Option<&str>) -> String {
        match (&self.stored, fingerprint) {
            (Some(stored), Some(print)) if stored.fingerprint == print => {
                format!("\nThe same run as the stored one: fingerprint {print}.")
            }
            (Some(stored), Some(print)) => format!(
                "\nNot the stored run: that one had fingerprint {}, this one has {print}. The code has changed since, or \
                 something in it is not under the seed's control.",
                stored.fingerprint
            ),
            _ => String::new(),
        }
    }
}

impl Watcher for Printed {
    fn ran(&mut self, _plan: Plan, facts: &RunFacts) {
        if let Some(remark) = &facts.remark {
            lab_report::remark_once(remark);
        }
        println!("{}{}", facts.line, self.comparison(facts.fingerprint.as_deref()));
    }
}

/// The run of this seed that an earlier failure has left.
fn stored_run(name: &str, plan: Plan, implementation: Implementation) -> Option<StoredRun> {
    let directory = artifacts::directory(name, plan.seed);
    (plan.world == World::Simulated)
        .then(|| StoredRun::read(&directory, plan, implementation.name()))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_read_as_libtest_names_it() {
        assert_eq!(below_crate("suites::few_terms_3a"), "few_terms_3a");
        assert_eq!(below_crate("my_raft::part::few_terms_3a"), "part::few_terms_3a");
    }
}
