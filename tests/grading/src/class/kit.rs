//! What graders need that hand over one submission at a time: their files, and a build before the first one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lab::Verdict;
use lab_hunt::program::quantity;

use super::workshop::Workshop;

/// For graders that hand over one submission at a time, as the kits in `scripts/kits` do.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Kit {
    /// With one submission: write Gradescope's results.json to this file as well
    #[arg(long, value_name = "FILE")]
    pub(super) gradescope: Option<PathBuf>,
    /// With one submission: write Classroom 50's result.json to this file as well
    #[arg(long, value_name = "FILE")]
    pub(super) classroom50: Option<PathBuf>,
    /// With one submission: when it was handed in, from Gradescope's submission_metadata.json
    #[arg(long, value_name = "FILE", conflicts_with = "times")]
    pub(super) metadata: Option<PathBuf>,
    /// With one submission: take no longer than this, with the build: 90s, 9m
    #[arg(long, value_name = "TIME", value_parser = quantity::time)]
    pub(super) time: Option<Duration>,
}

impl Kit {
    pub(super) fn is_used(&self) -> bool {
        let Self { gradescope, classroom50, metadata, time } = self;
        [gradescope, classroom50, metadata].into_iter().any(Option::is_some) || time.is_some()
    }
}

/// Builds what all submissions of a class are built with, and grades nothing. The next `grade-class` with the same handout and folder
/// begins at once.
#[derive(Args, Debug)]
pub struct Prepare {
    /// The folder for the results
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What students were given
    #[arg(long, value_name = "DIR")]
    handout: PathBuf,
}

impl Prepare {
    /// Builds it.
    ///
    /// # Errors
    ///
    /// If the handout is none, or does not compile.
    pub fn run(&self) -> Result<Verdict> {
        fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
        Workshop::open(&self.handout, &self.out.canonicalize()?.join("work"), Duration::ZERO, false)?;
        Ok(Verdict::Ok)
    }
}
