//! One mutant before its suites: build, run, verdict.

use std::time::Duration;

use anyhow::{Context, Result};
use labrpc::time::Instant;
use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Mutant, Suites};
use super::child::{self, Built, End, Heard};
use super::crates;
use super::plant::Texts;
use super::probe::Run;
use super::working_copy::WorkingCopy;

/// How a trial is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// How many seeds each test may run over.
    pub(crate) seeds: u64,
    /// Whether to go on after the first failure.
    pub(crate) is_thorough: bool,
    /// Whether the tests of chaos try it once more, alone.
    pub(crate) with_chaos: bool,
    /// The limit of processor time for all runs of one mutant.
    pub(crate) cpu_max: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// The mutant; [`UNMUTATED`] for the code as it is.
    pub(crate) name: String,
    /// The group that it stands in.
    pub(crate) group: String,
    /// In a word.
    pub(crate) verdict: Verdict,
    /// All runs, in order. For bugs of the lab itself there are none.
    pub(crate) runs: Vec<Run>,
    /// Those of cargo's own tests that failed.
    pub(crate) failed: Vec<String>,
    /// What the tests of chaos alone did, until one failed, if they were asked.
    #[serde(default)]
    pub(crate) chaos: Option<Vec<Run>>,
    /// Processor time of the runs, or the time of cargo's tests, in milliseconds.
    pub(crate) cpu_ms: f64,
    /// How long it took to build, in milliseconds.
    pub(crate) build_ms: f64,
    /// Whether what the first failure says names the cause.
    pub(crate) is_explained: bool,
    /// What there is to say besides: of a build that failed, or of a program that died. The first panic, for cargo's tests.
    pub(crate) message: String,
}

/// What the code as it is is called.
pub(crate) const UNMUTATED: &str = "unmutated";

/// What came of a mutant.
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
    /// The run that failed first.
    pub(crate) fn first_failure(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.failure.is_some())
    }

    /// Whether the unmutated code did not pass.
    pub(crate) fn is_false_alarm(&self) -> bool {
        self.name == UNMUTATED && self.verdict != Verdict::Survived
    }

    /// The run in which chaos alone found it.
    pub(crate) fn found_by_chaos(&self) -> Option<&Run> {
        self.chaos.iter().flatten().find(|run| run.failure.is_some())
    }

    /// Whether a test with its first seed, or cargo's tests, caught it.
    pub(crate) fn is_caught_at_once(&self) -> bool {
        self.verdict == Verdict::Caught && self.first_failure().is_none_or(|run| run.seed == 1)
    }
}

/// Puts a mutant, or the code as it is before these suites, to the test.
///
/// # Errors
///
/// When the trial cannot be held: the bug cannot be planted, a program cannot be started, the copy changed meanwhile. Then
/// nothing is known of the mutant.
pub(crate) fn hold(
    copy: &mut WorkingCopy,
    catalogue: &Catalogue,
    what: Candidate<'_>,
    terms: Terms,
) -> Result<Trial> {
    let files = match what {
        Candidate::Mutant(mutant) => copy.plant(mutant)?,
        Candidate::Unmutated(_) => Texts::new(),
    };
    let held = copy.set(&files).context("planting").and_then(|()| match what.suites() {
        Suites::Cargo => crates::test(copy, what, &what.checks(catalogue), terms),
        _ => suites_of_the_lab(copy, what, terms),
    });
    // If the copy is gone, that is why, whatever the programs in it said.
    copy.check(&files).with_context(|| format!("{} was not tried", what.name()))?;
    let trial = held.with_context(|| what.name().to_owned())?;
    copy.set(&Texts::new()).context("taking the bug out")?;
    Ok(trial)
}

/// Who is on trial.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Candidate<'a> {
    /// A planted bug.
    Mutant(&'a Mutant),
    /// The code as it is, before these suites.
    Unmutated(Suites),
}

impl Candidate<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Mutant(mutant) => &mutant.name,
            Self::Unmutated(_) => UNMUTATED,
        }
    }

    pub(crate) fn verdict(&self, verdict: Verdict) -> Trial {
        let group = match self {
            Self::Mutant(mutant) => mutant.group.clone(),
            Self::Unmutated(suites) => format!("{suites:?}").to_lowercase(),
        };
        Trial {
            name: self.name().to_owned(),
            group,
            verdict,
            runs: Vec::new(),
            failed: Vec::new(),
            chaos: None,
            cpu_ms: 0.0,
            build_ms: 0.0,
            is_explained: false,
            message: String::new(),
        }
    }

    /// Then all false alarms are of interest, not the first only.
    fn is_unmutated(&self) -> bool {
        matches!(self, Self::Unmutated(_))
    }

    pub(crate) fn suites(&self) -> Suites {
        match self {
            Self::Mutant(mutant) => mutant.suites(),
            Self::Unmutated(suites) => *suites,
        }
    }

    /// The tests, the expected one first.
    fn tests(&self) -> Vec<&'static str> {
        let first = match self {
            Self::Mutant(mutant) => mutant.test.as_deref(),
            Self::Unmutated(_) => None,
        };
        let of_part = |part: &_| lab_suites::of_part(*part).map(|case| case.name);
        let mut names: Vec<&'static str> = self.suites().parts().iter().flat_map(of_part).collect();
        names.sort_by_key(|name| Some(*name) != first); // stable: the rest stays in order
        names
    }

    /// What cargo is told to test: what the mutant names, or whatever any does.
    fn checks<'c>(&'c self, catalogue: &'c Catalogue) -> Vec<&'c [String]> {
        let mut checks: Vec<&[String]> = match self {
            Self::Mutant(mutant) => vec![&mutant.check],
            Self::Unmutated(_) => catalogue.mutants.iter().map(|mutant| &mutant.check[..]).collect(),
        };
        checks.retain(|check| !check.is_empty());
        checks.sort();
        checks.dedup();
        checks
    }

    /// The tests in which faults of every kind happen at random.
    fn chaos(&self) -> Vec<&'static str> {
        self.tests().into_iter().filter(|name| name.starts_with("chaos_")).collect()
    }
}

/// How many times the limit of processor time a probe may say nothing. It says something after each run, on a busy machine, too.
const SILENCE_FACTOR: u32 = 3;

/// Builds the program of the copy, and lets it run the tests.
fn suites_of_the_lab(copy: &WorkingCopy, what: Candidate<'_>, terms: Terms) -> Result<Trial> {
    let began = Instant::now();
    let mut cargo = copy.cargo();
    let (arguments, program) = copy.program();
    cargo.args(["build", "--offline", "--quiet"]).args(arguments);
    let built = child::build(cargo)?;
    let build_ms = began.elapsed().as_secs_f64() * 1000.0;
    if let Built::Refused(message) = built {
        return Ok(Trial { build_ms, message, ..what.verdict(Verdict::DoesNotCompile) });
    }
    let probe = |tests: &[&str], is_thorough: bool| {
        let mut probe = child::limited(&program, terms.cpu_max);
        probe.current_dir(copy.path()).arg("probe").args(["--seeds", &terms.seeds.to_string()]);
        probe.args(is_thorough.then_some("--all")).args(tests);
        child::listen(probe, terms.cpu_max * SILENCE_FACTOR)
    };
    let Heard { runs, end, complaint: message } =
        probe(&what.tests(), terms.is_thorough || what.is_unmutated())?;
    let verdict = verdict(&runs, end);
    let cpu_ms = runs.iter().map(|run| run.cpu_ms).sum();
    let mut trial = Trial { runs, cpu_ms, build_ms, message, ..what.verdict(verdict) };
    if let Candidate::Mutant(mutant) = what {
        let failure = trial.first_failure().and_then(|run| run.failure.as_ref());
        trial.is_explained = failure.is_some_and(|failure| mutant.is_named_in(&failure.text()));
        if terms.with_chaos {
            trial.chaos = Some(probe(&what.chaos(), false)?.runs);
        }
    }
    Ok(trial)
}

/// A failed test counts, whatever happened to the program afterwards.
fn verdict(runs: &[Run], end: End) -> Verdict {
    match end {
        _ if runs.iter().any(|run| run.failure.is_some()) => Verdict::Caught,
        End::Exit(0) => Verdict::Survived,
        End::OutOfTime => Verdict::TimedOut,
        End::Exit(_) | End::Died => Verdict::Crashed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::FailureText;

    #[test]
    fn the_expected_test_runs_first_and_none_is_left_out() {
        let catalogue =
            super::super::catalogue::Catalogue::load(&super::super::catalogue::root()).expect("a catalogue");
        for mutant in catalogue.mutants.iter().filter(|mutant| mutant.suites() != Suites::Cargo) {
            let tests = Candidate::Mutant(mutant).tests();
            assert_eq!(tests.first().copied(), mutant.test.as_deref(), "{}", mutant.name);
            let all = Candidate::Unmutated(mutant.suites()).tests();
            assert_eq!(tests.len(), all.len(), "{}", mutant.name);
        }
    }

    #[test]
    fn a_failed_test_counts_whatever_comes_after_it() {
        let passed = Run { test: "t".into(), seed: 1, cpu_ms: 1.0, failure: None };
        let failed = Run { failure: Some(FailureText::default()), ..passed.clone() };
        let rows = [
            (&passed, End::Exit(0), Verdict::Survived),
            (&failed, End::Exit(1), Verdict::Caught),
            (&failed, End::OutOfTime, Verdict::Caught),
            (&passed, End::OutOfTime, Verdict::TimedOut),
            (&passed, End::Died, Verdict::Crashed),
            (&passed, End::Exit(1), Verdict::Crashed),
            (&passed, End::Exit(101), Verdict::Crashed),
        ];
        for (run, end, wanted) in rows {
            assert_eq!(verdict(std::slice::from_ref(run), end), wanted, "{run:?}, {end:?}");
        }
    }

    #[test]
    fn chaos_is_in_every_suite_of_the_lab() {
        let chaos = |suites| Candidate::Unmutated(suites).chaos();
        assert_eq!(chaos(Suites::Raft), ["chaos_3b", "chaos_3c", "chaos_3d"]);
        assert_eq!(chaos(Suites::Service), ["chaos_4c"]);
    }
}
