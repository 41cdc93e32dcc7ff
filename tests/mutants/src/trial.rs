//! A trial of a mutant, and its verdict.

use std::time::Duration;

use labrpc::sim::Policy;
use serde::{Deserialize, Serialize};

use crate::program::Program;
use crate::subject::{BASELINE, Subject};
use lab_probe::Run;

/// How trials are run.
#[derive(Clone, Debug)]
pub(crate) struct TrialOptions {
    /// How many seeds each test may run over.
    pub(crate) seeds: u64,
    /// Whether to go on after the first failure.
    pub(crate) is_thorough: bool,
    /// Under which policies the tests of chaos try it once more, alone, and over how many seeds.
    pub(crate) chaos: Vec<Policy>,
    pub(crate) chaos_seeds: u64,
    /// The limit of processor time for all runs of one mutant.
    pub(crate) cpu_max: Duration,
}

/// A trial and its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The mutant; [`BASELINE`] for the code as it is.
    pub(crate) name: String,
    /// The group that it stands in.
    pub(crate) group: String,
    /// The result.
    pub(crate) verdict: Verdict,
    /// All runs, in order. For bugs of the lab itself there are none.
    pub(crate) runs: Vec<Run>,
    /// Those of cargo's own tests that failed.
    pub(crate) failed: Vec<String>,
    /// What the tests of chaos alone did, if they were asked.
    #[serde(default)]
    pub(crate) chaos: Vec<Chaos>,
    /// Processor time of the runs, or the time of cargo's tests, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// How long it took to build, in milliseconds.
    pub(crate) build_ms: f64,
    /// Whether what the first failure says names the cause.
    pub(crate) is_explained: bool,
    /// What there is to say besides: of a build that failed, or of a program that died. The first panic, for cargo's tests.
    pub(crate) message: String,
}

/// What the tests of chaos alone did under one policy, until one failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chaos {
    /// The policy, as it is written.
    pub(crate) policy: String,
    /// The runs, in order.
    pub(crate) runs: Vec<Run>,
}

impl Chaos {
    /// The run that failed.
    pub(crate) fn found(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.failure.is_some())
    }
}

/// The result of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// A test failed.
    Caught,
    /// All tests passed.
    Survived,
    /// It does not compile, which says nothing about the suites.
    DoesNotCompile,
    /// It took more processor time than it may, and no test had failed.
    TimedOut,
    /// The program that runs the tests died, and no test had failed.
    Crashed,
}

impl Trial {
    /// A trial of which nothing but the verdict is known yet.
    pub(crate) fn new(subject: Subject<'_>, verdict: Verdict) -> Self {
        let group = match subject {
            Subject::Mutant(mutant) => mutant.group.clone(),
            Subject::Baseline(Program::Reference, suites) => format!("{suites:?}").to_lowercase(),
            Subject::Baseline(control, _) => control.name().to_owned(),
        };
        Self {
            name: subject.name().to_owned(),
            group,
            verdict,
            runs: Vec::new(),
            failed: Vec::new(),
            chaos: Vec::new(),
            cpu_ms: 0.0,
            build_ms: 0.0,
            is_explained: false,
            message: String::new(),
        }
    }

    /// The run that failed first.
    pub(crate) fn first_failure(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.failure.is_some())
    }

    /// Whether the unmutated code did not pass.
    pub(crate) fn is_false_alarm(&self) -> bool {
        self.name == BASELINE && self.verdict != Verdict::Survived
    }

    /// The run in which chaos alone found it, under the first of its policies.
    pub(crate) fn found_by_chaos(&self) -> Option<&Run> {
        self.chaos.first()?.found()
    }

    /// Whether a test with its first seed, or cargo's tests, caught it.
    pub(crate) fn is_caught_by_first_seed(&self) -> bool {
        // Cargo's tests have no runs and no seeds: caught by them is caught at once.
        self.verdict == Verdict::Caught && self.first_failure().is_none_or(|run| run.seed == 1)
    }
}
