//! The definition of linearizability, tried on every order; and small histories to try it on.

use lab_linearizability::model::{Datum, QueueInput, QueueOp, QueueOutput};
use lab_linearizability::{
    Budget, History, ObjectResult, Operation, OperationId, Outcome, Specification, Step, Verdict, check,
    explain,
};
use proptest::prelude::*;

/// The definition, word for word: is there an order of the unplaced operations, in which none comes after one
/// that was called after its reply, that takes `state` along their replies? Pending ones may be left out.
fn brute_force<P: Specification>(
    specification: &P,
    operations: &[Operation<P::Input, P::Output>],
    until: u64,
    unplaced: &[OperationId],
    state: &P::State,
) -> bool {
    let reply = |id: OperationId| operations[id].replied_at().map(|at| at.position).filter(|at| *at < until);
    // Whatever is left got no reply, and need not have taken effect.
    if unplaced.iter().all(|&id| reply(id).is_none()) {
        return true;
    }
    // Real time, as directly as it can be said: nothing may come next that was called after another had
    // replied.
    let first_reply = unplaced.iter().filter_map(|&id| reply(id)).min().unwrap_or(u64::MAX);
    unplaced.iter().filter(|&&id| operations[id].call.position < first_reply).any(|&id| {
        let output = operations[id].output().filter(|_| reply(id).is_some());
        let rest: Vec<OperationId> = unplaced.iter().copied().filter(|&other| other != id).collect();
        match specification.step(state, &operations[id].input, output) {
            Step::Illegal => false,
            Step::Unchanged => brute_force(specification, operations, until, &rest, state),
            Step::To(next) => brute_force(specification, operations, until, &rest, &next),
        }
    })
}

/// Whether what had happened before the event at `until` is linearizable. All operations are on the object
/// `x`.
fn is_linearizable<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    until: u64,
) -> bool {
    let operations = history.operations();
    let takes_part = |id: &OperationId| {
        let failed = matches!(operations[*id].outcome, Outcome::Failed(_));
        !failed && operations[*id].call.position < until
    };
    let ids: Vec<OperationId> = (0..operations.len()).filter(takes_part).collect();
    brute_force(specification, operations, until, &ids, &specification.initial("x"))
}

/// A history from dice: each triple has its client ask, if it waits for nothing, or be answered: mostly by a
/// real object, sometimes at random, sometimes never.
pub(super) fn history<P: Specification>(
    specification: &P,
    dice: &[(u8, u8, u8)],
    inputs: &[P::Input],
    outputs: &[P::Output],
) -> History<P::Input, P::Output>
where
    P::Input: Clone,
    P::Output: Clone,
{
    let mut history = History::new();
    let mut state = specification.initial("x");
    let mut open = [None; 4];
    for &(client, what, how) in dice {
        let (client, what) = (usize::from(client) % open.len(), usize::from(what));
        let Some(id) = open[client].take() else {
            open[client] = Some(history.invoke(client as u64, None, inputs[what % inputs.len()].clone()));
            continue;
        };
        let input = history.operations()[id].input.clone();
        // A mixture: with right replies only, every history would be legal, and with random ones only, hardly
        // any would survive its first reads.
        match how % 16 {
            0 => history.give_up(id, None),
            1 => history.fail(id, None),
            2..=4 => history.complete(id, None, outputs[what % outputs.len()].clone()),
            _ => {
                let output = specification.reply(&state, &input);
                match specification.step(&state, &input, Some(&output)) {
                    Step::To(next) => state = next,
                    Step::Unchanged => {}
                    // It cannot be done now: a lock that is held.
                    Step::Illegal => {
                        history.give_up(id, None);
                        continue;
                    }
                }
                history.complete(id, None, output);
            }
        }
    }
    history
}

/// The checker agrees with the definition; the order that it finds is legal; the reply that it blames is the
/// one.
pub(super) fn agrees<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
) -> Result<(), TestCaseError> {
    let result = check(specification, history, Budget::default());
    let expected =
        if is_linearizable(specification, history, u64::MAX) { Verdict::Ok } else { Verdict::Illegal };
    prop_assert_eq!(result.verdict(), expected);
    for object in &result.objects {
        match &object.result {
            ObjectResult::Linearizable(order) => prop_assert!(is_witness(specification, history, order)),
            ObjectResult::OutOfSteps | ObjectResult::OutOfMemory => {
                prop_assert!(false, "small histories are within the budget");
            }
            ObjectResult::Skipped => prop_assert!(false, "there is one object"),
            ObjectResult::Illegal(refutation) => {
                let reply = history.operations()[refutation.culprit].replied_at().unwrap().position;
                // The definition of the culprit, by brute force: without its reply there is an order, and
                // with it there is none.
                prop_assert!(is_linearizable(specification, history, reply));
                prop_assert!(!is_linearizable(specification, history, reply + 1));
                prop_assert!(refutation.is_first && !refutation.prefixes.is_empty());
                for prefix in &refutation.prefixes {
                    let is_placed = prefix.order.contains(&refutation.culprit);
                    // Either others have seen its effect, or it does not fit where the others lead.
                    prop_assert!(is_placed != prefix.unplaceable.contains(&refutation.culprit));
                }
                prop_assert!(explain(specification, history, &result).starts_with("illegal"));
            }
        }
    }
    Ok(())
}

/// Whether `order` is a legal order that respects real time and holds every operation with a reply.
fn is_witness<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    order: &[OperationId],
) -> bool {
    let operations = history.operations();
    let mut state = specification.initial("x");
    for (place, &id) in order.iter().enumerate() {
        match specification.step(&state, &operations[id].input, operations[id].output()) {
            Step::Illegal => return false,
            Step::Unchanged => {}
            Step::To(next) => state = next,
        }
        let ended_before = |&later: &OperationId| {
            operations[later].replied_at().is_some_and(|at| at.position < operations[id].call.position)
        };
        // What comes later in the order must not have ended before this one began.
        if order[place..].iter().any(ended_before) {
            return false;
        }
    }
    (0..operations.len()).all(|id| operations[id].output().is_none() || order.contains(&id))
}

/// The unordered queue once more, without its model: whoever got no reply may have taken any value.
pub(super) fn is_legal_bag(
    operations: &[Operation<QueueInput, QueueOutput>],
    unplaced: &[OperationId],
    bag: &[Datum],
) -> bool {
    let reply = |id: OperationId| operations[id].replied_at().map(|at| at.position);
    if unplaced.iter().all(|&id| reply(id).is_none()) {
        return true;
    }
    let first_reply = unplaced.iter().filter_map(|&id| reply(id)).min().unwrap_or(u64::MAX);
    let is_candidate = |&&id: &&OperationId| {
        let failed = matches!(operations[id].outcome, Outcome::Failed(_));
        !failed && operations[id].call.position < first_reply
    };
    unplaced.iter().filter(is_candidate).any(|&id| {
        let rest: Vec<OperationId> = unplaced.iter().copied().filter(|&other| other != id).collect();
        let without = |item: &Datum| {
            let place = bag.iter().position(|inside| inside == item)?;
            Some([&bag[..place], &bag[place + 1..]].concat())
        };
        match (&operations[id].input.op, operations[id].output()) {
            (QueueOp::Enqueue(item), None | Some(QueueOutput::Done)) => {
                is_legal_bag(operations, &rest, &[bag, std::slice::from_ref(item)].concat())
            }
            (QueueOp::Dequeue, Some(QueueOutput::Item(item))) => {
                without(item).is_some_and(|bag| is_legal_bag(operations, &rest, &bag))
            }
            (QueueOp::Dequeue, Some(QueueOutput::Empty)) => {
                bag.is_empty() && is_legal_bag(operations, &rest, bag)
            }
            (QueueOp::Dequeue, None) => {
                bag.iter().filter_map(without).any(|bag| is_legal_bag(operations, &rest, &bag))
            }
            _ => false,
        }
    })
}
