//! Which of a policy's preemptions happen: for finding out which of them a failure needs.
//!
//! A run in first-in-first-out order has no preemptions: each thread runs until it waits or gives way by name. Any policy
//! can be told as that order and a list of *preemptions*: choices at which another thread runs than the first in the
//! queue. They are numbered by how many choices among several threads were made before. A run that follows a part of
//! the list only goes another way from the first one that is left out, so the numbers after it mean other choices; what
//! holds is that the same list always gives the same run.

use std::sync::Arc;

use super::ready::Queue;

/// Which of a policy's preemptions happen; see [`Sim::preemptions`](super::Sim::preemptions).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Preemptions {
    /// All of them: the policy decides.
    #[default]
    All,
    /// All of them, and their numbers are [reported](super::Report::preemptions). The run is the same.
    Record,
    /// Those with these numbers, which ascend; at all other choices the first in the queue runs.
    Only(Arc<[u64]>),
}

/// Stands between the policy and the run, and keeps the queue that first-in-first-out order would have.
pub(crate) struct Filter {
    pub(super) queue: Queue,
    /// The numbers of the preemptions that happen; `None`: all.
    wanted: Option<Arc<[u64]>>,
    /// The place in `wanted` of the first number that is still to come.
    next: usize,
    /// The choices among several threads so far.
    choices: u64,
    /// The numbers of the preemptions that happened.
    happened: Vec<u64>,
}

impl Filter {
    /// `None` when nothing is to be filtered or recorded.
    pub(crate) fn new(preemptions: &Preemptions) -> Option<Self> {
        let wanted = match preemptions {
            Preemptions::All => return None,
            Preemptions::Record => None,
            Preemptions::Only(wanted) => Some(Arc::clone(wanted)),
        };
        Some(Self { queue: Queue::default(), wanted, next: 0, choices: 0, happened: Vec::new() })
    }

    /// Who runs when the policy has picked `picked`.
    pub(crate) fn decide(&mut self, picked: u32) -> u32 {
        // Not counted: a number must mean the same choice when a stretch in which one thread runs alone
        // becomes longer.
        let Some(first) = self.queue.first().filter(|_| self.queue.len() > 1) else {
            return picked;
        };
        let number = self.choices;
        self.choices += 1;
        // The policy has drawn in either case. To follow a pick or not changes the run, but not how much
        // chance was used.
        if picked == first || !self.is_wanted(number) {
            return first;
        }
        self.queue.preempt(picked);
        self.happened.push(number);
        picked
    }

    fn is_wanted(&mut self, number: u64) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        while wanted.get(self.next).is_some_and(|&wanted| wanted < number) {
            self.next += 1;
        }
        wanted.get(self.next) == Some(&number)
    }

    pub(crate) fn take_happened(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.happened)
    }
}
