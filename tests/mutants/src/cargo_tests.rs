//! Mutants of the lab itself, which cargo's own tests of its crates are to catch.

use std::process::Output;

use anyhow::{Context, Result, bail};
use labrpc::time::Instant;

use crate::child::{self, BuildResult, End};
use crate::subject::Subject;
use crate::trial::{Trial, TrialOptions, Verdict};
use crate::working_copy::WorkingCopy;

/// How labrpc is built where only its own tests stand on it: a little slower at work, and in three seconds after a change
/// instead of thirty.
const QUICKLY: [&str; 8] = [
    "--config",
    "profile.dev.package.labrpc.opt-level=1",
    "--config",
    "profile.dev.package.labrpc.codegen-units=64",
    "--config",
    "profile.dev.package.labrpc.incremental=true",
    "--config",
    "profile.dev.package.labrpc-tests.incremental=true",
];

/// What cargo is told of the build, for a check.
fn profile(check: &[String]) -> &'static [&'static str] {
    if check.iter().any(|word| word == "labrpc-tests") { &QUICKLY } else { &[] }
}

/// Lets cargo test with these arguments, one after the other. A bug is caught if the tests were built and one failed.
///
/// # Errors
///
/// When cargo does not work, or runs no test at all.
pub(crate) fn run(
    copy: &WorkingCopy,
    subject: Subject<'_>,
    checks: &[&[String]],
    options: &TrialOptions,
) -> Result<Trial> {
    let mut trial = Trial::new(subject, Verdict::Survived);
    for check in checks {
        let began = Instant::now();
        let mut cargo = copy.cargo();
        cargo.args(["test", "--quiet", "--no-run"]).args(profile(check)).args(*check);
        // Apart from the run, with no limit: only so is an error of the compiler told from a test that
        // failed, and the time of the compiler is not the tests'.
        let built = child::build(cargo)?;
        trial.build_ms += began.elapsed().as_secs_f64() * 1000.0;
        if let BuildResult::CompileError(message) = built {
            return Ok(Trial { verdict: Verdict::DoesNotCompile, message, ..trial });
        }
        let began = Instant::now();
        let mut cargo = copy.limited_cargo(options.cpu_max);
        // All of them: one that fails early would hide the one that names the bug.
        cargo.args(["test", "--quiet", "--no-fail-fast"]).args(profile(check)).args(*check);
        // The limit is inherited by each program that cargo starts, and counts for each alone.
        let ran = cargo.output().context("cannot start cargo")?;
        trial.cpu_ms += began.elapsed().as_secs_f64() * 1000.0;
        classify(&mut trial, &ran, subject).with_context(|| format!("cargo test {}", check.join(" ")))?;
    }
    Ok(trial)
}

/// Reads the verdict from the output of cargo's tests.
fn classify(trial: &mut Trial, ran: &Output, subject: Subject<'_>) -> Result<()> {
    let output = [&ran.stdout[..], &ran.stderr[..]].concat();
    let output = String::from_utf8_lossy(&output);
    let ran_any = output.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
    // A filter that matches nothing passes. That would let every mutant survive, and look like a hole in the
    // tests.
    if !ran_any {
        bail!("no test ran");
    }
    let end = child::end(ran.status)?;
    let failed = failed_tests(&output);
    trial.verdict = match end {
        End::Exit(0) => return Ok(()),
        // Before the rest: when one of several programs is killed after a test has failed, the bug is found.
        _ if !failed.is_empty() => Verdict::Caught,
        // Cargo itself ends with 101 whatever ended the test; the signal is only in its words.
        _ if output.contains("SIGXCPU") => Verdict::TimedOut,
        _ => Verdict::Crashed,
    };
    trial.failed.extend(failed.into_iter().map(str::to_owned));
    trial.message = match trial.verdict {
        Verdict::Caught => first_panic(&output),
        _ => output.lines().rev().find(|line| !line.is_empty()).unwrap_or_default().to_owned(),
    };
    if let Subject::Mutant(mutant) = subject {
        trial.is_explained = mutant.is_explained_by(&output);
    }
    Ok(())
}

/// The names below cargo's "failures:".
fn failed_tests(output: &str) -> Vec<&str> {
    // Below the second heading of this name stand the names alone; below the first there is output, which may
    // be indented as well.
    let is_name = |line: &&str| line.starts_with("    ") && !line.trim().contains(' ');
    let mut names: Vec<&str> = output
        .split("\nfailures:\n")
        .skip(1)
        .flat_map(|list| list.lines().take_while(|line| !line.is_empty()).filter(is_name))
        .map(str::trim)
        .collect();
    names.dedup();
    names
}

/// The first line of the first panic.
fn first_panic(output: &str) -> String {
    let panicked = |line: &&str| line.starts_with("thread '") && line.contains(" panicked at ");
    // The line of the panic names a place; the message is the next one.
    let mut lines = output.lines().skip_while(|line| !panicked(line)).skip(1);
    lines.next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Suites;
    use crate::program::Program;

    const OUTPUT: &str = "running 3 tests\n\nfailures:\n\n---- a stdout ----\n\nthread 'a' (7) panicked at f.rs:1:2:\n\
                        one is not two\nmore\n\n\nfailures:\n    one::a\n    two\n\ntest result: FAILED. 1 passed; 2 failed\n";

    #[test]
    fn output_gives_the_failed_tests_and_the_first_panic() {
        assert_eq!(failed_tests(OUTPUT), ["one::a", "two"]);
        assert_eq!(first_panic(OUTPUT), "one is not two");
        assert_eq!(first_panic("running 1 test\n"), "");
    }

    #[cfg(unix)]
    #[test]
    fn output_gives_the_verdict() {
        use std::os::unix::process::ExitStatusExt;

        let rows = [
            (0, "running 1 test\n.", Some(Verdict::Survived)),
            (101 << 8, OUTPUT, Some(Verdict::Caught)),
            (
                101 << 8,
                "running 1 test\nerror: test failed\n(signal: 24, SIGXCPU: cpu)\n",
                Some(Verdict::TimedOut),
            ),
            (101 << 8, "running 1 test\nerror: test failed\n(signal: 6, SIGABRT)\n", Some(Verdict::Crashed)),
            (0, "running 0 tests\n", None), // a check that checks nothing
            (2, OUTPUT, None),              // Ctrl-C
        ];
        for (status, output, wanted) in rows {
            let subject = Subject::Baseline(Program::Reference, Suites::Cargo);
            let mut trial = Trial::new(subject, Verdict::Survived);
            let ran = Output {
                status: std::process::ExitStatus::from_raw(status),
                stdout: output.as_bytes().to_vec(),
                stderr: Vec::new(),
            };
            let classified = classify(&mut trial, &ran, subject);
            assert_eq!(classified.is_ok().then_some(trial.verdict), wanted, "{output}");
        }
    }
}
