//! `cargo lab grade --rubric`: another program does it, `lab-grading`, which is built when it is asked for.
//!
//! It counts the points and knows the hidden seeds, and has no code under test in it: this program is only what its workers run.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cli::another;
use crate::program::Verdict;

/// How to grade with a rubric.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "With a rubric")]
pub struct RubricArguments {
    /// Grade with this rubric: points, deadlines, hidden seeds, budgets
    #[arg(long, value_name = "FILE", requires = "out")]
    pub rubric: Option<PathBuf>,
    /// The folder for the results, in all formats
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write a rubric to begin with, and do nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rubric", "repeat"])]
    pub write_rubric: Option<PathBuf>,
    /// Make a grade again from its grade.json, and say whether it is the same
    #[arg(long, value_name = "FILE", conflicts_with = "rubric")]
    pub repeat: Option<PathBuf>,
    /// When it was handed in, as 2026-10-01T23:59:00-04:00; without it nothing is late
    #[arg(long, value_name = "MOMENT")]
    pub submitted: Option<String>,
    /// The file with the course's secret, from which hidden seeds are derived [default: the environment's LAB_COURSE_SECRET]
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Take no longer than this, also if the rubric allows more: 90s, 8m
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Write Gradescope's results.json to this file as well
    #[arg(long, value_name = "FILE")]
    pub gradescope: Option<PathBuf>,
    /// Write Classroom 50's result.json to this file as well
    #[arg(long, value_name = "FILE")]
    pub classroom50: Option<PathBuf>,
}

impl RubricArguments {
    /// Whether a rubric is meant at all.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        !self.words().is_empty()
    }

    /// The same, as words of a command.
    fn words(&self) -> Vec<OsString> {
        let Self { rubric, out, write_rubric, repeat, submitted, secret_file, time, gradescope, classroom50 } =
            self;
        let files = [
            ("--rubric", rubric),
            ("--out", out),
            ("--write-rubric", write_rubric),
            ("--repeat", repeat),
            ("--secret-file", secret_file),
            ("--gradescope", gradescope),
            ("--classroom50", classroom50),
        ];
        let texts = [("--submitted", submitted), ("--time", time)];
        let files = files.map(|(name, value)| (name, value.clone().map(PathBuf::into_os_string)));
        let texts = texts.map(|(name, value)| (name, value.clone().map(OsString::from)));
        let all = files.into_iter().chain(texts);
        all.filter_map(|(name, value)| Some([OsString::from(name), value?])).flatten().collect()
    }
}

pub(super) fn run(arguments: &RubricArguments, names: &[String], as_user: Option<&str>) -> Result<Verdict> {
    if !names.is_empty() {
        bail!("the rubric says which tests are graded: leave out {}", names.join(" "));
    }
    if arguments.rubric.is_none() && arguments.repeat.is_none() && arguments.write_rubric.is_none() {
        bail!("these arguments are for a rubric: name one with --rubric, or write one with --write-rubric");
    }
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut words = vec![OsString::from("grade"), "--program".into(), program.into_os_string()];
    words.extend(arguments.words());
    words.extend(as_user.into_iter().flat_map(|user| ["--as-user".into(), user.into()]));
    another::become_it("grading", "lab-grading", words)
}
