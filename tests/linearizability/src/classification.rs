//! Of what kind the fault is that a refutation shows.

use crate::anomaly::Anomaly;
use crate::check::{Check, ObjectResult};
use crate::history::{History, OperationId, Outcome};
use crate::specification::{Specification, Timed};
use crate::wording::Wording;

/// The fault that the first illegal object of a check shows; `None` if there is none, or its history does not prove of which
/// kind it is.
///
/// It looks at all operations on that object, also at those after the culprit: what was read later may tell whether a write
/// was lost or only not seen.
pub fn classify<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    check: &Check<P::State>,
) -> Option<Anomaly> {
    let (partition, culprit) = culprit(check)?;
    classify_object(specification, history, partition, culprit)
}

/// The first object that is illegal, and the operation whose reply makes it so.
fn culprit<S>(check: &Check<S>) -> Option<(&str, OperationId)> {
    check.objects.iter().find_map(|object| match &object.result {
        ObjectResult::Illegal(refutation) => Some((object.partition.as_str(), refutation.culprit)),
        _ => None,
    })
}

/// The operation whose reply makes a history illegal, in words: `client 3's get(x)`. `None` if nothing does.
pub fn culprit_in_words<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    check: &Check<P::State>,
) -> Option<String> {
    let (_, culprit) = culprit(check)?;
    Some(Wording { specification, history }.call(culprit))
}

/// An anomaly in one line, with the clients as the history names them.
pub fn headline<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    anomaly: &Anomaly,
) -> String {
    let wording = Wording { specification, history };
    anomaly.headline(|id| wording.call(id))
}

/// The fault that the reply of `culprit` shows, on the object called `partition`.
pub(super) fn classify_object<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    partition: &str,
    culprit: OperationId,
) -> Option<Anomaly> {
    // What failed never took effect, and proves nothing.
    let takes_part = |id: &OperationId| {
        let operation = &history.operations()[*id];
        specification.partition(&operation.input) == partition
            && !matches!(operation.outcome, Outcome::Failed(_))
    };
    let ids: Vec<OperationId> = (0..history.operations().len()).filter(takes_part).collect();
    let timed = |&id: &OperationId| {
        let operation = &history.operations()[id];
        Timed {
            input: &operation.input,
            output: operation.output(),
            call: operation.call.position,
            reply: operation.replied_at().map_or(u64::MAX, |at| at.position),
        }
    };
    let operations: Vec<Timed<'_, P>> = ids.iter().map(timed).collect();
    let place = ids.iter().position(|&id| id == culprit)?;
    let wording = Wording { specification, history };
    let found = specification.classify(&operations, place, &|place| wording.sentence(ids[place]))?;
    Some(Anomaly {
        kind: found.kind,
        operation: ids[found.operation],
        other: found.other.map(|other| ids[other]),
        expected: found.expected,
        seen: found.seen,
    })
}
