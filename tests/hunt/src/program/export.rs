//! `export`: all events of a run.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use lab_runs::OutputFile;
use labrpc::sim::Tracing;

use super::arguments::RunArguments;
use super::process::Verdict;
use super::simulated_test::Tests;

/// Writes all events of a run, a JSON object a line.
#[derive(Args, Debug)]
pub(super) struct Export {
    #[command(flatten)]
    run: RunArguments,
    /// Where to; the standard output if it is not said
    #[arg(short, long)]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self, tests: Tests) -> Result<Verdict> {
        let run = self.run.one_run(tests)?;
        let file =
            self.output.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
        let report = run.run(Tracing::Last(usize::MAX)).unwrap_or_else(|failure| failure.report);
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
