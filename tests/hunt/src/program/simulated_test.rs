//! The tests of a program without a Raft: closures that fail by a panic, a deadlock or a limit.

use std::time::Duration;

use labrpc::sim::{Cause, Divergence, Failure, PanicReport, Report, Sim, Tracing, check_replay};

use crate::replay::{Repeatable, Run};
use crate::shrink::{PartialRun, Scenario, Signature};
use crate::target::{FailureKind, Ran, RunEnd, RunFacts, RunFailure, Target};
use lab_runs::actions::{Action, Subset};
use lab_runs::{Plan, TestInfo, World, settings};

/// A test: a function that is run under many schedules, and fails by a panic, a deadlock or a limit.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Its name, by which it is asked for.
    pub name: &'static str,
    /// What it does.
    pub body: fn(),
}

/// The [`Test`](crate::program::Test) of a function, with the function's name.
///
/// ```
/// fn pool_is_fair() {}
///
/// let test = lab_hunt::test!(pool_is_fair);
/// assert_eq!(test.name, "pool_is_fair");
/// ```
#[macro_export]
macro_rules! test {
    ($body:path) => {
        $crate::program::Test { name: stringify!($body), body: $body }
    };
}

/// All tests of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tests(pub(super) &'static [Test]);

impl Tests {
    pub(super) fn infos(self) -> Vec<TestInfo> {
        self.0.iter().map(info).collect()
    }

    pub(super) fn test(self, name: &str) -> Option<&'static Test> {
        self.0.iter().find(|test| test.name == name)
    }
}

fn info(test: &Test) -> TestInfo {
    TestInfo { name: test.name, group: "tests", about: "" }
}

/// One test with one seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneRun {
    pub(super) test: &'static Test,
    pub(super) plan: Plan,
}

impl OneRun {
    fn sim(self, tracing: Tracing) -> Sim {
        let Plan { seed, policy, .. } = self.plan;
        Sim::new(seed).policy(policy).tracing(tracing).stall(settings::stall())
    }

    pub(super) fn run(self, tracing: Tracing) -> Result<Report, Box<Failure>> {
        self.sim(tracing).run(self.test.body).map(|((), report)| report)
    }
}

impl Repeatable for OneRun {
    fn run(&self, tracing: Tracing) -> Run {
        let run = (*self).run(tracing);
        let is_passed = run.is_ok();
        let trace = run.unwrap_or_else(|failure| failure.report).trace;
        Run { fingerprint: trace.fingerprint, trace, is_passed }
    }

    fn divergence(&self) -> Option<Box<Divergence>> {
        check_replay(&self.sim(Tracing::Off), self.test.body).err()
    }
}

/// A run with some of its preemptions.
#[derive(Debug)]
pub(super) struct Part(pub(super) Result<Report, Box<Failure>>);

impl Part {
    pub(super) fn report(&self) -> &Report {
        match &self.0 {
            Ok(report) => report,
            Err(failure) => &failure.report,
        }
    }
}

impl Scenario for OneRun {
    type Run = Part;

    fn run(&self, subset: &Subset) -> Part {
        let sim = self.sim(self.plan.tracing).preemptions(subset.preemptions.clone());
        Part(sim.run(self.test.body).map(|((), report)| report))
    }

    fn is_fair(&self, _: &Subset) -> Option<bool> {
        // Only preemptions are left out, and a correct program passes with any.
        None
    }
}

impl PartialRun for Part {
    fn fingerprint(&self) -> Option<labrpc::sim::Fingerprint> {
        Some(self.report().trace.fingerprint)
    }

    fn signature(&self) -> Option<Signature> {
        self.0.as_ref().err().map(|failure| Signature::of_cause(&failure.cause))
    }

    fn actions(&self) -> &[Action] {
        &[]
    }

    fn preemptions(&self) -> &[u64] {
        &self.report().preemptions
    }
}

/// The real time that a run may take.
pub(super) fn run_max(_: World) -> Duration {
    Duration::from_secs(120)
}

impl Target for Tests {
    fn find(&self, name: &str) -> Option<TestInfo> {
        self.test(name).map(info)
    }

    fn run(&self, test: &str, plan: Plan, covers: bool) -> Ran<'_> {
        let test = self.test(test).expect("the hunt runs what it has found");
        if plan.world == World::Real {
            return in_the_real_world(test);
        }
        let run = OneRun { test, plan };
        let result = run.sim(Tracing::Off).coverage(covers).run(test.body);
        let (report, failure) = match result {
            Ok(((), report)) => (report, None),
            Err(failure) => (failure.report.clone(), Some(failure)),
        };
        let facts = RunFacts {
            fingerprint: Some(report.trace.fingerprint.to_string()),
            line: format!("passed in {:?} of virtual time, {} steps", report.elapsed, report.steps),
            ..RunFacts::default()
        };
        let Some(failure) = failure else {
            return Ran { end: RunEnd::Passed, facts, covered: report.covered, explain: None };
        };
        let kind = FailureKind::of(&failure.cause);
        // It would stall again.
        let last_word = (kind == FailureKind::Stall).then(|| failure.to_string());
        let end = RunEnd::Failed(RunFailure {
            kind,
            headline: headline(&failure.cause),
            signature: Signature::of_cause(&failure.cause),
            report: last_word.clone(),
        });
        let explain = move || super::replay::explain(run);
        let explain: Option<Box<dyn FnOnce() -> String>> =
            if last_word.is_some() { None } else { Some(Box::new(explain)) };
        Ran { end, facts, covered: report.covered, explain }
    }
}

/// What went wrong, without the stack.
fn headline(cause: &Cause) -> String {
    let Cause::Panic(panic) = cause else { return cause.to_string() };
    // Whoever joins a thread that has panicked panics because of it.
    let PanicReport { thread, location, message, .. } = panic.joined.first().unwrap_or(panic);
    match location {
        Some(location) => format!("{thread} panicked at {location}: {message}"),
        None => format!("{thread} panicked: {message}"),
    }
}

fn in_the_real_world(test: &Test) -> Ran<'static> {
    let failed = std::panic::catch_unwind(test.body).err().map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
    });
    let end = failed.map_or(RunEnd::Passed, |message| {
        RunEnd::Failed(RunFailure {
            kind: FailureKind::Panic,
            headline: format!("panicked: {message}"),
            signature: Signature::of_expectation(crate::shrink::normalised(&message)),
            report: Some(format!("{} panicked on real threads: {message}\n", test.name)),
        })
    });
    Ran { end, facts: RunFacts::default(), covered: Vec::new(), explain: None }
}
