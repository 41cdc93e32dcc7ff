//! What graders need that hand over one submission at a time: their files, and a build before the first one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lab::Verdict;
use lab_hunt::program::quantity;

use super::lock::Lock;
use super::workshop::Workshop;
use crate::one::read_rubric;
use crate::seeds::Secret;

/// What the README of a handout with the solution says.
const SOLVED: &str = include_str!("../../../handout/shapes/solved.md");

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
        let out = self.out.canonicalize()?;
        let _lock = Lock::take(&out)?;
        Workshop::open(&self.handout, &out.join("work"), Duration::ZERO, false)?;
        Ok(Verdict::Ok)
    }
}

/// Looks through what a class is to be graded with, and grades and builds nothing.
#[derive(Args, Debug)]
pub struct Check {
    /// The rubric
    #[arg(long, value_name = "FILE")]
    rubric: PathBuf,
    /// What students were given
    #[arg(long, value_name = "DIR")]
    handout: PathBuf,
    /// The file with the course's secret. That of the environment does not count: where this is graded, there is another one
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Check {
    /// Looks through it.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong.
    pub fn run(&self) -> Result<Verdict> {
        let rubric = read_rubric(&self.rubric)?;
        let secret = self.secret_file.as_deref().map(|file| Secret::find(Some(file))).transpose()?;
        if rubric.seeds.hidden > 0 && secret.is_none() {
            bail!(
                "the rubric asks for {} hidden seeds: name the file with the course's secret with --secret-file",
                rubric.seeds.hidden
            );
        }
        let handout = Workshop::check(&self.handout)?;
        let readme = fs::read_to_string(handout.join("README.md")).unwrap_or_default();
        if SOLVED.trim().lines().last().is_some_and(|words| readme.contains(words)) {
            bail!(
                "{} has the solution in it: name what students were given, which cargo lab handout makes without --solution",
                self.handout.display()
            );
        }
        Ok(Verdict::Ok)
    }
}
