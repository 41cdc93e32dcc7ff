//! The subcommands of every program of the lab: one file each.

pub(crate) mod another;
mod arguments;
mod check;
mod exhaust;
mod export;
mod grade;
mod grade_class;
mod hint;
mod list;
mod names;
pub(crate) mod next;
mod repeat;
mod replay;
mod shrink;
mod sweep;
mod timeline;
pub(crate) mod user;
mod watch;

use anyhow::Result;
use clap::Subcommand;

use lab_hunt::workers;
use lab_suites::grade::target::Suites;

pub use grade::RubricArguments;

use crate::program::{Implementations, Verdict};

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Runs parts or tests over their seeds and shows what they are worth.
    Grade(grade::Grade),
    /// Shows the next milestone of the course: the first with a test that fails.
    Next(next::Next),
    /// Shows the next hint of a milestone.
    Hint(hint::Hint),
    /// Grades what comes next each time you save.
    Watch(watch::Watch),
    /// Grades a class: each submission built and graded apart, with a rubric.
    #[command(disable_help_flag = true)]
    GradeClass(grade_class::GradeClass),
    /// Shows all tests, with their points.
    List(list::List),
    /// Runs one test with one seed again and shows what happened.
    Replay(replay::Replay),
    /// Runs a small scenario under all schedules with few preemptions.
    Exhaust(exhaust::Exhaust),
    /// Writes a run for other tools.
    Export(export::Export),
    /// Writes a page that shows a run: servers, messages, faults and clients on one axis of time.
    Timeline(timeline::Timeline),
    /// Finds a smaller run that still fails, and tells it as a story.
    Shrink(shrink::Shrink),
    /// Checks a history of operations in a file for linearizability.
    Check(check::Check),
    /// Runs tests over very many seeds, on all cores, and says how often and why they fail.
    Sweep(sweep::Sweep),
    /// Puts the results of shards of a sweep together.
    Merge(lab_hunt::program::Merge),
    /// Repeats cargo test, on real threads, until it fails.
    Repeat(repeat::Repeat),
    /// What the worker processes of grade and sweep run.
    #[command(hide = true, name = workers::COMMAND)]
    Work,
}

impl Command {
    pub(crate) fn run(self, graded: Implementations) -> Result<Verdict> {
        let implementation = graded.implementation;
        match self {
            Self::Grade(grade) => grade.run(implementation),
            Self::Next(next) => next.run(graded.course),
            Self::Hint(hint) => hint.run(graded.course),
            Self::Watch(watch) => watch.run(graded.course),
            Self::GradeClass(class) => class.run(),
            Self::List(list) => list.run(),
            Self::Replay(replay) => replay.run(implementation),
            Self::Exhaust(exhaust) => exhaust.run(implementation),
            Self::Export(export) => export.run(implementation),
            Self::Timeline(timeline) => timeline.run(implementation),
            Self::Shrink(shrink) => shrink.run(graded),
            Self::Check(check) => check.run(),
            Self::Sweep(sweep) => sweep.run(implementation),
            Self::Merge(merge) => merge.run(),
            Self::Repeat(repeat) => repeat.run(),
            Self::Work => workers::work(&Suites { implementation }).map(|()| Verdict::Ok),
        }
    }
}
