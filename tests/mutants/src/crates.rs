//! Bugs of the lab itself, before cargo's own tests of its crates.

use std::process::Output;

use anyhow::{Context, Result, bail};
use labrpc::time::Instant;

use super::child::{self, Built, End};
use super::trial::{Candidate, Terms, Trial, Verdict};
use super::working_copy::WorkingCopy;

/// Lets cargo test with these arguments, one after the other. A bug is caught if the tests were built and one failed.
///
/// # Errors
///
/// When cargo does not work, or runs no test at all.
pub(crate) fn test(
    copy: &WorkingCopy,
    what: Candidate<'_>,
    checks: &[&[String]],
    terms: Terms,
) -> Result<Trial> {
    let mut trial = what.verdict(Verdict::Survived);
    for check in checks {
        let began = Instant::now();
        let mut cargo = copy.cargo();
        cargo.args(["test", "--offline", "--quiet", "--no-run"]).args(*check);
        let built = child::build(cargo)?;
        trial.build_ms += began.elapsed().as_secs_f64() * 1000.0;
        if let Built::Refused(message) = built {
            return Ok(Trial { verdict: Verdict::DoesNotCompile, message, ..trial });
        }
        let began = Instant::now();
        let mut cargo = copy.limited_cargo(terms.cpu_max);
        cargo.args(["test", "--offline", "--quiet", "--no-fail-fast"]).args(*check);
        let ran = cargo.output().context("cannot start cargo")?;
        trial.cpu_ms += began.elapsed().as_secs_f64() * 1000.0;
        judge(&mut trial, &ran, what).with_context(|| format!("cargo test {}", check.join(" ")))?;
    }
    Ok(trial)
}

/// What the output of cargo's tests says of the code.
fn judge(trial: &mut Trial, ran: &Output, what: Candidate<'_>) -> Result<()> {
    let said = [&ran.stdout[..], &ran.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let ran_any = said.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
    if !ran_any {
        bail!("no test ran");
    }
    let end = child::end(ran.status)?;
    let failed = failed_tests(&said);
    trial.verdict = match end {
        End::Exit(0) => return Ok(()),
        _ if !failed.is_empty() => Verdict::Caught,
        _ if said.contains("SIGXCPU") => Verdict::TimedOut,
        _ => Verdict::Crashed,
    };
    trial.failed.extend(failed.into_iter().map(str::to_owned));
    trial.message = match trial.verdict {
        Verdict::Caught => first_panic(&said),
        _ => said.lines().rev().find(|line| !line.is_empty()).unwrap_or_default().to_owned(),
    };
    if let Candidate::Mutant(mutant) = what {
        trial.is_explained = mutant.is_named_in(&said);
    }
    Ok(())
}

/// The names below cargo's "failures:".
fn failed_tests(said: &str) -> Vec<&str> {
    let is_name = |line: &&str| line.starts_with("    ") && !line.trim().contains(' ');
    let mut names: Vec<&str> = said
        .split("\nfailures:\n")
        .skip(1)
        .flat_map(|list| list.lines().take_while(|line| !line.is_empty()).filter(is_name))
        .map(str::trim)
        .collect();
    names.dedup();
    names
}

/// The first line of the first panic.
fn first_panic(said: &str) -> String {
    let panicked = |line: &&str| line.starts_with("thread '") && line.contains(" panicked at ");
    let mut lines = said.lines().skip_while(|line| !panicked(line)).skip(1);
    lines.next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Suites;

    const SAID: &str = "running 3 tests\n\nfailures:\n\n---- a stdout ----\n\nthread 'a' (7) panicked at f.rs:1:2:\n\
                        one is not two\nmore\n\n\nfailures:\n    one::a\n    two\n\ntest result: FAILED. 1 passed; 2 failed\n";

    #[test]
    fn the_names_of_failed_tests_and_the_first_panic_are_found() {
        assert_eq!(failed_tests(SAID), ["one::a", "two"]);
        assert_eq!(first_panic(SAID), "one is not two");
        assert_eq!(first_panic("running 1 test\n"), "");
    }

    #[cfg(unix)]
    #[test]
    fn what_cargo_says_gives_the_verdict() {
        use std::os::unix::process::ExitStatusExt;

        let rows = [
            (0, "running 1 test\n.", Some(Verdict::Survived)),
            (101 << 8, SAID, Some(Verdict::Caught)),
            (
                101 << 8,
                "running 1 test\nerror: test failed\n(signal: 24, SIGXCPU: cpu)\n",
                Some(Verdict::TimedOut),
            ),
            (101 << 8, "running 1 test\nerror: test failed\n(signal: 6, SIGABRT)\n", Some(Verdict::Crashed)),
            (0, "running 0 tests\n", None), // a check that checks nothing
            (2, SAID, None),                // Ctrl-C
        ];
        for (status, said, wanted) in rows {
            let what = Candidate::Unmutated(Suites::Cargo);
            let mut trial = what.verdict(Verdict::Survived);
            let ran = Output {
                status: std::process::ExitStatus::from_raw(status),
                stdout: said.as_bytes().to_vec(),
                stderr: Vec::new(),
            };
            let judged = judge(&mut trial, &ran, what);
            assert_eq!(judged.is_ok().then_some(trial.verdict), wanted, "{said}");
        }
    }
}
