//! What clients of a service asked and were told, for those who show it: in words, with what the checker makes of it.

use lab_linearizability::{Budget, History, ObjectResult, OperationId, Outcome, Specification, check};

/// An operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOperation {
    /// Which client.
    pub client: u64,
    /// What it asked for, as a call.
    pub call: String,
    /// What it was told; `None` if nothing.
    pub answer: Option<String>,
    /// When it asked: virtual time in nanoseconds.
    pub asked: u64,
    /// When it was told, or knew that it would not be; `None`: never.
    pub ended: Option<u64>,
    /// Whether it never took effect, and never will.
    pub has_failed: bool,
    /// Whether no order of the operations agrees with its answer.
    pub is_illegal: bool,
    /// Its place in an order that explains what came before the illegal answer, from 1; in the order that explains everything if
    /// there is none. `None` if it has no place there.
    pub place: Option<usize>,
}

/// The most steps that the order of a page may cost.
const STEPS_MAX: u64 = 2_000_000;

/// All operations of a history, in the order of their calls.
pub(crate) fn shown<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
) -> Vec<ShownOperation> {
    let mut shown: Vec<ShownOperation> = history
        .operations()
        .iter()
        .map(|operation| {
            let ended = match &operation.outcome {
                Outcome::Replied(_, at) | Outcome::Failed(at) => Some(*at),
                Outcome::Pending(at) => *at,
            };
            ShownOperation {
                client: operation.client,
                call: specification.describe_input(&operation.input),
                answer: operation.output().map(|output| specification.describe_output(output)),
                asked: operation.call.time_ns.unwrap_or_default(),
                ended: ended.and_then(|at| at.time_ns),
                has_failed: matches!(operation.outcome, Outcome::Failed(_)),
                is_illegal: false,
                place: None,
            }
        })
        .collect();
    for object in check(specification, history, Budget::of_steps(STEPS_MAX)).objects {
        match object.result {
            ObjectResult::Linearizable(order) => number(&mut shown, &order),
            ObjectResult::Illegal(refutation) => {
                if let Some(prefix) = refutation.prefixes.first() {
                    number(&mut shown, &prefix.order);
                }
                shown[refutation.culprit].is_illegal = true;
            }
            ObjectResult::OutOfSteps | ObjectResult::OutOfMemory | ObjectResult::Skipped => {}
        }
    }
    shown
}

fn number(shown: &mut [ShownOperation], order: &[OperationId]) {
    for (place, &operation) in order.iter().enumerate() {
        shown[operation].place = Some(place + 1);
    }
}
