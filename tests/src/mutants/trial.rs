//! One mutant before its suites: build, run, verdict.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use labrpc::thread;
use labrpc::time::Instant;
use serde::{Deserialize, Serialize};

use super::catalogue::{Mutant, Suites};
use super::plant::Texts;
use super::probe::Run;
use super::workshop::Workshop;
use crate::suites;

/// How a trial is done.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How many seeds each test may run over.
    pub seeds: u64,
    /// Whether to go on after the first failure.
    pub is_thorough: bool,
    /// The limit of processor time for all runs of one mutant.
    pub cpu_max: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// The mutant; [`UNMUTATED`] for the code as it is.
    pub name: String,
    /// The group that it stands in.
    pub group: String,
    /// In a word.
    pub verdict: Verdict,
    /// All runs, in order. For bugs of the lab itself there are none.
    pub runs: Vec<Run>,
    /// Processor time of the runs, or the time of cargo's tests, in milliseconds.
    pub cpu_ms: f64,
    /// How long it took to build, in milliseconds.
    pub build_ms: f64,
    /// Whether what the first failure says names the cause.
    pub is_explained: bool,
    /// What there is to say besides: of a build that failed, or cargo's tests.
    pub message: String,
}

/// What the code as it is is called.
pub const UNMUTATED: &str = "unmutated";

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
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
    #[must_use]
    pub fn first_failure(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.failure.is_some())
    }

    /// Whether the unmutated code did not pass.
    #[must_use]
    pub fn is_false_alarm(&self) -> bool {
        self.name == UNMUTATED && self.verdict != Verdict::Survived
    }

    /// Whether a test with its first seed, or cargo's tests, caught it.
    #[must_use]
    pub fn is_caught_at_once(&self) -> bool {
        self.verdict == Verdict::Caught && self.first_failure().is_none_or(|run| run.seed == 1)
    }
}

/// Puts a mutant, or the code as it is before these suites, to the test.
///
/// # Errors
///
/// When the trial cannot be held: the bug cannot be planted, a program cannot be started.
pub fn hold(workshop: &mut Workshop, what: Defendant<'_>, terms: Terms) -> Result<Trial> {
    let files = match what {
        Defendant::Mutant(mutant) => workshop.plant(mutant)?,
        Defendant::Unmutated(_) => Texts::new(),
    };
    workshop.set(&files).context("planting")?;
    let trial = match what {
        Defendant::Mutant(mutant) if mutant.suites() == Suites::Cargo => cargo_tests(workshop, mutant),
        _ => suites_of_the_lab(workshop, what, terms),
    };
    workshop.set(&Texts::new()).context("taking the bug out")?;
    trial
}

/// What the compiler says first, without warnings.
fn first_error(said: &str) -> String {
    const LINES_MAX: usize = 12;

    let is_warning = |line: &&str| !line.starts_with("error");
    said.lines().skip_while(is_warning).take(LINES_MAX).collect::<Vec<_>>().join("\n")
}

/// Who is on trial.
#[derive(Clone, Copy, Debug)]
pub enum Defendant<'a> {
    /// A planted bug.
    Mutant(&'a Mutant),
    /// The code as it is, before these suites.
    Unmutated(Suites),
}

impl Defendant<'_> {
    fn verdict(&self, verdict: Verdict) -> Trial {
        let (name, group) = match self {
            Self::Mutant(mutant) => (mutant.name.clone(), mutant.group.clone()),
            Self::Unmutated(suites) => (UNMUTATED.to_owned(), format!("{suites:?}").to_lowercase()),
        };
        Trial {
            name,
            group,
            verdict,
            runs: Vec::new(),
            cpu_ms: 0.0,
            build_ms: 0.0,
            is_explained: false,
            message: String::new(),
        }
    }

    fn suites(&self) -> Suites {
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
        let of_part = |part: &_| suites::of_part(*part).map(|case| case.name);
        let mut names: Vec<&'static str> = self.suites().parts().iter().flat_map(of_part).collect();
        names.sort_by_key(|name| Some(*name) != first); // stable: the rest stays in order
        names
    }
}

fn suites_of_the_lab(workshop: &Workshop, what: Defendant<'_>, terms: Terms) -> Result<Trial> {
    let began = Instant::now();
    let mut cargo = workshop.cargo();
    let (arguments, program) = workshop.program(what.suites());
    cargo.args(["build", "--offline", "--quiet"]).args(arguments);
    let built = cargo.output().context("cannot start cargo")?;
    let build_ms = began.elapsed().as_secs_f64() * 1000.0;
    if !built.status.success() {
        let message = first_error(&String::from_utf8_lossy(&built.stderr));
        return Ok(Trial { build_ms, message, ..what.verdict(Verdict::DoesNotCompile) });
    }
    let mut probe = limited(&program, terms.cpu_max);
    probe.current_dir(workshop.path()).arg("probe").args(["--seeds", &terms.seeds.to_string()]);
    if terms.is_thorough {
        probe.arg("--all");
    }
    probe.args(what.tests());
    let (runs, status, message) = listen(probe)?;
    let verdict = match status.code() {
        _ if runs.iter().any(|run| run.failure.is_some()) => Verdict::Caught,
        Some(0) => Verdict::Survived,
        _ if is_out_of_time(status) => Verdict::TimedOut,
        _ => Verdict::Crashed,
    };
    let cpu_ms = runs.iter().map(|run| run.cpu_ms).sum();
    let mut trial = Trial { runs, cpu_ms, build_ms, message, ..what.verdict(verdict) };
    if let (Defendant::Mutant(mutant), Some(failure)) =
        (what, trial.first_failure().and_then(|run| run.failure.as_ref()))
    {
        trial.is_explained = failure.names(&mutant.rule);
    }
    Ok(trial)
}

/// A program that is ended by the system after so much processor time, where a shell can ask for that.
fn limited(program: &Path, cpu_max: Duration) -> Command {
    if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -t {}; exec \"$0\" \"$@\"", cpu_max.as_secs().max(1)));
        shell.arg(program);
        shell
    } else {
        Command::new(program)
    }
}

#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;

    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    matches!(status.signal(), Some(SIGKILL | SIGXCPU))
}

#[cfg(not(unix))]
fn is_out_of_time(_: ExitStatus) -> bool {
    false
}

/// Starts the program, takes down what it says, and waits for its end. The last line of its complaints comes along.
fn listen(mut program: Command) -> Result<(Vec<Run>, ExitStatus, String)> {
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().context("cannot start the program of a copy")?;
    let mut complaints = child.stderr.take().context("no pipe")?;
    let complaints = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = complaints.read_to_end(&mut bytes); // what could be read is all there is
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let mut runs = Vec::new();
    for line in BufReader::new(child.stdout.take().context("no pipe")?).lines() {
        let line = line.context("reading what a copy's program says")?;
        // The last line of a program that was ended in the middle of it is not whole.
        if let Ok(run) = serde_json::from_str(&line) {
            runs.push(run);
        }
    }
    let status = child.wait().context("waiting for a copy's program")?;
    let complaints = complaints.join().unwrap_or_default();
    let last = complaints.lines().last().unwrap_or_default().to_owned();
    Ok((runs, status, last))
}

/// Puts a bug of the lab before cargo's tests. It is caught if they were built and failed.
fn cargo_tests(workshop: &Workshop, mutant: &Mutant) -> Result<Trial> {
    let what = Defendant::Mutant(mutant);
    let began = Instant::now();
    let built = workshop
        .cargo()
        .args(["test", "--offline", "--quiet", "--no-run"])
        .args(&mutant.check)
        .output()
        .context("cannot start cargo")?;
    let build_ms = began.elapsed().as_secs_f64() * 1000.0;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !built.status.success() {
        return Ok(Trial { build_ms, message: text(&built.stderr), ..what.verdict(Verdict::DoesNotCompile) });
    }
    let began = Instant::now();
    let ran = workshop
        .cargo()
        .args(["test", "--offline", "--quiet", "--no-fail-fast"])
        .args(&mutant.check)
        .output()
        .context("cannot start cargo")?;
    let cpu_ms = began.elapsed().as_secs_f64() * 1000.0;
    let said = text(&ran.stdout) + &text(&ran.stderr);
    let ran_any = said.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
    if !ran_any {
        bail!("mutant {}: cargo test {} runs no test", mutant.name, mutant.check.join(" "));
    }
    let verdict = match ran.status.code() {
        Some(0) => Verdict::Survived,
        Some(101) if said.contains("test result: FAILED") => Verdict::Caught,
        _ => Verdict::Crashed,
    };
    let is_explained = verdict == Verdict::Caught && said.contains(&mutant.rule);
    let message = failed_tests(&said).join(", ");
    Ok(Trial { build_ms, cpu_ms, is_explained, message, ..what.verdict(verdict) })
}

/// The names below cargo's last "failures:".
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_test_runs_first_and_none_is_left_out() {
        let catalogue =
            super::super::catalogue::Catalogue::load(&super::super::catalogue::root()).expect("a catalogue");
        for mutant in catalogue.mutants.iter().filter(|mutant| mutant.suites() != Suites::Cargo) {
            let tests = Defendant::Mutant(mutant).tests();
            assert_eq!(tests.first().copied(), mutant.test.as_deref(), "{}", mutant.name);
            let all = Defendant::Unmutated(mutant.suites()).tests();
            assert_eq!(tests.len(), all.len(), "{}", mutant.name);
        }
    }

    #[test]
    fn the_names_of_failed_tests_are_found() {
        let said = "running 3 tests\n\nfailures:\n\n---- a stdout ----\npanicked\n\n\nfailures:\n    \
                    one::a\n    two\n\ntest result: FAILED. 1 passed; 2 failed\n";
        assert_eq!(failed_tests(said), ["one::a", "two"]);
    }
}
