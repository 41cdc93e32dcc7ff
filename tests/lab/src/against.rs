//! The nearest run that passed: the same as one that failed for as long as possible, and then with other chance.

use lab_harness::Implementation;
use lab_harness::case::TestCase;
use lab_harness::run::{Outcome, run_case};
use lab_runs::{Plan, artifacts};
use labrpc::sim::Tracing;

use crate::causes::{candidates, in_parallel};

/// So many continuations are tried from each moment.
const TRIES: u64 = 8;

/// The run that passed, with its trace, and its plan; `None` if every continuation that was tried fails. `run` is the one that
/// failed, with its trace; its policy must be one that can go on otherwise.
pub(crate) fn nearest_passing(
    case: &'static TestCase,
    implementation: Implementation,
    plan: Plan,
    run: &Outcome,
) -> Option<(Outcome, Plan)> {
    let steps: Vec<u64> = candidates(&run.trace.as_ref()?.events).iter().map(|moment| moment.step).collect();
    let passing = |moment: usize| -> Option<Plan> {
        let plans: Vec<Plan> = (1..=TRIES)
            .map(|seed| Plan {
                policy: plan.policy.then(steps[moment], seed, plan.policy),
                tracing: Tracing::Off,
                ..plan
            })
            .collect();
        let passed = in_parallel(&plans, |plan| {
            let outcome = run_case(case, implementation, *plan);
            outcome.failure.is_none() && outcome.skipped.is_none()
        });
        plans.into_iter().zip(passed).find(|&(_, passed)| passed).map(|(plan, _)| plan)
    };
    // Backwards in longer and longer strides, until one is found that passes; then between it and the last that did not.
    let mut failing = steps.len();
    let mut stride = 1;
    let (mut moment, mut nearest) = loop {
        if failing == 0 {
            return None;
        }
        let moment = failing.saturating_sub(stride);
        if let Some(plan) = passing(moment) {
            break (moment, plan);
        }
        (failing, stride) = (moment, stride * 2);
    };
    while failing - moment > 1 {
        let middle = (moment + failing) / 2;
        match passing(middle) {
            Some(plan) => (moment, nearest) = (middle, plan),
            None => failing = middle,
        }
    }
    let traced = Plan { tracing: artifacts::TRACING, ..nearest };
    Some((run_case(case, implementation, traced), traced))
}
