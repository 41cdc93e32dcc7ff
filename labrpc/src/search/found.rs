//! A failure that a search has found, and what it says of it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::sim::{Cause, Event, Failure, Kind, Policy, Replay, Sim, Tracing, check_replay};

/// So many of the last events are kept.
const EVENTS_KEPT: usize = 20_000;
/// So many of them are shown for each thread.
const EVENTS_SHOWN: usize = 6;
/// So many threads are shown.
const THREADS_SHOWN: usize = 12;

/// A run that failed, and the proof that it fails again in the same way.
#[derive(Debug)]
pub struct Found {
    /// How it failed, with its last events.
    pub failure: Failure,
    /// How many runs the search had made then, this one included.
    pub runs: u64,
    /// The policy, if the seed alone does not say it: the search has gone on from another run.
    pub policy: Option<Policy>,
    /// Why a second run with the same seed was another run; `None`: it was the same.
    pub divergence: Option<String>,
}

impl Found {
    /// Makes the failed run again, with its events.
    pub(super) fn new(
        sim: &Sim,
        policy: Option<Policy>,
        failure: Failure,
        runs: u64,
        body: &Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        // A thread that never came back would be left behind once more.
        if matches!(failure.cause, Cause::Stall { .. }) {
            return Self { failure, runs, policy, divergence: None };
        }
        let again = |body: &Arc<dyn Fn() + Send + Sync>| {
            let body = Arc::clone(body);
            move || body()
        };
        match sim.clone().tracing(Tracing::Last(EVENTS_KEPT)).run(again(body)) {
            Err(traced) if traced.report.trace.fingerprint == failure.report.trace.fingerprint => {
                Self { failure: *traced, runs, policy, divergence: None }
            }
            _ => {
                let why = match check_replay(sim, again(body)) {
                    Err(divergence) => divergence.to_string(),
                    Ok(_) => "the next two runs of this seed were the same. What is left of a run in a static or a \
                              thread-local may be what tells the first one from them."
                        .to_owned(),
                };
                Self { failure, runs, policy, divergence: Some(why) }
            }
        }
    }

    /// All there is to say, for a test at `place`.
    pub(super) fn report(&self, place: &Location<'_>) -> String {
        format!(
            "{self}\nreplay: {}\n        (the check at {}:{})\n",
            self.command(),
            place.file(),
            place.line()
        )
    }

    /// The line that makes this run again: this program, with the seed in the environment.
    #[must_use]
    pub fn command(&self) -> String {
        command(self.failure.report.replay.seed, self.policy, &Program::this())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { cause, report, system_calls } = &self.failure;
        writeln!(f, "run {} failed: {}", self.runs, crate::printable(&cause.to_string()))?;
        for call in system_calls {
            writeln!(f, "note: {}", crate::printable(&call.to_string()))?;
        }
        write_events(f, &report.trace.events)?;
        let Replay { seed, policy, step_cost } = report.replay;
        writeln!(
            f,
            "\nseed {seed:#x}, policy {policy}, {step_cost:?} a step; {:?} of virtual time, {} steps",
            report.elapsed, report.steps
        )?;
        match &self.divergence {
            _ if matches!(cause, Cause::Stall { .. }) => Ok(()),
            None => write!(
                f,
                "It was run twice, and both times it was the same run (fingerprint {}). If its line passes, look for a static \
                 that runs before it have changed.",
                report.trace.fingerprint
            ),
            Some(why) => write!(f, "It was run twice, and was not the same run: {why}"),
        }
    }
}

/// The last events of each thread, the thread that did something last at the end.
fn write_events(f: &mut fmt::Formatter<'_>, events: &[Event]) -> fmt::Result {
    let mut threads: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind != Kind::Resume) {
        threads.entry(event.thread_number).or_default().push(event);
    }
    let mut threads: Vec<Vec<&Event>> = threads.into_values().collect();
    threads.sort_by_key(|events| events.last().map(|event| event.index));
    let left_out = threads.len().saturating_sub(THREADS_SHOWN);
    if !threads.is_empty() {
        writeln!(f, "\nthe last events of each thread:")?;
    }
    if left_out > 0 {
        writeln!(f, "  ({left_out} threads that did nothing later are left out)")?;
    }
    for events in threads.iter().skip(left_out) {
        for event in &events[events.len().saturating_sub(EVENTS_SHOWN)..] {
            // The message of a panic may have several lines: these are no events.
            writeln!(f, "  {}", crate::printable(&event.to_string()).replace('\n', "\n      "))?;
        }
    }
    Ok(())
}

/// What runs: as far as a command line must name it.
struct Program {
    /// The name of the test, if cargo's harness runs it.
    test: Option<String>,
    package: Option<String>,
    is_nextest: bool,
    /// The words that started the program, if it is no test.
    words: Vec<String>,
}

impl Program {
    fn this() -> Self {
        // The harness of cargo gives each test a thread of its name.
        let test = std::thread::current().name().filter(|name| *name != "main").map(str::to_owned);
        Self {
            test,
            package: std::env::var("CARGO_PKG_NAME").ok(),
            is_nextest: std::env::var_os("NEXTEST").is_some(),
            words: std::env::args().collect(),
        }
    }
}

fn command(seed: u64, policy: Option<Policy>, program: &Program) -> String {
    let mut line = format!("LAB_SEED={seed:#x} ");
    if let Some(policy) = policy {
        line += &format!("LAB_POLICY={policy} ");
    }
    let package = program.package.as_ref().map_or_else(String::new, |package| format!("-p {package} "));
    match &program.test {
        // Any thread that a program has named may have asked: a shell must not take the name for commands.
        Some(test) if !is_path(test) => line + &program.words.join(" "),
        Some(test) if program.is_nextest => line + &format!("cargo nextest run {package}-E 'test(={test})'"),
        Some(test) => line + &format!("cargo test {package}{test} -- --exact"),
        None => line + &program.words.join(" "),
    }
}

/// Whether this is the path of a test, as cargo's harness names its threads.
fn is_path(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || "_:".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(test: Option<&str>, package: Option<&str>, is_nextest: bool) -> Program {
        let words = vec!["target/debug/hunt".to_owned(), "pool".to_owned()];
        Program { test: test.map(str::to_owned), package: package.map(str::to_owned), is_nextest, words }
    }

    #[test]
    fn command_names_the_policy_where_the_seed_does_not() {
        let test = program(Some("pool::is_fair"), Some("mine"), false);
        assert_eq!(command(42, None, &test), "LAB_SEED=0x2a cargo test -p mine pool::is_fair -- --exact");
        assert_eq!(
            command(42, Some(Policy::Fifo), &program(Some("a"), None, true)),
            "LAB_SEED=0x2a LAB_POLICY=fifo cargo nextest run -E 'test(=a)'"
        );
        assert_eq!(
            command(42, None, &program(None, Some("mine"), false)),
            "LAB_SEED=0x2a target/debug/hunt pool"
        );
    }
}
