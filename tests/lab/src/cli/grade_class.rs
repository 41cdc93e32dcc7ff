//! `cargo lab grade-class`: another program does it, `lab-grading`, which reads the arguments.

use std::ffi::OsString;

use anyhow::Result;
use clap::Args;

use super::another;
use crate::program::Verdict;

/// Grades a class: each submission built and graded apart, with a rubric.
#[derive(Args, Debug)]
pub(crate) struct GradeClass {
    /// Those of the program that does it: `--help` shows them
    #[arg(num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl GradeClass {
    pub(super) fn run(&self) -> Result<Verdict> {
        let words = [OsString::from("grade-class")].into_iter().chain(self.arguments.iter().cloned());
        another::become_it("grading", "lab-grading", words.collect())
    }
}
