//! Scenarios of one's own, run as a test of cargo.

use lab_harness::{Implementation, TestCase, run_case};
use lab_runs::{Plan, World};
use labrpc::sim::{Policy, Tracing};

/// Runs scenarios of one's own over the seeds 1, 2, 3 and so on, in simulations, and panics with the report of the first failure.
///
/// ```no_run
/// # use lab::Lab;
/// # fn leader_is_replaced(_: &Lab) {}
/// # lab::scenarios! { leader_is_replaced }
/// # fn graded<MyRaft: lab::raft_interface::RaftServer>() {
/// lab::try_scenarios(SCENARIOS, lab::Implementation::of::<MyRaft>(), 20);
/// # }
/// ```
///
/// They run in this process, where code that never gives way or overflows its stack ends all of it. `cargo lab grade-tests` runs them in
/// processes of their own.
///
/// # Panics
///
/// If one fails.
#[track_caller]
pub fn try_scenarios(scenarios: &'static [TestCase], implementation: Implementation, seeds: u64) {
    for case in scenarios {
        for seed in 1..=seeds {
            let plan = Plan { world: World::Simulated, seed, policy: Policy::Random, tracing: Tracing::Off };
            let outcome = run_case(case, implementation, plan);
            if outcome.failure.is_some() {
                let report = lab_report::explain(case, implementation, plan, &outcome);
                panic!("{}", for_cargo(&report, seed));
            }
            println!("{}", lab_report::passed_line(case, plan, &outcome));
        }
    }
}

/// The report with how a test of cargo replays it: the subcommand knows the lab's own tests only.
fn for_cargo(report: &str, seed: u64) -> String {
    let lines = report.lines().map(|line| {
        if line.starts_with("replay:") {
            format!("replay: this test again, whose seed {seed} is the same run")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_names_no_command_that_does_not_exist() {
        let report = "x: wrong\nreplay: cargo lab replay x 0x3\ntrace:  target/lab/x/0x3/";
        let told = for_cargo(report, 3);
        assert!(
            !told.contains("cargo lab") && told.contains("seed 3") && told.ends_with("target/lab/x/0x3/")
        );
    }
}
