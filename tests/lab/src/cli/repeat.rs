//! `cargo lab repeat`: `cargo test` again and again, on real threads, until it fails.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lab_runs::{eprintln, println};
use labrpc::printable;
use labrpc::sync::Arc;
use labrpc::time::Instant;

use crate::program::Verdict;
use lab_hunt::program::quantity::{count, time};
use lab_hunt::{sweep, workers};
use lab_runs::artifacts;

/// So many of the last lines of a failure are shown.
const LINES_SHOWN: usize = 40;

/// Repeats cargo test, on real threads, until it fails.
///
/// What the failing run printed is kept under target/lab/flaky/. The world is the real one unless LAB_WORLD says
/// otherwise. The exit code is 0 if all repetitions passed, 1 if one failed, 2 if none could be run.
#[derive(Args, Debug)]
pub(crate) struct Repeat {
    /// How many times at most [default: without end]
    #[arg(short = 'n', long, value_name = "TIMES", value_parser = count)]
    times: Option<u64>,
    /// Stop after this time: 90s, 10m, 1h30m
    #[arg(long, value_parser = time)]
    time: Option<Duration>,
    /// Which tests: a part of their names, as cargo test takes it
    filter: String,
    /// What else cargo test is given: -- -p labrpc-tests
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Repeat {
    pub(super) fn run(&self) -> Result<Verdict> {
        self.build()?;
        let directory = artifacts::root().join("flaky");
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        // With the number of the process in its name: two of these in two terminals must not write into one
        // file.
        let output = directory.join(format!("under-way-{}.txt", std::process::id()));
        let is_interrupted = Arc::new(AtomicBool::new(false));
        let pressed = Arc::clone(&is_interrupted);
        workers::on_interrupt(move || pressed.store(true, Ordering::Relaxed))?;
        let began = Instant::now();
        let mut passed = 0;
        let mut failure = None;
        while self.times.is_none_or(|times| passed < times)
            && self.time.is_none_or(|time| began.elapsed() < time)
        {
            let is_passed = self.once(&output)?;
            // Before the result is looked at: Ctrl-C goes to cargo as well, and a test that was killed is no
            // failure.
            if is_interrupted.load(Ordering::Relaxed) {
                break;
            }
            if !is_passed {
                failure = Some(self.keep(&directory, &output, passed + 1)?);
                break;
            }
            passed += 1;
            eprintln!("{passed} passed, {:.1} s", began.elapsed().as_secs_f64());
        }
        // It is gone if it was kept.
        let _ = fs::remove_file(&output);
        let failed = u64::from(failure.is_some());
        println!("{}", sweep::rate_text(failed, passed + failed));
        match failure {
            Some(path) => println!("output: {}", path.display()),
            None if passed == 0 => bail!("not one repetition came to its end"),
            None => return Ok(Verdict::Ok),
        }
        Ok(Verdict::Failed)
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg("test");
        // A simulation would give the same result each time: with one seed there is nothing to repeat.
        if std::env::var_os("LAB_WORLD").is_none() {
            cargo.env("LAB_WORLD", "real");
        }
        cargo
    }

    /// Builds first, so that what does not compile is not taken for a failure.
    fn build(&self) -> Result<()> {
        // What follows a second -- is for the tests' executable, which is not started here.
        let of_cargo = self.rest.split(|argument| argument == "--").next().unwrap_or_default();
        let mut cargo = self.cargo();
        cargo.arg("--no-run").arg(&self.filter).args(of_cargo);
        let status = cargo.status().context("cannot run cargo")?;
        if !status.success() {
            bail!("cargo test does not build");
        }
        Ok(())
    }

    /// Runs it once, and says whether it passed.
    fn once(&self, output: &Path) -> Result<bool> {
        let problem = || format!("cannot write {}", output.display());
        let file = File::create(output).with_context(problem)?;
        let also = file.try_clone().with_context(problem)?;
        let mut cargo = self.cargo();
        cargo.arg(&self.filter).args(&self.rest).stdout(file).stderr(also);
        let status = cargo.status().context("cannot run cargo")?;
        // cargo test with a misspelt filter runs nothing and is content. Repeated a thousand times it would
        // prove as much.
        if status.success() && tests_run(&read(output)?) == 0 {
            bail!("no test matches {:?}: cargo test -- --list shows all", self.filter);
        }
        Ok(status.success())
    }

    /// Keeps the output of a failure and shows its end.
    fn keep(&self, directory: &Path, output: &Path, number: u64) -> Result<PathBuf> {
        let name: String =
            self.filter.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let kept = directory.join(format!("{name}-{number}.txt"));
        fs::rename(output, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
        let text = read(&kept)?;
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
            println!("  {}", printable(line));
        }
        Ok(kept)
    }
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How many tests cargo's output says have passed.
fn tests_run(output: &str) -> u64 {
    let results = output.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_ran_are_counted_over_all_executables() {
        let output = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 9 filtered out\n\
                      test a ... ok\ntest result: ok. 12 passed; 0 failed; 0 ignored\ntest result: ok. 3 passed;\n";
        assert_eq!(tests_run(output), 15);
        assert_eq!(tests_run("test result: ok. 0 passed; 0 failed"), 0);
    }
}
