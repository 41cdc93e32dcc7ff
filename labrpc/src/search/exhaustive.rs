//! All schedules with few preemptions.

use std::sync::Arc;
use std::time::Duration;

use super::check::Check;
use super::found::Found;
use crate::sim::{Policy, Preempted, Preemption, Sim};
use crate::time::Instant;

/// Runs a closure under every schedule that differs from first-in-first-out order by at most so many preemptions.
///
/// A *preemption* is a choice at which another thread runs than the first of those that wait for their turn; then that one is
/// next. Most bugs need one or two (Musuvathi and Qadeer, "Iterative Context Bounding", PLDI 2007), and with n choices among m
/// threads there are about (n m)^k / k! schedules with k of them: for programs of a few hundred choices, two are a matter of seconds. What
/// is not of the schedule, as delays of the network and random numbers, follows from the seed, and is the same in all of them.
///
/// ```
/// use labrpc::search::Exhaustive;
/// use labrpc::sync::{Arc, Mutex};
/// use labrpc::thread;
///
/// let exhausted = Exhaustive::new(2).search(|| {
///     let count = Arc::new(Mutex::new(0));
///     let other = Arc::clone(&count);
///     let adder = thread::spawn(move || *other.lock() += 1);
///     *count.lock() += 1;
///     adder.join().unwrap();
///     assert_eq!(*count.lock(), 2);
/// });
/// // None of them fails: a proof for this seed, as far as two preemptions go.
/// assert!(exhausted.unwrap().schedules > 2);
/// ```
#[derive(Clone, Debug)]
pub struct Exhaustive {
    sim: Sim,
    preemptions: usize,
    schedules_max: u64,
    time: Duration,
}

/// What came of a search that found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// How many schedules were run, no two of them the same.
    pub schedules: u64,
    /// Whether these were all. If not, the limit was reached.
    pub is_complete: bool,
    /// The most choices that one of them had.
    pub choices_max: usize,
}

impl Exhaustive {
    /// All schedules with up to `preemptions` preemptions, at most [`Policy::PREEMPTIONS_MAX`].
    #[must_use]
    pub fn new(preemptions: usize) -> Self {
        Self {
            sim: Sim::new(0).steps_max(Check::STEPS_MAX_DEFAULT),
            preemptions: preemptions.min(Policy::PREEMPTIONS_MAX),
            schedules_max: u64::MAX,
            time: Duration::MAX,
        }
    }

    /// The simulation that each run is made of, but for its policy: its seed, limits, the cost of a step. Default: as that of a
    /// [`Check`], with the seed 0.
    #[must_use]
    pub fn sim(mut self, sim: Sim) -> Self {
        self.sim = sim;
        self
    }

    /// Gives up after so many schedules. Default: never.
    #[must_use]
    pub fn schedules_max(mut self, schedules: u64) -> Self {
        self.schedules_max = schedules;
        self
    }

    /// Gives up after this time. Default: never.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Runs `body` under all of them, those with fewer preemptions first, until one fails.
    ///
    /// # Errors
    ///
    /// The first that failed, made once more with its events.
    ///
    /// # Panics
    ///
    /// As [`Sim::run`].
    pub fn search(&self, body: impl Fn() + Send + Sync + 'static) -> Result<Exhausted, Box<Found>> {
        let body: Arc<dyn Fn() + Send + Sync> = Arc::new(body);
        let mut schedules = 0;
        self.explore(|policy| {
            let sim = self.sim.clone().policy(policy);
            let run = Arc::clone(&body);
            schedules += 1;
            match sim.run(move || run()) {
                Ok(((), report)) => Ok(report.choices),
                Err(failure) => Err(Box::new(Found::new(&sim, Some(policy), *failure, schedules, &body))),
            }
        })
    }

    /// Has all of them run by `run`, which makes the run under a policy and returns its [choices](crate::sim::Report::choices),
    /// for programs that make runs in a way of their own.
    ///
    /// # Errors
    ///
    /// That of the first run that had one.
    pub fn explore<E>(&self, run: impl FnMut(Policy) -> Result<Vec<u32>, E>) -> Result<Exhausted, E> {
        let mut under_way = UnderWay {
            limits: self,
            run,
            until: Instant::now().checked_add(self.time),
            exhausted: Exhausted { schedules: 0, is_complete: true, choices_max: 0 },
        };
        // By depth, so that the simplest failure is found first.
        for depth in 0..=self.preemptions {
            under_way.explore(Preempted::default(), depth)?;
        }
        Ok(under_way.exhausted)
    }
}

struct UnderWay<'a, R> {
    limits: &'a Exhaustive,
    run: R,
    until: Option<Instant>,
    exhausted: Exhausted,
}

impl<E, R: FnMut(Policy) -> Result<Vec<u32>, E>> UnderWay<'_, R> {
    /// All schedules with `more` preemptions after those of `prefix`.
    fn explore(&mut self, prefix: Preempted, more: usize) -> Result<(), E> {
        if !self.may_go_on() {
            return Ok(());
        }
        // To know the choices of a prefix it is run again for each depth: a schedule among the hundreds that follow from it.
        let choices = (self.run)(Policy::Preempted(prefix))?;
        self.exhausted.choices_max = self.exhausted.choices_max.max(choices.len());
        if more == 0 {
            self.exhausted.schedules += 1;
            return Ok(());
        }
        let first = prefix.preemptions().last().map_or(0, |last| last.choice + 1);
        for (choice, &ready) in (0..).zip(&choices).skip(first as usize) {
            for place in 1..ready {
                if let Some(next) = prefix.and(Preemption { choice, place }) {
                    self.explore(next, more - 1)?;
                }
            }
        }
        Ok(())
    }

    fn may_go_on(&mut self) -> bool {
        // One schedule at least: a search that has run nothing has shown nothing.
        let is_over = self.exhausted.schedules > 0
            && (self.exhausted.schedules >= self.limits.schedules_max
                || self.until.is_some_and(|until| Instant::now() >= until));
        self.exhausted.is_complete &= !is_over;
        !is_over
    }
}
