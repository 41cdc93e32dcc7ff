//! The operations of one object, and how they are numbered for a search.

use crate::history::{History, OperationId};
use crate::linearized::{Intervals, Number};
use crate::search::Search;
use crate::specification::{Specification, Step};

/// One object of a history, with the operations on it.
pub(super) struct Object<'a, P: Specification> {
    pub(super) specification: &'a P,
    pub(super) history: &'a History<P::Input, P::Output>,
    pub(super) partition: &'a str,
    /// In the order of their calls.
    pub(super) ids: Vec<OperationId>,
}

impl<'a, P: Specification> Object<'a, P> {
    /// A search over what had happened to this object before the event at `until`, leaving out `except`. What
    /// was called before and answered later is pending. Comes with the operation for each number.
    pub(super) fn search(
        &self,
        except: Option<OperationId>,
        until: u64,
    ) -> (Search<'a, P>, Vec<OperationId>) {
        let operations = self.history.operations();
        let reply = |id: OperationId| {
            let at = operations[id].replied_at()?.position;
            // Whoever looks at what had happened before `until` does not know of this reply, and must allow
            // that the operation never took effect.
            (at < until).then_some(at)
        };
        let takes_part = |&id: &OperationId| {
            let operation = &operations[id];
            // Without a reply there is nothing that an observation could contradict: any order is as legal
            // with it as without it. Left out, it is one operation less to place.
            let is_idle = || reply(id).is_none() && self.specification.only_observes(&operation.input, None);
            operation.call.position < until && Some(id) != except && !is_idle()
        };
        let mut numbered: Vec<(Option<u64>, OperationId)> =
            self.ids.iter().copied().filter(takes_part).map(|id| (reply(id), id)).collect();
        // The order that `Linearized` wants: pending ones (`None`) first, then by reply.
        numbered.sort_unstable();
        let intervals = Intervals {
            pending: numbered.iter().take_while(|(reply, _)| reply.is_none()).count() as Number,
            calls: numbered.iter().map(|&(_, id)| operations[id].call.position).collect(),
            replies: numbered.iter().map(|(reply, _)| reply.unwrap_or(u64::MAX)).collect(),
        };
        // With the reply goes the output: the specification must not see what was answered after the cut.
        let call = |&(reply, id): &(Option<u64>, OperationId)| {
            let operation = &operations[id];
            (&operation.input, reply.and_then(|_| operation.output()))
        };
        let calls = numbered.iter().map(call).collect();
        let initial = self.specification.initial(self.partition);
        let search = Search::new(self.specification, calls, intervals, initial);
        (search, numbered.into_iter().map(|(_, id)| id).collect())
    }

    /// The states that `order` leads through, from the initial one to the last.
    ///
    /// An operation that was answered at `until` or later counts as pending, as in [`search`](Self::search).
    pub(super) fn replay(&self, order: &[OperationId], until: u64) -> Vec<P::State> {
        let mut states = vec![self.specification.initial(self.partition)];
        for &id in order {
            let operation = &self.history.operations()[id];
            let output =
                operation.output().filter(|_| operation.replied_at().is_some_and(|at| at.position < until));
            let state = states.last().expect("the initial state is there");
            let next = match self.specification.step(state, &operation.input, output) {
                Step::To(next) => next,
                // `Illegal` does not come of an order that a search has found with the same cut.
                Step::Unchanged | Step::Illegal => state.clone(),
            };
            states.push(next);
        }
        states
    }

    /// Whether `state` agrees with the reply of operation `id`.
    pub(super) fn is_legal(&self, state: &P::State, id: OperationId) -> bool {
        let operation = &self.history.operations()[id];
        self.specification.step(state, &operation.input, operation.output()) != Step::Illegal
    }
}
