//! `cargo lab export`: a run for other tools.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use labrpc::sim::{Policy, Tracing};

use super::arguments::read_test_and_seed;
use crate::program::Verdict;
use lab_harness::case::TestCase;
use lab_harness::implementation::Implementation;
use lab_harness::run::run_case;
use lab_linearizability::text::Model;
use lab_report::export::{ExportFormat, export};
use lab_runs::settings::World;
use lab_runs::{OutputFile, Plan};

/// Writes a run for other tools: a history for checkers, a log for ShiViz, a trace for Perfetto.
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Export {
    /// A format (history-json, history-edn, shiviz, chrome-trace or trace), a test and a seed, in any order
    #[arg(num_args = 3, required = true, value_names = ["FORMAT", "TEST", "SEED"])]
    what: Vec<String>,
    /// Where to; the standard output if it is not said
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Who runs next: random, pct, pct:DEPTH, urw, surw, pos, starve, fifo, or portfolio, a mix by seed
    #[arg(long, env = "LAB_POLICY", default_value = "random")]
    policy: Policy,
    /// Which operations of a history: kv or versioned-kv; by default those of which there are more
    #[arg(long, value_parser = |text: &str| text.parse::<Model>())]
    model: Option<Model>,
}

const HELP: &str = "\
Formats:
  history-json  what clients asked and were told, as JSON lines: cargo lab check FILE --model kv
  history-edn   the same as Jepsen writes it
  shiviz        https://bestchai.bitbucket.io/shiviz: upload the file, or paste it from its third line on and give
                the expression (?<date>\\d+\\.\\d+) (?<host>\\S+) (?<clock>\\{.*\\})\\n(?<event>.*)
  chrome-trace  https://ui.perfetto.dev or chrome://tracing: open the file; a microsecond there is a virtual one
  trace         all events, a JSON object a line";

impl Export {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let (format, case, seed) = read(&self.what)?;
        let file =
            self.output.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))?;
        let tracing = Tracing::Last(usize::MAX);
        let plan = Plan { world: World::Simulated, seed, policy: self.policy, tracing };
        let run = run_case(case, implementation, plan);
        let text = export(format, &run, self.model)
            .map_err(|error| anyhow!("{} of {}: {error}", format, case.name))?;
        match (file, &self.output) {
            (Some(file), Some(path)) => {
                file.write(text.as_bytes()).map_err(|error| anyhow!(error))?;
                let how = if run.failure.is_some() { "failed" } else { "passed" };
                lab_runs::eprintln!("{}: {} bytes; the run {how}", path.display(), text.len());
            }
            _ => write_out(&text)?,
        }
        Ok(Verdict::Ok)
    }
}

/// Tells format, test and seed apart.
fn read(words: &[String]) -> Result<(ExportFormat, &'static TestCase, u64)> {
    let place = words.iter().position(|word| word.parse::<ExportFormat>().is_ok());
    let Some(place) = place else {
        // The first one is meant to be the format.
        let format: ExportFormat = words[0].parse().map_err(|error: String| anyhow!(error))?;
        return Err(anyhow!("{format} needs a test and a seed"));
    };
    let mut others = words.to_vec();
    let format = others.remove(place).parse().map_err(|error: String| anyhow!(error))?;
    let (case, seed) = read_test_and_seed(&others[0], &others[1])?;
    Ok((format, case, seed))
}

fn write_out(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to the standard output"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn help_shows_the_expression_that_the_file_has() {
        assert!(super::HELP.contains(lab_report::export::SHIVIZ_EXPRESSION));
    }
}
