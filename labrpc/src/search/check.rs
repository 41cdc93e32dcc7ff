//! Many runs of a closure, until one fails.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::exhaustive::{Exhausted, Exhaustive};
use super::found::Found;
use super::guided::{Candidate, Guided};
use super::novelty::Novelty;
use crate::sim::{Failure, Policy, Sim};
use crate::time::Instant;

/// A search: how many runs, by which policy, within which limits.
///
/// ```
/// use labrpc::search::Check;
/// use labrpc::sync::{Arc, Mutex};
/// use labrpc::thread;
///
/// let found = Check::new().runs(500).search(|| {
///     let tickets = Arc::new(Mutex::new(1_i32));
///     let sell = |tickets: &Mutex<i32>| {
///         let is_left = *tickets.lock() > 0;
///         if is_left {
///             *tickets.lock() -= 1;
///         }
///     };
///     let other = Arc::clone(&tickets);
///     let seller = thread::spawn(move || sell(&other));
///     sell(&tickets);
///     seller.join().unwrap();
///     assert!(*tickets.lock() >= 0, "sold a ticket that was not there");
/// });
/// let found = found.expect_err("two sellers look at the same ticket");
/// assert!(found.to_string().contains("sold a ticket that was not there"));
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    sim: Sim,
    pub(super) policy: Policy,
    /// Whether `LAB_POLICY` said it.
    pub(super) is_policy_of_environment: bool,
    /// All schedules with up to so many preemptions, instead of what the policy draws.
    pub(super) exhaustive: Option<usize>,
    pub(super) seeds: Seeds,
    pub(super) runs: u64,
    pub(super) time: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Seeds {
    From(u64),
    Only(u64),
}

/// What a search that found nothing came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How many runs were made.
    pub runs: u64,
    /// How long they took: real time.
    pub wall: Duration,
    /// What they covered.
    pub novelty: Novelty,
    /// Whether they were all schedules that there are with few preemptions, if it was an [exhaustive](Check::exhaustive)
    /// search.
    pub exhausted: Option<Exhausted>,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// How many runs a search makes at most by default.
    pub const RUNS_DEFAULT: u64 = 2_000;
    /// After how many steps a run fails by default: a loop that polls for ever takes some seconds until then.
    pub const STEPS_MAX_DEFAULT: u64 = 5_000_000;
    /// How long it goes on at most by default.
    pub const TIME_DEFAULT: Duration = Duration::from_secs(10);

    /// [`Self::RUNS_DEFAULT`] runs from seed 0 on, [guided](Policy::Guided), for [`Self::TIME_DEFAULT`] at most.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sim: Sim::new(0).steps_max(Self::STEPS_MAX_DEFAULT),
            policy: Policy::Guided,
            is_policy_of_environment: false,
            exhaustive: None,
            seeds: Seeds::From(0),
            runs: Self::RUNS_DEFAULT,
            time: Self::TIME_DEFAULT,
        }
    }

    /// How many runs at most, and one at least. Default: [`Self::RUNS_DEFAULT`].
    #[must_use]
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs.max(1);
        self
    }

    /// How long it goes on at most, in real time. A run that has begun is finished. Default: [`Self::TIME_DEFAULT`].
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// The first seed; the others follow. Default: 0.
    #[must_use]
    pub fn seeds_from(mut self, seed: u64) -> Self {
        self.seeds = Seeds::From(seed);
        self
    }

    /// One run with this seed only.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seeds = Seeds::Only(seed);
        self
    }

    /// Who runs next. Default: [`Policy::Guided`].
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// All schedules with up to `preemptions` preemptions, with the seed of the first run, instead of what seeds draw; see
    /// [`Exhaustive`]. The budget holds for them as well.
    #[must_use]
    pub fn exhaustive(mut self, preemptions: usize) -> Self {
        self.exhaustive = Some(preemptions);
        self
    }

    /// The simulation that each run is made of, but for its seed and its policy: limits, the cost of a step. Default: that of
    /// [`Sim::new`], but for [`Self::STEPS_MAX_DEFAULT`].
    #[must_use]
    pub fn sim(mut self, sim: Sim) -> Self {
        self.sim = sim;
        self
    }

    /// As [`search`](Self::search), for tests: panics with the report if a run fails, and tells standard error what was checked
    /// if none does. What the [environment](Self::with_environment) says comes first, so that the line of a report makes the run
    /// again.
    ///
    /// # Panics
    ///
    /// If a run fails, or if a variable of the environment is of no use.
    #[track_caller]
    pub fn check(&self, body: impl Fn() + Send + Sync + 'static) {
        let place = Location::caller();
        let check = match self.clone().with_environment() {
            Ok(check) => check,
            Err(message) => panic!("{message}"),
        };
        match check.search(body) {
            Ok(checked) => eprintln!("{checked}"),
            Err(found) => panic!("{}", found.report(place)),
        }
    }

    /// Runs `body` until it fails or the budget is spent.
    ///
    /// # Errors
    ///
    /// The first run that failed, made once more with its events.
    ///
    /// # Panics
    ///
    /// As [`Sim::run`].
    pub fn search(&self, body: impl Fn() + Send + Sync + 'static) -> Result<Checked, Box<Found>> {
        let began = Instant::now();
        if let Some(preemptions) = self.exhaustive {
            let (Seeds::From(seed) | Seeds::Only(seed)) = self.seeds;
            let search = Exhaustive::new(preemptions).sim(self.sim.clone().seed(seed));
            let exhausted = search.schedules_max(self.runs).time(self.time).search(body)?;
            let (runs, novelty) = (exhausted.schedules, Novelty::default());
            return Ok(Checked { runs, wall: began.elapsed(), novelty, exhausted: Some(exhausted) });
        }
        let body: Arc<dyn Fn() + Send + Sync> = Arc::new(body);
        // It counts what is new under any policy.
        let mut guided = Guided::new(0);
        let (first, most) = match self.seeds {
            Seeds::From(seed) => (seed, self.runs),
            Seeds::Only(seed) => (seed, 1),
        };
        let mut runs = 0;
        while runs < most && (runs == 0 || began.elapsed() < self.time) {
            let seed = first.wrapping_add(runs);
            let candidate = match self.policy {
                Policy::Guided => guided.next(seed),
                policy => Candidate { seed, policy },
            };
            runs += 1;
            let covered = match self.run(candidate, &body) {
                Ok(covered) => covered,
                Err(failure) => {
                    let sim = self.simulation(candidate);
                    return Err(Box::new(Found::new(
                        &sim,
                        self.said(candidate.policy),
                        *failure,
                        runs,
                        &body,
                    )));
                }
            };
            guided.learn(candidate, &covered);
        }
        Ok(Checked { runs, wall: began.elapsed(), novelty: guided.into_novelty(), exhausted: None })
    }

    /// The policy that whoever replays a run must name: none if the program names it, or if the seed of the run draws it.
    fn said(&self, policy: Policy) -> Option<Policy> {
        let is_drawn = self.policy == Policy::Guided && policy == Policy::Portfolio;
        (!is_drawn && (policy != self.policy || self.is_policy_of_environment)).then_some(policy)
    }

    fn simulation(&self, Candidate { seed, policy }: Candidate) -> Sim {
        self.sim.clone().seed(seed).policy(policy)
    }

    fn run(
        &self,
        candidate: Candidate,
        body: &Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Vec<crate::sim::Covered>, Box<Failure>> {
        let body = Arc::clone(body);
        self.simulation(candidate).coverage(true).run(move || body()).map(|((), report)| report.covered)
    }
}

/// Runs `body` over many schedules, and panics with a report if it fails under one of them. For tests:
///
/// ```
/// use labrpc::sync::{Arc, Mutex};
/// use labrpc::thread;
///
/// // in a #[test]:
/// labrpc::check(|| {
///     let count = Arc::new(Mutex::new(0));
///     let other = Arc::clone(&count);
///     let adder = thread::spawn(move || *other.lock() += 1);
///     *count.lock() += 1;
///     adder.join().unwrap();
///     assert_eq!(*count.lock(), 2);
/// });
/// ```
///
/// The report ends with the line that makes the failed run again, `LAB_SEED=0x2a cargo test two_threads_count`. What else the environment may
/// say: [`Check::with_environment`]. To say it in the program: [`Check`]. What it found out if nothing failed goes to standard error, which
/// `cargo test` shows with `-- --nocapture`.
///
/// # Panics
///
/// If a run fails, or if a variable of the environment is of no use.
#[track_caller]
pub fn check(body: impl Fn() + Send + Sync + 'static) {
    Check::new().check(body);
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::sim::Covers;
        let Self { runs, wall, novelty, exhausted } = self;
        if let Some(Exhausted { schedules, is_complete, choices_max }) = exhausted {
            let which = if *is_complete { "all" } else { "the first, and not all," };
            let schedules = counted(*schedules, "schedule");
            return write!(
                f,
                "checked {which} {schedules} with so many preemptions in {:.1} s; up to {choices_max} choices in each",
                wall.as_secs_f64()
            );
        }
        write!(f, "checked {}", counted(*runs, "run"))?;
        write!(
            f,
            " in {:.1} s: {} orders of threads at shared objects",
            wall.as_secs_f64(),
            novelty.distinct(Covers::Order)
        )?;
        match novelty.distinct(Covers::State) {
            0 => {}
            states => write!(f, ", {states} states")?,
        }
        let percent = novelty.chance_of_new(1_000) * 100.0;
        let seen_once = if novelty.is_any_seen_once() || novelty.distinct(Covers::Order) == 0 {
            ""
        } else {
            "; each was seen more than once"
        };
        write!(f, "{seen_once}; the chance that 1,000 more runs show a new one is at most {percent:.0} %")
    }
}

/// `1 order`, `2 orders`.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
