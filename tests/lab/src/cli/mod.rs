//! The subcommands of every program of the lab: one file each.

mod arguments;
mod check;
mod export;
mod grade;
mod list;
mod merge;
mod names;
mod quantity;
mod repeat;
mod replay;
mod result_files;
mod shrink;
mod sweep;
mod user;

use anyhow::Result;
use clap::Subcommand;

use lab_hunt::workers::{self, Launch};
use lab_runs::commands;
use lab_suites::grade::target::Suites;

use crate::program::{Implementations, Verdict};

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Runs parts or tests over their seeds and shows what they are worth.
    Grade(grade::Grade),
    /// Shows all tests, with their points.
    List(list::List),
    /// Runs one test with one seed again and shows what happened.
    Replay(replay::Replay),
    /// Writes a run for other tools.
    Export(export::Export),
    /// Finds a smaller run that still fails, and tells it as a story.
    Shrink(shrink::Shrink),
    /// Checks a history of operations in a file for linearizability.
    Check(check::Check),
    /// Runs tests over very many seeds, on all cores, and says how often and why they fail.
    Sweep(sweep::Sweep),
    /// Puts the results of shards of a sweep together.
    Merge(merge::Merge),
    /// Repeats cargo test, on real threads, until it fails.
    Repeat(repeat::Repeat),
    /// What the worker processes of grade and sweep run.
    #[command(hide = true, name = workers::COMMAND)]
    Work,
}

/// How this program's workers are started.
fn launch() -> Launch {
    // This program has no other children.
    workers::adopt_orphans();
    Launch {
        arguments: vec![workers::COMMAND.to_owned()],
        // Their reports are to name what people have typed, and not how they were started themselves.
        environment: vec![(commands::COMMAND.to_owned(), commands::program())],
        ..Launch::default()
    }
}

impl Command {
    pub(crate) fn run(self, graded: Implementations) -> Result<Verdict> {
        let implementation = graded.implementation;
        match self {
            Self::Grade(grade) => grade.run(implementation),
            Self::List(list) => list.run(),
            Self::Replay(replay) => replay.run(implementation),
            Self::Export(export) => export.run(implementation),
            Self::Shrink(shrink) => shrink.run(graded),
            Self::Check(check) => check.run(),
            Self::Sweep(sweep) => sweep.run(implementation),
            Self::Merge(merge) => merge.run(),
            Self::Repeat(repeat) => repeat.run(),
            Self::Work => workers::work(&Suites { implementation }).map(|()| Verdict::Ok),
        }
    }
}
