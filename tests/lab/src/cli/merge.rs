//! `cargo lab merge`: the results of shards as one.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lab_runs::{print, println};

use super::sweep::write_files;
use crate::program::Verdict;
use lab_hunt::sweep::{self, Merged, Results};

/// Puts the results of shards together, from the files that cargo lab sweep --json wrote.
///
/// The files must come from the same executable. The exit code is 0 if all runs passed, 1 if one failed, 2 if shards are
/// missing or files do not belong together.
#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the whole to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the whole to this file, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Merge {
    pub(super) fn run(&self) -> Result<Verdict> {
        let read = |path: &PathBuf| Ok((path.display().to_string(), Results::read(path)?));
        let files = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let Merged { results, missing } = sweep::merge(files)?;
        write_files(&results, self.json.as_ref(), self.junit.as_ref())?;
        print!("{}", sweep::results_text(&results));
        println!("\n{} files, {:.1} s of processor time", self.files.len(), results.cpu_s);
        println!("{}", sweep::conclusion(&results.rows));
        for sentence in &missing {
            lab_runs::eprintln!("{sentence}");
        }
        // A shard that is missing may hold the failure, so what is there being well is no verdict.
        match (results.failed(), missing.is_empty()) {
            (0, true) => Ok(Verdict::Ok),
            (0, false) => bail!("not everything is there"),
            _ => Ok(Verdict::Failed),
        }
    }
}
