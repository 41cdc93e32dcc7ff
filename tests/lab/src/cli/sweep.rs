//! `cargo lab sweep`: tests over very many seeds, on all cores, whatever the code under test does.

use anyhow::{Result, bail};
use clap::Args;

use super::names::{self, Selected};
use crate::program::Verdict;
use lab_harness::implementation::Implementation;
use lab_hunt::program::{SweepArguments, Swept};
use lab_suites::grade::grading::run_max;
use lab_suites::grade::target::info;

/// Runs tests over very many seeds, on all cores, and says how often and why they fail.
///
/// Each run is made in a worker process, so that a crash, an exit, a hang or memory run wild is the failure of its seed
/// alone. What was run is kept under target/lab/sweep/: the same command goes on where it was stopped, as long as the
/// executable, the limits and the environment are the same. Ctrl-C ends it with the same summary. The exit code is 0 if all runs passed, 1 if one failed,
/// 2 if the sweep could not be run to its end.
#[derive(Args, Debug)]
pub(crate) struct Sweep {
    /// Parts (2K and 2L; 3A to 3D, or 2A to 2D; 4A to 4C; E1 to E7) or tests; all that are offered but E7 if none is given
    names: Vec<String>,
    #[command(flatten)]
    sweep: SweepArguments,
}

impl Sweep {
    pub(super) fn run(&self, implementation: Implementation) -> Result<Verdict> {
        let Selected { cases, note } = names::select_for(&self.names, implementation)?;
        if cases.is_empty() {
            bail!("nothing to sweep: {}", note.unwrap_or_else(|| "no test was named".to_owned()));
        }
        if let Some(note) = note {
            lab_runs::eprintln!("{note}");
        }
        let tests = cases.into_iter().map(info).collect();
        self.sweep.run(Swept {
            tests,
            name: implementation.name(),
            run_max,
            launch: lab_hunt::program::launch(),
        })
    }
}
