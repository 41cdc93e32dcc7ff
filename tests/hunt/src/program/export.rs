//! `export`: all events of a run.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use lab_runs::OutputFile;
use labrpc::sim::{Policy, Tracing};

use super::arguments::find_with_seed;
use super::process::Verdict;
use super::replay::plan;
use super::simulated_test::{OneRun, Tests};

/// Writes all events of a run, a JSON object a line.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// A test and a seed, in either order
    #[arg(num_args = 2, required = true, value_names = ["TEST", "SEED"])]
    which: Vec<String>,
    /// Where to; the standard output if it is not said
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Who runs next, as the failure says
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
}

impl Export {
    pub(super) fn run(&self, tests: Tests) -> Result<Verdict> {
        let (info, seed) = find_with_seed(&self.which[0], &self.which[1], &tests, &tests.infos())?;
        let test = tests.test(info.name).context("the test was found before")?;
        let file =
            self.output.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
        let run = OneRun { test, plan: plan(seed, self.policy) }.run(Tracing::Last(usize::MAX));
        let report = run.unwrap_or_else(|failure| failure.report);
        let mut text = Vec::new();
        report.trace.write_json_lines(&mut text)?;
        match file {
            Some(file) => file.write(&text).map_err(|error| anyhow!(error))?,
            None => match std::io::stdout().lock().write_all(&text) {
                // Whoever reads has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                other => other.context("cannot write to the standard output")?,
            },
        }
        Ok(Verdict::Ok)
    }
}
