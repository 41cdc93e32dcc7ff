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
/// It is counted in steps (calls of [`Specification::step`]) and not in seconds, so that a verdict is the
/// same on every machine. The memory of a check grows by at most one remembered configuration per step, a few
/// dozen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most steps for one object. The search stops at the first chance after them.
    pub steps_max: u64,
}

impl Default for Budget {
    /// Ten million steps: seconds, and at most a gigabyte, for the worst of histories.
    fn default() -> Self {
        Budget { steps_max: 10_000_000 }
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
    /// The steps taken for the answer, without those for its explanation.
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
    /// The budget ran out.
    OutOfSteps,
}

impl<S> ObjectResult<S> {
    /// The answer in one word.
    pub fn verdict(&self) -> Verdict {
        match self {
            ObjectResult::Linearizable(_) => Verdict::Ok,
            ObjectResult::Illegal(_) => Verdict::Illegal,
            ObjectResult::OutOfSteps => Verdict::Unknown,
        }
    }
}

/// Checks whether `history` is linearizable (Herlihy & Wing 1990): whether every operation could have taken
/// effect at one moment between its call and its reply, such that the replies are those of `specification`.
///
/// Operations that failed never took effect and are left out. Pending ones may be placed anywhere after their
/// call, or nowhere.
pub fn check<P: Specification>(
    specification: &P,
    history: &History<P::Input, P::Output>,
    budget: Budget,
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
    let check_object =
        |(partition, ids)| check_object(&Object { specification, history, partition, ids }, budget);
    Check { objects: objects.into_iter().map(check_object).collect() }
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

fn check_object<P: Specification>(object: &Object<'_, P>, budget: Budget) -> ObjectCheck<P::State> {
    let (mut search, ids) = object.search(None, u64::MAX);
    let progress = search.run(budget.steps_max);
    let result = match progress {
        Progress::Complete => {
            ObjectResult::Linearizable(search.order().iter().map(|&n| ids[n as usize]).collect())
        }
        Progress::Exhausted => {
            // Where the search got stuck for good is mostly the reply to blame. It is a guess: the order of
            // the search decides it, and the refutation must not depend on that.
            let suspect = ids[search.furthest() as usize];
            ObjectResult::Illegal(refute(object, suspect, search.steps()))
        }
        Progress::OutOfSteps => ObjectResult::OutOfSteps,
    };
    ObjectCheck {
        partition: object.partition.to_string(),
        operations: object.ids.len(),
        // Taken after the refutation and still without it: that has searches of its own, with a budget of
        // their own, so that explaining an illegal history never makes it an undecided one.
        steps: search.steps(),
        result,
    }
}
