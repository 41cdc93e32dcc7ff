//! The files that sweep and merge write their results to.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;

use crate::sweep::{self, Results};
use lab_runs::OutputFile;

/// Where the results are to go.
#[derive(Args, Debug)]
pub(super) struct ResultFiles {
    /// Write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the results to this file, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Files that can be written.
pub(super) struct Reserved {
    json: Option<OutputFile>,
    junit: Option<OutputFile>,
}

impl ResultFiles {
    /// Opens the files, before the work is done whose results they are for.
    pub(super) fn reserve(&self) -> Result<Reserved> {
        let reserve = |path: &Option<PathBuf>| {
            path.as_deref().map(OutputFile::reserve).transpose().map_err(|error| anyhow!(error))
        };
        let (json, junit) = (reserve(&self.json)?, reserve(&self.junit)?);
        if let (Some(json), Some(junit)) = (&json, &junit)
            && json.is_same(junit)
        {
            bail!("--json and --junit name the same file: give each its own");
        }
        Ok(Reserved { json, junit })
    }
}

impl Reserved {
    /// Writes them. One that cannot be written does not keep the other from it.
    pub(super) fn write(self, results: &Results) -> Result<()> {
        let write = |file: Option<OutputFile>, text: Result<Vec<u8>>| match file {
            Some(file) => file.write(&text?).map_err(|error| anyhow!(error)),
            None => Ok(()),
        };
        let json = write(self.json, results.to_json());
        let junit = write(self.junit, sweep::junit(results));
        json.and(junit)
    }
}
