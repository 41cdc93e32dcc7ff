//! `merge`: the results of shards as one.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use lab_runs::{print, println};
use labrpc::printable;

use super::process::Verdict;
use super::result_files::ResultFiles;
use crate::sweep::{self, Extent, Merged, Results};

/// Puts the results of shards together, from the files that sweep --json wrote.
///
/// The files must come from the same executable. The exit code is 0 if all runs passed, 1 if one failed, 2 if shards are
/// missing or files do not belong together.
#[derive(Args, Debug)]
pub struct Merge {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    results: ResultFiles,
}

impl Merge {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written, do not belong together, or are not all there are.
    pub fn run(&self) -> Result<Verdict> {
        let whole = self.results.reserve()?;
        let read = |path: &PathBuf| Ok((path.display().to_string(), Results::read(path)?));
        let files = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let Merged { results, missing } = sweep::merge(files)?;
        let written = whole.write(&results);
        print!("{}", sweep::results_text(&results));
        println!("\n{} files, {:.1} s of processor time", self.files.len(), results.cpu_s);
        let extent = if missing.is_empty() { Extent::Whole } else { Extent::Part };
        println!("{}", printable(&sweep::conclusion(&results.rows, extent)));
        written?;
        for sentence in &missing {
            lab_runs::eprintln!("{}", printable(sentence));
        }
        // A shard that is missing may hold the failure, so what is there being well is no verdict.
        match (results.failed(), missing.is_empty()) {
            (0, true) => Ok(Verdict::Ok),
            (0, false) => bail!("not everything is there"),
            _ => Ok(Verdict::Failed),
        }
    }
}
