//! Long histories, right or with one planted fault.

use lab_linearizability::model::{Kv, KvInput, KvOutput};
use lab_linearizability::workload::{Fault, Workload};
use lab_linearizability::{Budget, History, ObjectResult, OperationId, Outcome, Verdict, check, explain};

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
        let result = check(&Kv, &history, Budget::of_steps(steps_max));
        let again = check(&Kv, &history, Budget::of_steps(steps_max));
        assert_eq!((result.verdict(), result.steps()), (again.verdict(), again.steps()));
        if result.verdict() != Verdict::Ok {
            assert_eq!(result.verdict(), Verdict::Unknown);
            assert!(explain(&Kv, &history, &result).contains("This is not a pass"));
        }
    }
    assert_eq!(check(&Kv, &history, Budget::of_steps(steps / 2)).verdict(), Verdict::Unknown);
    assert_eq!(check(&Kv, &history, Budget::of_steps(steps + 1)).verdict(), Verdict::Ok);
}

#[test]
fn steps_are_the_same_on_every_machine() {
    let history = Workload::new(50, 3_000, 3).history();
    // If this number changes, the search has another order. That may be wanted; then it is a new number, on
    // all machines.
    assert_eq!(check(&Kv, &history, Budget::default()).steps(), 15_427);
}
