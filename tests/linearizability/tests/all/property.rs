//! The checker against one that tries everything, on small histories.

use lab_linearizability::model::{
    Kv, KvInput, KvOp, KvOutput, Register, RegisterInput, RegisterOp, RegisterOutput, VersionedInput,
    VersionedKv, VersionedOp, VersionedOutput,
};
use lab_linearizability::workload::{Fault, Workload};
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
fn history<P: Specification>(
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
                if let Step::To(next) = specification.step(&state, &input, Some(&output)) {
                    state = next;
                }
                history.complete(id, None, output);
            }
        }
    }
    history
}

/// The checker agrees with the definition; the order that it finds is legal; the reply that it blames is the
/// one.
fn agrees<P: Specification>(
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
            ObjectResult::OutOfSteps => prop_assert!(false, "small histories are within the budget"),
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

fn dice() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec(any::<(u8, u8, u8)>(), 0..18)
}

fn kv_inputs() -> Vec<KvInput> {
    let put = |value: &str| KvOp::Put(value.to_string());
    let append = |tail: &str| KvOp::Append(tail.to_string());
    // Tails of which one is the start of another, or nothing, so that a value may be made in several ways.
    let ops = [
        KvOp::Get,
        KvOp::Get,
        KvOp::Get,
        put("a"),
        put(""),
        append("a"),
        append("b"),
        append("ab"),
        append(""),
    ];
    ops.map(|op| KvInput { key: "x".to_string(), op }).into()
}

fn kv_outputs() -> Vec<KvOutput> {
    ["", "a", "b", "ab", "aab", "aba"].map(|value| KvOutput::Value(value.to_string())).into()
}

fn register_inputs() -> Vec<RegisterInput> {
    let cas = |expected, new| RegisterOp::Cas { expected, new };
    let ops = [
        RegisterOp::Read,
        RegisterOp::Read,
        RegisterOp::Write(Some(1)),
        RegisterOp::Write(Some(2)),
        cas(Some(1), Some(2)),
        cas(Some(2), Some(3)),
        cas(Some(3), Some(1)),
    ];
    ops.map(|op| RegisterInput { key: "x".to_string(), op }).into()
}

fn register_outputs() -> Vec<RegisterOutput> {
    let value = RegisterOutput::Value;
    vec![
        value(None),
        value(Some(1)),
        value(Some(2)),
        value(Some(3)),
        RegisterOutput::Done,
        RegisterOutput::Mismatch,
    ]
}

fn versioned_inputs() -> Vec<VersionedInput> {
    let put = |value: &str, version| VersionedOp::Put { value: value.to_string(), version };
    let ops =
        [VersionedOp::Get, VersionedOp::Get, put("a", 0), put("b", 0), put("a", 1), put("b", 1), put("c", 2)];
    ops.map(|op| VersionedInput { key: "x".to_string(), op }).into()
}

fn versioned_outputs() -> Vec<VersionedOutput> {
    let value = |value: &str, version| VersionedOutput::Value { value: value.to_string(), version };
    use VersionedOutput::{Done, ErrNoKey, ErrVersion, Maybe};
    vec![Done, ErrVersion, ErrNoKey, Maybe, Maybe, value("a", 1), value("b", 1), value("a", 2), value("b", 2)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kv_agrees_with_brute_force(dice in dice()) {
        agrees(&Kv, &history(&Kv, &dice, &kv_inputs(), &kv_outputs()))?;
    }

    #[test]
    fn register_agrees_with_brute_force(dice in dice()) {
        let register = Register::default();
        agrees(&register, &history(&register, &dice, &register_inputs(), &register_outputs()))?;
    }

    #[test]
    fn versioned_kv_agrees_with_brute_force(dice in dice()) {
        agrees(&VersionedKv, &history(&VersionedKv, &dice, &versioned_inputs(), &versioned_outputs()))?;
    }
}

/// What the shapes of these tests have in common: many clients, slow and lost requests.
fn workload(seed: u64, fault: Option<Fault>) -> Workload {
    // Few keys, so that many operations meet on each of them.
    Workload { clients: 12, keys: 3, lost_percent: 1, fault, ..Workload::new(12, 600, seed) }
}

#[test]
fn histories_of_a_right_service_are_legal() {
    for seed in 0..50 {
        let history = workload(seed, None).history();
        assert_eq!(check(&Kv, &history, Budget::default()).verdict(), Verdict::Ok, "seed {seed}");
    }
}

#[test]
fn every_planted_fault_is_refuted() {
    for fault in [Fault::StaleRead, Fault::LostUpdate, Fault::DoubleApply, Fault::DirtyRead] {
        for seed in 0..50 {
            let history = workload(seed, Some(fault)).history();
            let verdict = check(&Kv, &history, Budget::default()).verdict();
            assert_eq!(verdict, Verdict::Illegal, "{fault:?}, seed {seed}");
        }
    }
}

/// What had happened before the event at `until`, without the operations that fail sooner or later.
fn before(history: &History<KvInput, KvOutput>, until: u64) -> History<KvInput, KvOutput> {
    let mut events: Vec<(u64, OperationId, bool)> = Vec::new();
    for (id, operation) in history.operations().iter().enumerate() {
        if !matches!(operation.outcome, Outcome::Failed(_)) {
            events.push((operation.call.position, id, false));
        }
        events.extend(operation.replied_at().map(|at| (at.position, id, true)));
    }
    events.sort_unstable();
    let mut cut = History::new();
    // The operations have other numbers in the new history.
    let mut ids = vec![0; history.operations().len()];
    for (_, id, is_reply) in events.into_iter().take_while(|(position, ..)| *position < until) {
        let operation = &history.operations()[id];
        match operation.output() {
            Some(output) if is_reply => cut.complete(ids[id], None, output.clone()),
            // A call whose reply is cut off is pending, as for somebody who looked at that moment.
            _ => ids[id] = cut.invoke(operation.client, None, operation.input.clone()),
        }
    }
    cut
}

/// In long histories too the reply that is blamed is the first that makes the history illegal.
#[test]
fn blame_is_on_the_first_reply_that_is_too_much() {
    for fault in [Fault::StaleRead, Fault::LostUpdate, Fault::DoubleApply, Fault::DirtyRead] {
        for seed in 0..20 {
            let history = workload(seed, Some(fault)).history();
            let result = check(&Kv, &history, Budget::default());
            let firsts = result.objects.iter().filter_map(|object| match &object.result {
                ObjectResult::Illegal(refutation) => history.operations()[refutation.culprit].replied_at(),
                _ => None,
            });
            let first = firsts.map(|at| at.position).min().expect("it is illegal");
            // Not by brute force, which these histories are too long for, but from a history that really ends
            // there.
            let verdict = |until| check(&Kv, &before(&history, until), Budget::default()).verdict();
            assert_eq!(verdict(first), Verdict::Ok, "{fault:?}, seed {seed}");
            assert_eq!(verdict(first + 1), Verdict::Illegal, "{fault:?}, seed {seed}");
        }
    }
}

#[test]
fn workload_is_the_same_every_time() {
    assert_eq!(workload(7, None).history(), workload(7, None).history());
    assert_ne!(workload(7, None).history(), workload(8, None).history());
}

#[test]
fn budget_is_exact_and_running_out_is_unknown() {
    // One key, so that one search uses the whole budget.
    let history = Workload { keys: 1, ..Workload::new(10, 200, 1) }.history();
    let steps = check(&Kv, &history, Budget::default()).steps();
    // Wherever the budget ends: the same answer twice, and never a verdict that the whole budget contradicts.
    for steps_max in (0..=steps).step_by(11) {
        let result = check(&Kv, &history, Budget { steps_max });
        let again = check(&Kv, &history, Budget { steps_max });
        assert_eq!((result.verdict(), result.steps()), (again.verdict(), again.steps()));
        if result.verdict() != Verdict::Ok {
            assert_eq!(result.verdict(), Verdict::Unknown);
            assert!(explain(&Kv, &history, &result).contains("This is not a pass"));
        }
    }
    assert_eq!(check(&Kv, &history, Budget { steps_max: steps / 2 }).verdict(), Verdict::Unknown);
    assert_eq!(check(&Kv, &history, Budget { steps_max: steps + 1 }).verdict(), Verdict::Ok);
}

#[test]
fn steps_are_the_same_on_every_machine() {
    let history = Workload::new(50, 3_000, 3).history();
    // If this number changes, the search has another order. That may be wanted; then it is a new number, on
    // all machines.
    assert_eq!(check(&Kv, &history, Budget::default()).steps(), 15_427);
}
