//! `lab probe`: what [`mutants`](crate::mutants) starts in its copies.

use std::io::Write;

use anyhow::Result;
use clap::Args;

use super::{Verdict, names};
use crate::implementation::Implementation;
use crate::mutants::probe::{Run, probe};
use crate::sweep;

/// Runs these tests, in this order, with the first seed, then with the second, and prints a line of JSON for each run.
#[derive(Args, Debug)]
pub(super) struct Probe {
    /// The tests
    #[arg(required = true)]
    tests: Vec<String>,
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Go on after the first failure
    #[arg(long)]
    all: bool,
}

impl Probe {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        sweep::die_with_parent();
        let cases = self.tests.iter().map(|name| names::find(name)).collect::<Result<Vec<_>>>()?;
        let tell = |run: &Run| {
            let mut out = std::io::stdout().lock();
            // Nobody reads any more: whoever started this has ended, and so will this.
            let _ = serde_json::to_writer(&mut out, run);
            let _ = writeln!(out).and_then(|()| out.flush());
        };
        let is_passed = probe(&cases, self.seeds, self.all, implementation, tell);
        Ok(if is_passed { Verdict::Ok } else { Verdict::Failed })
    }
}
