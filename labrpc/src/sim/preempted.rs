//! First-in-first-out order, but for a few preemptions that are named.

use std::collections::VecDeque;
use std::fmt;

use super::policy::Policy;

/// One choice at which another thread runs than the first in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// Which choice among several threads, counted from 0.
    pub choice: u64,
    /// The place in the queue of the thread that runs instead of the first, from 1 on. Where the queue is shorter, its last
    /// one does.
    pub place: u32,
}

/// The preemptions of a run in first-in-first-out order, by ascending choices. As text `fifo+12:1+40:2`.
///
/// Small enough to be copied, as a policy is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Preempted {
    preemptions: [Preemption; Policy::PREEMPTIONS_MAX],
    len: u8,
}

impl Default for Preempted {
    fn default() -> Self {
        Self::NONE
    }
}

impl Preempted {
    /// None.
    pub(super) const NONE: Self =
        Self { preemptions: [Preemption { choice: 0, place: 0 }; Policy::PREEMPTIONS_MAX], len: 0 };

    /// The preemptions, by ascending choices.
    #[must_use]
    pub fn preemptions(&self) -> &[Preemption] {
        &self.preemptions[..usize::from(self.len)]
    }

    /// One more, at a later choice. `None` if it is not later, is none, or if there are too many.
    #[must_use]
    pub fn and(mut self, preemption: Preemption) -> Option<Self> {
        let len = usize::from(self.len);
        let is_later = self.preemptions().last().is_none_or(|last| last.choice < preemption.choice);
        if !is_later || preemption.place == 0 || len == Policy::PREEMPTIONS_MAX {
            return None;
        }
        self.preemptions[len] = preemption;
        self.len += 1;
        Some(self)
    }

    /// What is behind the `+`.
    pub(super) fn read(text: &str) -> Option<Self> {
        text.split('+').try_fold(Self::NONE, |preempted, part| {
            let (choice, place) = part.split_once(':')?;
            preempted.and(Preemption { choice: choice.parse().ok()?, place: place.parse().ok()? })
        })
    }
}

impl fmt::Display for Preempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fifo")?;
        self.preemptions()
            .iter()
            .try_for_each(|preemption| write!(f, "+{}:{}", preemption.choice, preemption.place))
    }
}

impl fmt::Debug for Preempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The policy.
pub(super) struct Queue {
    ready: VecDeque<u32>,
    preempted: Preempted,
    /// How many of the preemptions have happened.
    happened: usize,
    choice: u64,
    /// How many threads could run at each choice among several, if somebody wants to know.
    choices: Option<Vec<u32>>,
}

impl Queue {
    pub(super) fn new(preempted: Preempted, choices: Option<Vec<u32>>) -> Self {
        Self { ready: VecDeque::new(), preempted, happened: 0, choice: 0, choices }
    }

    pub(super) fn insert(&mut self, slot: u32) {
        self.ready.push_back(slot);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        // The running thread is the first; anybody else is removed by a crash or a pause only.
        if self.ready.front() == Some(&slot) {
            self.ready.pop_front();
        } else {
            self.ready.retain(|&other| other != slot);
        }
    }

    pub(super) fn yielded(&mut self, slot: u32) {
        if self.ready.front() == Some(&slot) {
            self.ready.rotate_left(1);
        }
    }

    pub(super) fn pick(&mut self) -> Option<u32> {
        if self.ready.len() > 1 {
            let choice = self.choice;
            self.choice += 1;
            if let Some(choices) = &mut self.choices {
                choices.push(self.ready.len() as u32);
            }
            if let Some(next) = self.preempted.preemptions().get(self.happened)
                && next.choice == choice
            {
                self.happened += 1;
                let place = (next.place as usize).min(self.ready.len() - 1);
                // It runs until it waits, and the one that it preempts is next.
                let picked = self.ready.remove(place)?;
                self.ready.push_front(picked);
            }
        }
        self.ready.front().copied()
    }

    /// How many threads could run at each choice among several.
    pub(super) fn take_choices(&mut self) -> Vec<u32> {
        self.choices.take().unwrap_or_default()
    }
}
