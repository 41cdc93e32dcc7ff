//! `cargo lab check`: whether a history in a file is linearizable.

use std::path::PathBuf;

use anstream::println;
use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::program::Verdict;
use lab_linearizability::text::{Model, check_text};
use lab_linearizability::{self as linearizability, Budget};

/// Checks a history of operations, of this lab or of any other system, for linearizability.
///
/// The file holds JSON lines, Jepsen's EDN, or one of porcupine's key/value logs. The exit code is 0 if the history is
/// linearizable, 1 if it is not, and 2 if that could not be decided or the file could not be read.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The file
    file: PathBuf,
    /// What the operations mean: kv, versioned-kv, register or cas-register
    #[arg(long, default_value = "kv", value_parser = parse_model)]
    model: Model,
    /// The limit of the search, in steps for each key
    #[arg(long, value_name = "STEPS", default_value_t = Budget::default().steps_max)]
    budget: u64,
}

fn parse_model(text: &str) -> Result<Model, String> {
    text.parse()
}

impl Check {
    pub(super) fn run(&self) -> Result<Verdict> {
        let contents = std::fs::read_to_string(&self.file)
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let check = check_text(&contents, self.model, Budget { steps_max: self.budget })
            .with_context(|| format!("{} is no history of this model", self.file.display()))?;
        println!("{}", check.report.trim_end());
        match check.verdict {
            linearizability::Verdict::Ok => Ok(Verdict::Ok),
            linearizability::Verdict::Illegal => Ok(Verdict::Failed),
            // Neither well nor failed: a search that gives up has found no order, and has not shown that there
            // is none.
            linearizability::Verdict::Unknown => {
                Err(anyhow!("not decided within {} steps: try a higher --budget", self.budget))
            }
        }
    }
}
