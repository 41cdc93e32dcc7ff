//! Mutants of the Raft and of the service, which the suites are to catch.

use anyhow::Result;
use labrpc::sim::Policy;
use labrpc::time::Instant;

use crate::child::{self, BuildResult, End, ProbeOutput};
use crate::program::Program;
use crate::subject::Subject;
use crate::trial::{Chaos, Trial, TrialOptions, Verdict};
use crate::working_copy::WorkingCopy;
use lab_probe::Run;

/// How many times the limit of processor time a probe may print nothing. It prints a line after each run, on a busy machine, too.
const SILENCE_FACTOR: u32 = 3;

/// Builds the program of the copy, and lets it run the tests.
///
/// # Errors
///
/// When cargo does not work, or the program cannot be started or was ended from outside.
pub(crate) fn run(copy: &WorkingCopy, subject: Subject<'_>, options: &TrialOptions) -> Result<Trial> {
    let began = Instant::now();
    let mut cargo = copy.cargo();
    let (arguments, program) = copy.program(subject.program());
    cargo.args(["build", "--quiet"]).args(arguments);
    let built = child::build(cargo)?;
    let build_ms = began.elapsed().as_secs_f64() * 1000.0;
    if let BuildResult::CompileError(message) = built {
        return Ok(Trial { build_ms, message, ..Trial::new(subject, Verdict::DoesNotCompile) });
    }
    let probe = |tests: &[&str], is_thorough: bool, (seeds, policy): (u64, Policy)| {
        // The program is started, not cargo: nothing is built any more, and what is printed is the program's
        // own.
        let mut probe = child::limited(&program, options.cpu_max);
        probe.current_dir(copy.path()).arg("probe").args(["--seeds", &seeds.to_string()]);
        probe.args(["--policy", &policy.to_string()]);
        probe.args(is_thorough.then_some("--all")).args(tests);
        child::run_probe(probe, options.cpu_max * SILENCE_FACTOR)
    };
    let ProbeOutput { runs, end, last_error: message } = probe(
        &subject.tests(),
        options.is_thorough || subject.is_baseline(),
        (options.seeds, Policy::Random),
    )?;
    // By the runs that were printed, not by the exit code alone: a mutant may end the process in a run that
    // comes later.
    let verdict = verdict(&runs, end);
    let cpu_ms = runs.iter().map(|run| run.cpu_ms).sum();
    let mut trial = Trial { runs, cpu_ms, build_ms, message, ..Trial::new(subject, verdict) };
    if let Subject::Mutant(mutant) = subject {
        let failure = trial.first_failure().and_then(|run| run.failure.as_ref());
        trial.is_explained = failure.is_some_and(|failure| mutant.is_explained_by(&failure.text()));
        // Apart from the trial, whose result it does not change: it asks what would be found if nobody had
        // thought of a scenario. One program is enough for that.
        if mutant.program == Program::Reference {
            for &policy in &options.chaos {
                let runs = probe(&subject.chaos(), false, (options.chaos_seeds, policy))?.runs;
                trial.chaos.push(Chaos { policy: policy.to_string(), runs });
            }
        }
    }
    Ok(trial)
}

/// A failed test counts, whatever happened to the program afterwards.
fn verdict(runs: &[Run], end: End) -> Verdict {
    match end {
        // Nothing but a failed test catches a mutant: a program that died says that something is wrong, and
        // not that a student would be told so.
        _ if runs.iter().any(|run| run.failure.is_some()) => Verdict::Caught,
        End::Exit(0) => Verdict::Survived,
        End::OutOfTime => Verdict::TimedOut,
        End::Exit(_) | End::Died => Verdict::Crashed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_probe::FailureReport;

    #[test]
    fn failed_test_counts_whatever_comes_after_it() {
        let passed = Run { test: "t".into(), seed: 1, cpu_ms: 1.0, failure: None };
        let failed = Run { failure: Some(FailureReport::default()), ..passed.clone() };
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
}
