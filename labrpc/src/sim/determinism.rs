//! The proof of determinism for one program and one seed: run it twice, and show where the runs part.
//!
//! Both runs are made in one process. So what the first one leaves in a static is found by the second, and shows. Values of
//! `std::thread_local!` do not: each run has an OS thread of its own, and only its threads disturb each other.

use std::fmt;

use super::event::Event;
use super::failure::{Failure, Report};
use super::settings::Replay;
use super::simulation::Sim;
use super::trace::{BLOCK_EVENTS, Trace, Tracing};

/// Two runs of one seed that were not the same run.
///
/// Its `Debug` form is what it shows as text, for `unwrap`.
#[derive(Clone)]
pub struct Divergence {
    /// What was run twice.
    pub replay: Replay,
    /// The index of the first event that differs, as far as it is known.
    pub index: u64,
    /// That event in the first run; `None` if that run had ended, or if the two runs differed elsewhere each time.
    pub first: Option<Event>,
    /// That event in the second run.
    pub second: Option<Event>,
    /// The last event that both runs have, if it was kept.
    pub before: Option<Event>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "two runs of {} differ at event {}.", self.replay, self.index)?;
        if let Some(before) = &self.before {
            writeln!(f, "  both runs:  {before}")?;
        }
        let shown = |event: &Option<Event>| match event {
            Some(event) => event.to_string(),
            None => "(nothing: this run had ended, or went elsewhere)".to_owned(),
        };
        writeln!(f, "  first run:  {}", shown(&self.first))?;
        writeln!(f, "  second run: {}", shown(&self.second))?;
        write!(
            f,
            "Something in the program is not under the scheduler's control, just before this. Usual culprits: \
             iteration over a std HashMap or HashSet (use BTreeMap), rand::rng() (use labrpc::rand::rng()), \
             std::time::Instant::now() (use labrpc::time::Instant), std::thread::spawn (use labrpc::thread::spawn), \
             std::thread_local!, which all threads of a run share (use labrpc::thread_local!), a static that outlives the \
             run, as a OnceLock, a LazyLock or a Mutex (use labrpc::sync::RunStatic), an address printed or compared."
        )
    }
}

impl fmt::Debug for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Divergence {}

/// Runs `body` twice with the seed and policy of `sim`, and compares the two runs event by event. Returns the
/// outcome of the second run if they were the same run.
///
/// # Errors
///
/// The first event in which they differ.
#[allow(clippy::type_complexity, reason = "the outcome of a run, inside the outcome of the comparison")]
pub fn check_replay<T, F>(sim: &Sim, body: F) -> Result<Result<(T, Report), Box<Failure>>, Box<Divergence>>
where
    F: Fn() -> T + Clone + Send + 'static,
    T: Send + 'static,
{
    let trace_of = |outcome: &Result<(T, Report), Box<Failure>>| match outcome {
        Ok((_, report)) => report.trace.clone(),
        Err(failure) => failure.report.trace.clone(),
    };
    let run = |sim: &Sim| sim.run(body.clone());
    let first = trace_of(&run(sim));
    let outcome = run(sim);
    let Some(from) = first.first_difference(&trace_of(&outcome)) else { return Ok(outcome) };
    // The events of the block where they part, from a run each. What differs by chance may differ elsewhere now,
    // so a few more blocks are kept, and the attempt is repeated.
    let from = from.saturating_sub(BLOCK_EVENTS as u64);
    let traced = sim.clone().tracing(Tracing::Window { from, len: 16 * BLOCK_EVENTS });
    for _ in 0..4 {
        let (first, second) = (trace_of(&run(&traced)), trace_of(&run(&traced)));
        if let Some(divergence) = compare(sim.replay(), &first, &second) {
            return Err(Box::new(divergence));
        }
    }
    Err(Box::new(Divergence { replay: sim.replay(), index: from, first: None, second: None, before: None }))
}

/// The first kept event in which two runs differ.
fn compare(replay: Replay, first: &Trace, second: &Trace) -> Option<Divergence> {
    let same = first.events.iter().zip(&second.events).take_while(|(a, b)| a.is_same(b)).count();
    let (a, b) = (first.events.get(same), second.events.get(same));
    // Neither: they differ beyond what was kept, this time.
    let index = a.or(b)?.index;
    let before = same.checked_sub(1).map(|last| first.events[last].clone());
    Some(Divergence { replay, index, first: a.cloned(), second: b.cloned(), before })
}
