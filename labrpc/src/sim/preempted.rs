//! First-in-first-out order, but for a few preemptions that are named.

use std::fmt;

use super::policy::Policy;
use super::ready::Queue;

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
pub(super) struct Fifo {
    pub(super) queue: Queue,
    preempted: Preempted,
    /// How many of the preemptions have happened.
    happened: usize,
    choice: u64,
    /// How many threads could run at each choice among several, if somebody wants to know.
    choices: Option<Vec<u32>>,
}

impl Fifo {
    pub(super) fn new(preempted: Preempted, choices: Option<Vec<u32>>) -> Self {
        Self { queue: Queue::default(), preempted, happened: 0, choice: 0, choices }
    }

    pub(super) fn pick(&mut self) -> Option<u32> {
        let len = self.queue.len();
        if len > 1 {
            let choice = self.choice;
            self.choice += 1;
            if let Some(choices) = &mut self.choices {
                choices.push(len as u32);
            }
            if let Some(next) = self.preempted.preemptions().get(self.happened)
                && next.choice == choice
            {
                self.happened += 1;
                let picked = self.queue.get((next.place as usize).min(len - 1))?;
                self.queue.preempt(picked);
            }
        }
        self.queue.first()
    }

    /// How many threads could run at each choice among several.
    pub(super) fn take_choices(&mut self) -> Vec<u32> {
        self.choices.take().unwrap_or_default()
    }
}
