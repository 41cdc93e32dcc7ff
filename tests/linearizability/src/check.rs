//! From a history to a verdict: take it apart by object, search an order for each, put the answers together.

use std::collections::BTreeMap;
use std::fmt;

use crate::history::{History, Operation, OperationId, Outcome};
use crate::object::Object;
use crate::refutation::{Refutation, refute};
use crate::search::Progress;
use crate::specification::Specification;

/// How much work a check may do for each object.
///
/// It is counted in steps (calls of [`Specification::step`]) and in bytes that are remembered, and not in seconds, so that
/// a verdict is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most steps of one search. It stops at the first chance after them.
    pub steps_max: u64,
    /// The most bytes that one search may remember, about. Searches run one after the other, so this bounds all of them.
    pub bytes_max: usize,
}

impl Budget {
    /// So many steps, and the usual memory.
    pub fn of_steps(steps_max: u64) -> Self {
        Budget { steps_max, ..Budget::default() }
    }
}

impl Default for Budget {
    /// Ten million steps, which are seconds, and half a gigabyte.
    fn default() -> Self {
        Budget { steps_max: 10_000_000, bytes_max: 512 << 20 }
    }
}

/// What the checker says of a history, or of the part of it that concerns one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// There is a legal order.
    Ok,
    /// The budget ran out before the search was over. It may be either; it does not count as [`Verdict::Ok`].
    Unknown,
    /// There is no legal order.
    Illegal,
}

impl Verdict {
    /// The exit code for a program that checks a file, as Jepsen's: 0 ok, 1 illegal, 2 unknown.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Ok => 0,
            Verdict::Illegal => 1,
            Verdict::Unknown => 2,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Ok => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Illegal => "illegal",
        })
    }
}

/// What came of a check.
#[derive(Clone, Debug)]
pub struct Check<S> {
    /// The objects, in the order of their names.
    pub objects: Vec<ObjectCheck<S>>,
}

impl<S> Check<S> {
    /// Illegal if one object is, else unknown if one object is, else ok.
    pub fn verdict(&self) -> Verdict {
        self.objects.iter().map(|object| object.result.verdict()).max().unwrap_or(Verdict::Ok)
    }

    /// The verdict with its numbers.
    pub(super) fn summary(&self) -> Summary {
        Summary {
            verdict: self.verdict(),
            operations: self.objects.iter().map(|object| object.operations).sum(),
            objects: self.objects.len(),
            steps: self.steps(),
        }
    }

    /// The steps taken for all objects together.
    pub fn steps(&self) -> u64 {
        self.objects.iter().map(|object| object.steps).sum()
    }
}

/// What came of the check of one object.
#[derive(Clone, Debug)]
pub struct ObjectCheck<S> {
    /// The name of the object: see [`Specification::partition`].
    pub partition: String,
    /// How many operations it had, without those that failed and the reads that got no reply.
    pub operations: usize,
    /// The steps taken for the answer, those of all rounds, without those for its explanation.
    pub steps: u64,
    /// The answer.
    pub result: ObjectResult<S>,
}

/// The answer for one object.
#[derive(Clone, Debug)]
pub enum ObjectResult<S> {
    /// It is linearizable: in this order, for one. Pending operations that are not in it did not need to take
    /// effect.
    Linearizable(Vec<OperationId>),
    /// It is not.
    Illegal(Refutation<S>),
    /// The budget of steps ran out.
    OutOfSteps,
    /// The budget of memory ran out.
    OutOfMemory,
    /// Another object is illegal, and so is the history whatever this one is. So nobody has looked to the end.
    Skipped,
}

impl<S> ObjectResult<S> {
    /// The answer in one word.
    pub fn verdict(&self) -> Verdict {
        match self {
            ObjectResult::Linearizable(_) => Verdict::Ok,
            ObjectResult::Illegal(_) => Verdict::Illegal,
            ObjectResult::OutOfSteps | ObjectResult::OutOfMemory | ObjectResult::Skipped => Verdict::Unknown,
        }
    }
}

/// Checks whether `history` is linearizable (Herlihy & Wing 1990): whether every operation could have taken
/// effect at one moment between its call and its reply, such that the replies are those of `specification`.
///
/// Operations that failed never took effect and are left out. Pending ones may be placed anywhere after their
/// call, or nowhere.
///
/// The first object that is found to be illegal ends the check, and is the only one that is explained. To find it early,
/// all are searched with a small budget first, then those that are left with a larger one, and so on.
pub fn check<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    budget: Budget,
) -> Check<P::State> {
    check_telling(specification, history, budget, |_| ())
}

/// What is known of a check before its explanation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) verdict: Verdict,
    pub(super) operations: usize,
    pub(super) objects: usize,
    pub(super) steps: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { verdict, operations, objects, steps } = self;
        write!(f, "{verdict}: {operations} operations, {objects} objects, {steps} steps")
    }
}

/// [`check`], which calls `tell` as soon as the verdict is known. What comes after it takes as long again.
pub(super) fn check_telling<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    budget: Budget,
    tell: impl FnOnce(&Summary),
) -> Check<P::State> {
    // Object by object (locality): the search for one order of all operations would multiply what the objects
    // cost, and a hundred small searches only add it. In a sorted map, so that results and reports have an
    // order that depends on the names alone.
    let mut objects: BTreeMap<&str, Vec<OperationId>> = BTreeMap::new();
    for (id, operation) in history.operations().iter().enumerate() {
        if !is_idle(specification, operation) {
            objects.entry(specification.partition(&operation.input)).or_default().push(id);
        }
    }
    let object = |(partition, ids)| Object { specification, history, partition, ids };
    let mut searched: Vec<Searched<'_, P>> =
        objects.into_iter().map(object).map(|object| Searched { object, steps: 0, found: None }).collect();
    search_in_rounds(&mut searched, budget);
    let summary = summary(&searched);
    tell(&summary);
    Check { objects: searched.into_iter().map(Searched::explain).collect() }
}

/// Whether `operation` has no effect and no reply, so that it fits anywhere.
fn is_idle<P: Specification>(specification: &P, operation: &Operation<P::Input, P::Output>) -> bool {
    match operation.outcome {
        Outcome::Failed(_) => true,
        // An undecided write must stay: a later read may show that it took effect. An undecided read shows
        // nothing to anybody.
        Outcome::Pending(_) => specification.only_observes(&operation.input, None),
        Outcome::Replied(..) => false,
    }
}

/// The steps for each object in the first round. Nearly all objects are decided in it.
const FIRST_ROUND_STEPS: u64 = 10_000;

/// The steps of a round are these times those of the round before. A search starts over in each round, since to keep all
/// of them would add up their memory; so an object costs a third more than with the right budget at once.
const ROUND_FACTOR: u64 = 4;

/// An object, and how far its search got.
struct Searched<'a, P: Specification> {
    object: Object<'a, P>,
    steps: u64,
    found: Option<Found>,
}

/// What a search has found.
enum Found {
    Legal(Vec<OperationId>),
    Illegal { suspect: OperationId },
    OutOf(Progress),
}

/// Searches all objects, until each is decided or has spent its budget, or until one is illegal.
fn search_in_rounds<P: Specification>(searched: &mut [Searched<'_, P>], budget: Budget) {
    let mut steps_max = FIRST_ROUND_STEPS.min(budget.steps_max);
    loop {
        let undecided = searched.iter().filter(|object| object.found.is_none()).count();
        // The last one has nobody to wait for.
        if undecided <= 1 {
            steps_max = budget.steps_max;
        }
        for object in searched.iter_mut().filter(|object| object.found.is_none()) {
            object.search(Budget { steps_max, ..budget }, steps_max == budget.steps_max);
            if matches!(object.found, Some(Found::Illegal { .. })) {
                return;
            }
        }
        if steps_max == budget.steps_max {
            return;
        }
        steps_max = steps_max.saturating_mul(ROUND_FACTOR).min(budget.steps_max);
    }
}

impl<P: Specification> Searched<'_, P> {
    /// Searches from the start. Nothing is found if the budget runs out, unless this round is the last.
    fn search(&mut self, budget: Budget, is_last: bool) {
        let (mut search, ids) = self.object.search(None, u64::MAX);
        let progress = search.run(budget);
        self.found = match progress {
            Progress::Complete => {
                Some(Found::Legal(search.order().iter().map(|&n| ids[n as usize]).collect()))
            }
            // Where the search got stuck for good is mostly the reply to blame. It is a guess: the order of
            // the search decides it, and the refutation must not depend on that.
            Progress::Exhausted => Some(Found::Illegal { suspect: ids[search.furthest() as usize] }),
            Progress::OutOfSteps if !is_last => None,
            Progress::OutOfSteps | Progress::OutOfMemory => Some(Found::OutOf(progress)),
        };
        self.steps += search.steps();
    }

    fn verdict(&self) -> Verdict {
        match self.found {
            Some(Found::Legal(_)) => Verdict::Ok,
            Some(Found::Illegal { .. }) => Verdict::Illegal,
            Some(Found::OutOf(_)) | None => Verdict::Unknown,
        }
    }

    /// Gives the answer its reasons.
    fn explain(self) -> ObjectCheck<P::State> {
        let result = match self.found {
            Some(Found::Legal(order)) => ObjectResult::Linearizable(order),
            Some(Found::Illegal { suspect }) => {
                ObjectResult::Illegal(refute(&self.object, suspect, self.steps))
            }
            Some(Found::OutOf(Progress::OutOfMemory)) => ObjectResult::OutOfMemory,
            Some(Found::OutOf(_)) => ObjectResult::OutOfSteps,
            None => ObjectResult::Skipped,
        };
        ObjectCheck {
            partition: self.object.partition.to_string(),
            operations: self.object.ids.len(),
            // Without those of the refutation: that has searches of its own, with a budget of
            // their own, so that explaining an illegal history never makes it an undecided one.
            steps: self.steps,
            result,
        }
    }
}

fn summary<P: Specification>(searched: &[Searched<'_, P>]) -> Summary {
    Summary {
        verdict: searched.iter().map(Searched::verdict).max().unwrap_or(Verdict::Ok),
        operations: searched.iter().map(|searched| searched.object.ids.len()).sum(),
        objects: searched.len(),
        steps: searched.iter().map(|searched| searched.steps).sum(),
    }
}
