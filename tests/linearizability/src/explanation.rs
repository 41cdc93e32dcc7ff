//! Why a history is not linearizable, in words.

use crate::check::{Check, ObjectCheck, ObjectResult};
use crate::classification::classify_object;
use crate::history::{History, OperationId};
use crate::refutation::{Prefix, Refutation};
use crate::specification::Specification;
use crate::wording::{When, Wording};

/// How many states are shown.
const STATES_SHOWN: usize = 3;

/// How many of the operations that overlap are shown.
const OVERLAPPING_SHOWN: usize = 8;

/// How many of the last writes before a state are shown.
const WRITES_SHOWN: usize = 3;

/// Says what came of a check: a line for the verdict, and a paragraph for each object that is not
/// linearizable.
pub fn explain<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    check: &Check<P::State>,
) -> String {
    let mut lines = vec![check.summary().to_string()];
    lines.extend(reasons(specification, history, check));
    lines.join("\n") + "\n"
}

/// The lines of the explanation after the first, which is the [`Summary`](crate::check::Summary).
pub(super) fn reasons<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    check: &Check<P::State>,
) -> Vec<String> {
    let explainer = Wording { specification, history };
    let mut lines = Vec::new();
    let mut skipped = 0;
    for object in &check.objects {
        let undecided = |what: &str| {
            format!(
                "{}: undecided {what}. This is not a pass. A larger budget may decide it.",
                name(&object.partition)
            )
        };
        match &object.result {
            ObjectResult::Linearizable(_) => {}
            ObjectResult::Illegal(refutation) => explainer.explain_refutation(object, refutation, &mut lines),
            ObjectResult::OutOfSteps => lines.push(undecided(&format!("after {} steps", object.steps))),
            ObjectResult::OutOfMemory => {
                lines.push(undecided(&format!("after {} steps: the memory is full", object.steps)));
            }
            ObjectResult::Skipped => skipped += 1,
        }
    }
    if skipped > 0 {
        lines.push(format!("One illegal object is enough: {skipped} others were not searched to the end."));
    }
    lines
}

impl<P: Specification> Wording<'_, P> {
    fn explain_refutation(
        &self,
        object: &ObjectCheck<P::State>,
        refutation: &Refutation<P::State>,
        lines: &mut Vec<String>,
    ) {
        lines.push(format!("{}: not linearizable", name(&object.partition)));
        lines.push(format!("  {}", self.sentence(refutation.culprit)));
        lines.push("  No order of the operations agrees with this reply.".to_string());
        self.explain_kind(object, refutation.culprit, lines);
        lines.push(match refutation.is_first {
            true => "  Until just before it everything has a legal order, which leads to:".to_string(),
            false => "  What happened before it leads to:".to_string(),
        });
        for prefix in refutation.prefixes.iter().take(STATES_SHOWN) {
            self.explain_prefix(object, refutation.culprit, prefix, lines);
        }
        let not_shown = refutation.prefixes.len().saturating_sub(STATES_SHOWN);
        if not_shown > 0 {
            let at_least = if refutation.more_states { "at least " } else { "" };
            lines.push(format!(
                "  - or {at_least}{not_shown} other states, none of which agrees with it either"
            ));
        }
        self.explain_overlapping(refutation, lines);
    }

    /// What kind of fault it is, if that is proved.
    fn explain_kind(&self, object: &ObjectCheck<P::State>, culprit: OperationId, lines: &mut Vec<String>) {
        let found = classify_object(self.specification, self.history, &object.partition, culprit);
        let Some(anomaly) = found else { return };
        lines.push(format!("  {}", anomaly.headline(|id| self.call(id))));
        lines.push(format!("    expected: {}", anomaly.expected));
        lines.push(format!("    seen:     {}", anomaly.seen));
    }

    fn explain_overlapping(&self, refutation: &Refutation<P::State>, lines: &mut Vec<String>) {
        let overlapping = &refutation.overlapping;
        if overlapping.is_empty() {
            return lines.push("  No other operation overlaps it.".to_string());
        }
        lines.push("  These overlap it, and may take effect before or after it:".to_string());
        lines.extend(
            overlapping.iter().take(OVERLAPPING_SHOWN).map(|&id| format!("    {}", self.sentence(id))),
        );
        if overlapping.len() > OVERLAPPING_SHOWN {
            lines.push(format!("    and {} more", overlapping.len() - OVERLAPPING_SHOWN));
        }
    }

    /// Shows a state that the culprit does not agree with: what it would have to reply, and since when.
    fn explain_prefix(
        &self,
        object: &ObjectCheck<P::State>,
        culprit: OperationId,
        prefix: &Prefix<P::State>,
        lines: &mut Vec<String>,
    ) {
        let is_seen = prefix.order.contains(&culprit);
        let culprit = self.operation(culprit);
        let state = self.specification.describe_state(&object.partition, &prefix.state);
        let call = self.specification.describe_input(&culprit.input);
        // What it would have to return makes no sense in a state that it has made itself.
        if is_seen {
            lines.push(format!("  - {state}, with {call} in effect: others have seen it"));
            return self.explain_writes(&prefix.order, lines);
        }
        let reply = self.specification.reply(&prefix.state, &culprit.input);
        let reply = self.specification.describe_output(&reply);
        lines.push(format!("  - {state}, where {call} must return {reply}"));
        let since = prefix.culprit_fitted_after.map_or(&[][..], |after| &prefix.order[after..]);
        let Some(&until) = since.first() else {
            lines.push("      (what it returned was right at no time on the way there)".to_string());
            return self.explain_writes(&prefix.order, lines);
        };
        lines.push(format!(
            "      what it returned was right until this took effect: {}",
            self.sentence(until)
        ));
        // The whole argument: something that made the reply wrong was over before the operation began, so
        // real time forbids to place the operation before it.
        let completed = since.iter().find_map(|&id| {
            let end = self.operation(id).replied_at()?;
            (end.position < culprit.call.position).then_some((id, end))
        });
        let Some((id, end)) = completed else {
            return self.explain_writes(&prefix.order, lines);
        };
        let which = if id == until { "it".to_string() } else { format!("then {}; it", self.sentence(id)) };
        let (end, start) = (When(end), When(culprit.call));
        lines.push(format!("      {which} had completed at {end}, before {call} was called at {start}"));
    }

    /// Shows the last operations of `order` that may have changed the state.
    fn explain_writes(&self, order: &[OperationId], lines: &mut Vec<String>) {
        let is_write = |id: &OperationId| {
            let operation = self.operation(*id);
            !self.specification.only_observes(&operation.input, operation.output())
        };
        let last = order.iter().rev().copied().filter(is_write).take(WRITES_SHOWN);
        for (place, id) in last.enumerate() {
            // Backwards, because the last write explains the state and the ones before it are context.
            let which = if place == 0 { "after" } else { "and before that" };
            lines.push(format!("      {which} {}", self.sentence(id)));
        }
    }
}

fn name(partition: &str) -> &str {
    if partition.is_empty() { "the object" } else { partition }
}
