//! Why a history is not linearizable, as data.
//!
//! Linearizability is closed under prefixes: if all of a history is linearizable, so is what had happened before
//! any event of it. So in an illegal history there is one event, always the reply of some operation, up to which
//! it is linearizable and with which it is not. This module finds that reply by checking prefixes, and then lists
//! where the object can be just before it. Both depend on the history alone, not on the order of the search.
//! Operations that fail, sooner or later, are no part of any of this.

use crate::check::Budget;
use crate::history::OperationId;
use crate::object::Object;
use crate::search::Progress;
use crate::specification::Specification;

/// How many states are listed.
const STATES_MAX: usize = 16;

/// The most steps for listing them.
const LISTING_STEPS_MAX: u64 = 30_000;

/// The most steps for finding the culprit: this many times what it took to find that the object is illegal, which
/// is about what one prefix takes; at least and at most so many.
const CULPRIT_STEPS_FACTOR: u64 = 2;
const CULPRIT_STEPS_MIN: u64 = 100_000;
const CULPRIT_STEPS_MAX: u64 = 1_000_000;

/// The most bytes that one of these searches may remember. The verdict is there by now: its reasons must not cost more.
const BYTES_MAX: usize = 128 << 20;

/// Why no order is legal.
///
/// The culprit is the operation whose reply makes the history illegal. It need not be at fault: it may tell
/// the truth after others lied.
#[derive(Clone, Debug)]
pub struct Refutation<S> {
    /// The operation whose reply no order agrees with.
    pub culprit: OperationId,
    /// Whether the history until just before that reply is known to be linearizable. It is, unless the budget
    /// ran out on the way.
    pub is_first: bool,
    /// Legal orders of what had happened before that reply, the longest found for each state that they lead
    /// to; the longest first. The culprit is in none, or in all: in all if others had seen its effect
    /// already.
    pub prefixes: Vec<Prefix<S>>,
    /// Whether there may be more such states than `prefixes` lists.
    pub more_states: bool,
    /// The operations on this object that overlap the culprit, in the order of their calls.
    pub overlapping: Vec<OperationId>,
}

/// One legal order of what had happened before the reply of the culprit.
#[derive(Clone, Debug)]
pub struct Prefix<S> {
    /// The operations in this order. Those that are still under way are only in it if they are thought to
    /// have taken effect.
    pub order: Vec<OperationId>,
    /// Where they lead.
    pub state: S,
    /// The operations that real time allows next, and that are illegal in `state`. The culprit is one of
    /// them, unless it is in `order`.
    pub unplaceable: Vec<OperationId>,
    /// The last point of `order` at which the culprit's reply would have been right, as the number of
    /// operations before it, if there is one. (It is not a place for it: the operations before it are not all
    /// that must be.)
    pub culprit_fitted_after: Option<usize>,
}

/// Finds the reply that makes `object` illegal. It is illegal, and to find that took `steps`; `suspect` is
/// where to look first.
pub(super) fn refute<P: Specification>(
    object: &Object<'_, P>,
    suspect: OperationId,
    steps: u64,
) -> Refutation<P::State> {
    let (culprit, is_first) = find_culprit(object, suspect, steps);
    let operations = object.history.operations();
    let reply = operations[culprit].replied_at().expect("a culprit has a reply").position;
    let (mut prefixes, mut more_states) = list_prefixes(object, culprit, reply, Some(culprit));
    // No state at all without the culprit: then others have seen its effect, and it is in every order. Its
    // reply denies what it has done.
    if prefixes.is_empty() {
        (prefixes, more_states) = list_prefixes(object, culprit, reply, None);
    }
    // What overlaps it may be placed on either side of it, so this is where somebody who doubts the verdict
    // will look.
    let overlaps = |&id: &OperationId| {
        let other_reply = operations[id].replied_at().map_or(u64::MAX, |at| at.position);
        id != culprit
            && operations[id].call.position < reply
            && other_reply > operations[culprit].call.position
    };
    let overlapping = object.ids.iter().copied().filter(overlaps).collect();
    Refutation { culprit, is_first, prefixes, more_states, overlapping }
}

/// The operation whose reply makes the history illegal, and whether it is surely the first such.
fn find_culprit<P: Specification>(
    object: &Object<'_, P>,
    suspect: OperationId,
    steps: u64,
) -> (OperationId, bool) {
    let reply = |id: OperationId| object.history.operations()[id].replied_at().map(|at| at.position);
    let mut replies: Vec<(u64, OperationId)> =
        object.ids.iter().filter_map(|&id| reply(id).map(|at| (at, id))).collect();
    replies.sort_unstable();
    // One budget for all prefixes together. A prefix that exceeds it counts as legal, so the blame may fall
    // on a later reply than the first; `is_first` then says that this is not sure.
    let mut steps_left =
        steps.saturating_mul(CULPRIT_STEPS_FACTOR).clamp(CULPRIT_STEPS_MIN, CULPRIT_STEPS_MAX);
    let mut out_of_steps = false;
    // Whether the history is illegal that ends with the reply of this rank.
    let mut is_illegal = |rank: usize| {
        // Everything before the reply and the reply itself, and nothing after it.
        let mut search = object.search(None, replies[rank].0 + 1).0;
        let progress = search.run(Budget { steps_max: steps_left, bytes_max: BYTES_MAX });
        steps_left = steps_left.saturating_sub(search.steps());
        out_of_steps |= matches!(progress, Progress::OutOfSteps | Progress::OutOfMemory);
        progress == Progress::Exhausted
    };
    // Doubling steps up from the suspect, which is seldom far off, until a prefix is illegal; then halving.
    let suspect = replies.iter().position(|&(_, id)| id == suspect).unwrap_or(0);
    let (mut legal_below, mut illegal) = (0, suspect);
    let mut stride = 1;
    while illegal < replies.len() - 1 && !is_illegal(illegal) {
        legal_below = illegal + 1;
        illegal = (illegal + stride).min(replies.len() - 1);
        stride *= 2;
    }
    // If the guess was right, one prefix more proves it, and halving is spared.
    if illegal > legal_below && illegal == suspect && !is_illegal(illegal - 1) {
        legal_below = illegal;
    }
    // Below the first illegal prefix all are legal, and from it on none is: so halving finds it.
    while legal_below < illegal {
        let middle = legal_below.midpoint(illegal);
        if is_illegal(middle) {
            illegal = middle;
        } else {
            legal_below = middle + 1;
        }
    }
    (replies[illegal].1, !out_of_steps)
}

/// The states that the object can be in just before the reply of `culprit`, each with the longest order found
/// that leads to it; and whether there may be more. `except` is left out.
fn list_prefixes<P: Specification>(
    object: &Object<'_, P>,
    culprit: OperationId,
    reply: u64,
    except: Option<OperationId>,
) -> (Vec<Prefix<P::State>>, bool) {
    let (mut search, ids) = object.search(except, reply);
    let mut found: Vec<(u32, Vec<OperationId>)> = Vec::new();
    let more = loop {
        match search.run(Budget { steps_max: LISTING_STEPS_MAX, bytes_max: BYTES_MAX }) {
            Progress::Complete => {}
            Progress::Exhausted => break false,
            Progress::OutOfSteps | Progress::OutOfMemory => break true,
        }
        let order = search.order();
        let known = found.iter().position(|(state, _)| *state == search.state());
        // Writes that overlap lead to more states than anybody reads; with ten of them there may be millions
        // of orders.
        if known.is_none() && found.len() == STATES_MAX {
            break true;
        }
        let longest = known.map_or(0, |known| found[known].1.len());
        // Of several orders to one state the longest says most: everything in it may have happened.
        if known.is_none() || longest < order.len() {
            let order = order.iter().map(|&number| ids[number as usize]).collect();
            known.map(|known| found.swap_remove(known));
            found.push((search.state(), order));
        }
    };
    found.sort_by_key(|(_, order)| std::cmp::Reverse(order.len()));
    let prefixes = found.into_iter().map(|(_, order)| prefix(object, culprit, reply, order));
    (prefixes.collect(), more)
}

fn prefix<P: Specification>(
    object: &Object<'_, P>,
    culprit: OperationId,
    reply: u64,
    order: Vec<OperationId>,
) -> Prefix<P::State> {
    let mut states = object.replay(&order, reply);
    // The last such state and not the first: what came after it is what made the reply wrong.
    let culprit_fitted_after = states.iter().rposition(|state| object.is_legal(state, culprit));
    let state = states.pop().expect("the initial state is there");
    let is_unplaceable = |&id: &OperationId| {
        let called_in_time = object.history.operations()[id].call.position < reply;
        called_in_time && !order.contains(&id) && !object.is_legal(&state, id)
    };
    let unplaceable = object.ids.iter().copied().filter(is_unplaceable).collect();
    Prefix { order, state, unplaceable, culprit_fitted_after }
}
