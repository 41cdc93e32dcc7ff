//! Runs that change their policy and their chance on the way.

use std::fmt;

use super::policy::{NAMED, Policy};

/// A run that goes on otherwise from some step: a search does so from a run that was worth it. As text
/// `random@1200:0x7:pct:3`: at random until 1,200 steps were taken, then by `pct:3` with the seed 7. May be longer:
/// `random@1200:0x7:urw@1300:0x9:random`.
///
/// Small enough to be copied, as a policy is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Continued {
    first: Packed,
    then: [Stored; Policy::CONTINUATIONS_MAX],
    len: u8,
}

/// What happens from some step on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// When so many steps were taken.
    pub step: u64,
    /// The seed of all chance from then on: of the schedule, of the network, and of the threads.
    pub seed: u64,
    /// Who runs next from then on.
    pub policy: Policy,
}

/// A [`Continuation`] in a few bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stored {
    step: u64,
    seed: u64,
    policy: Packed,
}

/// A policy that does not continue: a type that holds itself would have no size.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packed {
    /// Its place in the table of names.
    Named(u8),
    Pct(u32),
}

impl Packed {
    fn of(policy: Policy) -> Self {
        if let Policy::Pct { depth } = policy {
            return Self::Pct(depth);
        }
        let Some(place) = NAMED.iter().position(|&(_, named)| named == policy) else {
            panic!("{policy} says what happens at each step, and cannot be a part of another policy")
        };
        Self::Named(place as u8)
    }

    fn policy(self) -> Policy {
        match self {
            Self::Named(place) => NAMED[usize::from(place)].1,
            Self::Pct(depth) => Policy::Pct { depth },
        }
    }
}

impl Continued {
    pub(super) fn of(first: Policy) -> Self {
        let none = Stored { step: 0, seed: 0, policy: Packed::Named(0) };
        Self { first: Packed::of(first), then: [none; Policy::CONTINUATIONS_MAX], len: 0 }
    }

    /// The policy at the beginning, with the seed of the run.
    #[must_use]
    pub fn first(&self) -> Policy {
        self.first.policy()
    }

    /// How it goes on, by ascending steps.
    pub fn then(&self) -> impl ExactSizeIterator<Item = Continuation> + '_ {
        self.then[..usize::from(self.len)].iter().map(|stored| Continuation {
            step: stored.step,
            seed: stored.seed,
            policy: stored.policy.policy(),
        })
    }

    /// Forgets what happens from `step` on. What is forgotten must not tell two equal ones apart.
    pub(super) fn cut_off(&mut self, step: u64) {
        let kept: Vec<Continuation> = self.then().filter(|next| next.step < step).collect();
        *self = Self::of(self.first());
        kept.into_iter().for_each(|next| self.push(next));
    }

    pub(super) fn push(&mut self, next: Continuation) {
        let len = usize::from(self.len);
        assert!(
            len < Policy::CONTINUATIONS_MAX,
            "a run continues {} times at most",
            Policy::CONTINUATIONS_MAX
        );
        let Continuation { step, seed, policy } = next;
        self.then[len] = Stored { step, seed, policy: Packed::of(policy) };
        self.len += 1;
    }
}

impl fmt::Debug for Continued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Policy::Continued(*self))
    }
}
